"""Control charts of long and wide data: time beside plain Python and numpy by hand.

    python benchmarks/spc_speed.py

The I-MR chart with all eight Nelson rules runs over a million points; beside it a plain Python
loop that does the same point by point (mean, moving range, limits, rules), as it is written when
nobody thinks of arrays. Hotelling's T² of 100,000 observations of ten characteristics runs beside
the few lines of numpy that an analyst writes. The figures are compared, so a fast wrong answer
cannot pass. Every time is measured several times in turn; the ratio is that of the medians, with
the smallest and largest ratio of single rounds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from table import print_table

from havoc.tools import registry

POINTS = 1_000_000
OBSERVATIONS, CHARACTERISTICS = 100_000, 10
WIDE_COLUMNS, WIDE_ROWS = 10_000, 500
ROUNDS = 5
PEER_ROUNDS = 3
SEED = 20


def plain_individuals_chart(values: list[float]) -> dict[int, int]:
    """Points at which each Nelson rule fires on the I chart, one loop over the points."""
    n = len(values)
    center = sum(values) / n
    moving = [abs(values[i] - values[i - 1]) for i in range(1, n)]
    sigma = sum(moving) / len(moving) / 1.128
    fired = dict.fromkeys(range(1, 9), 0)
    for i in range(n):
        z = (values[i] - center) / sigma
        if abs(z) > 3:
            fired[1] += 1
        if i >= 8:
            last = values[i - 8 : i + 1]
            if all(v > center for v in last) or all(v < center for v in last):
                fired[2] += 1
        if i >= 5:
            last = values[i - 5 : i + 1]
            rising = all(last[j] > last[j - 1] for j in range(1, 6))
            if rising or all(last[j] < last[j - 1] for j in range(1, 6)):
                fired[3] += 1
        if i >= 13:
            last = values[i - 13 : i + 1]
            if all((last[j] - last[j - 1]) * (last[j - 1] - last[j - 2]) < 0 for j in range(2, 14)):
                fired[4] += 1
        for rule, needed, window, distance in ((5, 2, 3, 2), (6, 4, 5, 1)):
            last = values[max(i - window + 1, 0) : i + 1]
            for sign in (1, -1):
                beyond = [sign * (v - center) > distance * sigma for v in last]
                if beyond[-1] and sum(beyond) >= needed:
                    fired[rule] += 1
        if i >= 14:
            last = values[i - 14 : i + 1]
            if all(abs(v - center) < sigma for v in last):
                fired[7] += 1
        if i >= 7:
            last = values[i - 7 : i + 1]
            if all(abs(v - center) > sigma for v in last):
                fired[8] += 1
    return fired


def fired_by_havoc(values: list[float]) -> dict[int, int]:
    """The same counts out of the rules of havoc (its result counts groups of points)."""
    from havoc.tools.spc.detectors import RULES, PlottedSeries

    data = np.asarray(values)
    sigma = float(np.abs(np.diff(data)).mean()) / 1.128
    z = (data - data.mean()) / sigma
    series = PlottedSeries(z=z, above=z > 3, below=z < -3, tolerance=1e-9)
    return {
        rule: sum(int(track.fires.sum()) for track in RULES[f"nelson_{rule}"].detect(series))
        for rule in range(1, 9)
    }


def t2_by_hand(values: np.ndarray) -> tuple[float, float]:
    centred = values - values.mean(axis=0)
    inverse = np.linalg.inv(np.cov(values, rowvar=False))
    statistic = np.sum((centred @ inverse) * centred, axis=1)
    from scipy import stats

    m, p = values.shape
    limit = (m - 1) ** 2 / m * stats.beta.isf(0.00135, p / 2, (m - p - 1) / 2)
    return float(statistic.max()), float(limit)


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ratio(ours: list[float], peer: list[float]) -> str:
    pairs = [other / own for own, other in zip(ours, peer, strict=False)]
    middle = statistics.median(peer) / statistics.median(ours)
    return f"{middle:.1f} ({min(pairs):.1f} to {max(pairs):.1f})"


def spread(times: list[float]) -> str:
    return f"{statistics.median(times):.3f} ({min(times):.3f} to {max(times):.3f})"


def individuals() -> tuple[str, ...]:
    values = np.random.default_rng(SEED).normal(10, 1, POINTS).tolist()
    request = {"kind": "i_mr", "data": values, "rules": "nelson"}
    registry.execute("control_chart", {"kind": "i_mr", "data": values[:100]})
    ours, peer = [], []
    expected: dict[int, int] = {}
    for round_ in range(ROUNDS):
        ours.append(seconds(lambda: registry.execute("control_chart", request)))
        if round_ < PEER_ROUNDS:
            started = time.perf_counter()
            expected = plain_individuals_chart(values)
            peer.append(time.perf_counter() - started)
    agrees = fired_by_havoc(values) == expected
    return (
        f"I-MR, all Nelson rules, {POINTS:,} points",
        spread(ours),
        spread(peer),
        ratio(ours, peer),
        "agree" if agrees else "DIFFER",
    )


def hotelling() -> tuple[str, ...]:
    values = np.random.default_rng(SEED).normal(size=(OBSERVATIONS, CHARACTERISTICS))
    columns = {f"x{i}": column.tolist() for i, column in enumerate(values.T)}
    request = {"kind": "t2", "columns": columns}
    tool = registry.get("control_chart")
    whole, ours, peer = [], [], []
    found: Any = None
    expected = (0.0, 0.0)
    for _ in range(ROUNDS):
        whole.append(seconds(lambda: registry.execute("control_chart", request)))
        started = time.perf_counter()
        found = tool.function(**request)
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        expected = t2_by_hand(np.column_stack(list(columns.values())))
        peer.append(time.perf_counter() - started)
    agrees = np.allclose((max(found.t2), found.ucl), expected, rtol=1e-4)
    return (
        f"T², {OBSERVATIONS:,} x {CHARACTERISTICS} (numpy by hand)",
        f"{spread(ours)}; as a call {statistics.median(whole):.3f}",
        spread(peer),
        ratio(ours, peer),
        "agree" if agrees else "DIFFER",
    )


def wide() -> None:
    """``havoc monitor`` in a process of its own, for its peak memory."""
    source = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as name:
        path, out = Path(name) / "wide.csv", Path(name) / "summary.csv"
        with path.open("w") as file:
            file.write(",".join(f"c{i}" for i in range(WIDE_COLUMNS)) + "\n")
            for row in range(WIDE_ROWS):
                values = source.normal(10, 1, WIDE_COLUMNS)
                # one column in a hundred shifts half way
                values[::100] += 3.0 * (row >= WIDE_ROWS // 2)
                file.write(",".join(f"{value:.4f}" for value in values) + "\n")
        rows = []
        for memory in (256, 32):
            command = [sys.executable, "-m", "havoc", "monitor", str(path), "--out", str(out)]
            with subprocess.Popen(
                [*command, "--memory", str(memory)], stdout=subprocess.PIPE, text=True
            ) as process:
                started = time.perf_counter()
                assert process.stdout is not None
                printed = process.stdout.read()
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            elapsed = time.perf_counter() - started
            if process.returncode:
                raise SystemExit("havoc monitor failed")
            scale = 1024 if sys.platform != "darwin" else 1024 * 1024
            marked = printed.splitlines()[1].split(" stand out")[0]
            rows.append(
                (
                    f"--memory {memory}",
                    f"{elapsed:.1f}",
                    f"{WIDE_COLUMNS / elapsed:,.0f}",
                    f"{usage.ru_maxrss / scale:.0f}",
                    f"{marked} ({WIDE_COLUMNS // 100} shifted)",
                )
            )
        size = path.stat().st_size / 1e6
    print_table(
        f"havoc monitor: {WIDE_COLUMNS:,} characteristics of {WIDE_ROWS} rows ({size:.0f} MB), "
        "all Nelson rules, process start included",
        ("", "seconds", "charts a second", "peak [MiB]", "stand out"),
        rows,
    )


def main() -> None:
    print_table(
        f"Medians of {ROUNDS} rounds ({PEER_ROUNDS} of plain Python), with the range",
        ("", "havoc [s]", "peer [s]", "times faster", "figures"),
        (individuals(), hotelling()),
    )
    print()
    wide()


if __name__ == "__main__":
    main()
