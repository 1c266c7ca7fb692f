"""Questions about files with a million rows: time and peak memory.

    python benchmarks/large_data.py

Each question is asked through the command line, process start included. Beside it
runs what an analyst would write by hand: pandas.read_csv and one call of numpy or
scipy. The two figures are compared, so a fast wrong answer cannot pass. `havoc`
does more for its time: it reads any layout, checks assumptions, runs
counter-analyses, recomputes and draws.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from table import print_table

ROWS = 1_000_000
SEED = 20


class Case(NamedTuple):
    name: str
    question: str
    file: str
    operation: str
    quantity: str
    by_hand: str
    """Python that has the frame ``d`` and sets ``figure``."""


CASES = (
    Case(
        "summary",
        "Summarise the diameter",
        "bore.csv",
        "describe",
        "sd",
        "figure = d.diameter.std(); d.diameter.describe()",
    ),
    Case(
        "two samples",
        "Is line B thicker than line A?",
        "lines.csv",
        "t_test_two_sample",
        "t",
        "from scipy import stats; figure = stats.ttest_ind(d.A, d.B, equal_var=False).statistic",
    ),
    Case(
        "four groups",
        "Does the thickness differ between the machines?",
        "machines.csv",
        "anova_one_way",
        "F",
        "from scipy import stats; "
        "figure = stats.f_oneway(*(g.thickness for _, g in d.groupby('machine'))).statistic",
    ),
    Case(
        "individuals chart, capability",
        "Is the process in control and capable? LSL 9.5, USL 10.5",
        "bore.csv",
        "capability",
        "Cpk",
        "x = d.diameter; s = x.diff().abs().mean() / 1.128; "
        "figure = min(10.5 - x.mean(), x.mean() - 9.5) / 3 / s",
    ),
    Case(
        "subgroups of five, capability",
        "Is the process in control and capable? LSL 9.5, USL 10.5",
        "subgroups.csv",
        "capability",
        "Cpk",
        "x = d.filter(like='x').to_numpy(); s = np.ptp(x, axis=1).mean() / 2.325928947; "
        "figure = min(10.5 - x.mean(), x.mean() - 9.5) / 3 / s",
    ),
)


# Both run in processes of their own: the peak memory of a child starts at what its
# parent holds, so this process must stay small.
QUANTITY = """
import json, sys
calls = json.load(open(sys.argv[1]))["tool_calls"]
print(next(call["result"][sys.argv[3]] for call in calls if call["operation"] == sys.argv[2]))
"""


def write_files(folder: Path) -> None:
    """A million measured values in each of four layouts, to four decimals."""
    import numpy as np
    import pandas as pd

    source = np.random.default_rng(SEED)
    bore = source.normal(10, 0.1, ROWS).round(4)
    pd.DataFrame({"diameter": bore}).to_csv(folder / "bore.csv", index=False)
    lines = {"A": source.normal(12, 0.2, ROWS), "B": source.normal(12.001, 0.2, ROWS)}
    pd.DataFrame(lines).round(4).to_csv(folder / "lines.csv", index=False)
    machines = {"machine": source.choice(list("KLMN"), ROWS), "thickness": bore}
    pd.DataFrame(machines).to_csv(folder / "machines.csv", index=False)
    subgroups = pd.DataFrame(bore.reshape(-1, 5), columns=["x1", "x2", "x3", "x4", "x5"])
    subgroups.insert(0, "subgroup", range(1, len(subgroups) + 1))
    subgroups.to_csv(folder / "subgroups.csv", index=False)


def measured(command: list[str], output: Path) -> tuple[float, float]:
    """Seconds and peak MiB of a command, which writes to ``output``."""
    with output.open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=stream)
        _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:4])} … ended with {process.returncode}")
    scale = 1024 if sys.platform != "darwin" else 1024 * 1024
    return elapsed, usage.ru_maxrss / scale


def run(*arguments: str) -> str:
    """What a Python process prints."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def row(case: Case, folder: Path) -> tuple[str, ...]:
    path, output = folder / case.file, folder / "output"
    by_hand = (
        f"import numpy as np, pandas as pd; d = pd.read_csv({str(path)!r})\n"
        f"{case.by_hand}\nprint(repr(float(figure)))"
    )
    hand_seconds, hand_memory = measured([sys.executable, "-c", by_hand], output)
    expected = float(output.read_text())
    ask = [sys.executable, "-m", "havoc", "ask", case.question, "--data", str(path)]
    seconds, memory = measured(ask, output)
    measured([*ask, "--json"], output)
    found = float(run("-c", QUANTITY, str(output), case.operation, case.quantity))
    agrees = abs(found - expected) <= 1e-6 * abs(expected)
    return (
        case.name,
        f"{seconds:.1f}",
        f"{memory:.0f}",
        f"{hand_seconds:.1f}",
        f"{hand_memory:.0f}",
        f"{case.quantity} {'agrees' if agrees else f'DIFFERS: {found} and {expected}'}",
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(__file__, "--write", name)
        rows = [row(case, folder) for case in CASES]
    print_table(
        f"Questions about a CSV file of {ROWS:,} values a column, process start included",
        ("", "havoc [s]", "peak [MiB]", "by hand [s]", "peak [MiB]", "figure"),
        rows,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write_files(Path(sys.argv[2]))
    else:
        main()
