"""How long a small question takes, process start included.

    python benchmarks/start_time.py             # 9 pairs after a warm-up
    python benchmarks/start_time.py --repeats 21

Measured beside ``python -c "import scipy.stats, pandas"``, which an analyst's own
script pays before its first line. The two commands alternate, so that both meet the
same load; the ratio is taken pair by pair. The aim is a median ratio of at most 1.5.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

from table import print_table

QUESTION = "Is line B thicker than line A?  A: 12.1 12.3 11.9 12.0  B: 12.8 12.6 13.0 12.7"
ASK = [sys.executable, "-m", "havoc", "ask", QUESTION]
IMPORT = [sys.executable, "-c", "import scipy.stats, pandas"]
TARGET = 1.5


def timed(command: list[str]) -> tuple[float, float]:
    """Wall-clock and processor seconds of one run of a command."""
    before = os.times()
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    after = os.times()
    processor = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return wall, processor


def spread(values: list[float], digits: int = 2) -> str:
    """Median and range."""
    return (
        f"{statistics.median(values):.{digits}f}  "
        f"({min(values):.{digits}f} to {max(values):.{digits}f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9, help="pairs of runs (default: 9)")
    repeats = max(parser.parse_args().repeats, 1)
    timed(IMPORT)
    timed(ASK)
    pairs = [(timed(IMPORT), timed(ASK)) for _ in range(repeats)]
    rows = [
        (name, *(spread([pair[position][kind] for pair in pairs]) for kind in (0, 1)))
        for position, name in enumerate(('python -c "import scipy.stats, pandas"', "havoc ask"))
    ]
    ratios = [[ask[kind] / imports[kind] for imports, ask in pairs] for kind in (0, 1)]
    rows.append(("ratio, pair by pair", *(spread(values) for values in ratios)))
    print_table(
        f"Start to answer, {repeats} pairs: median (least to most)",
        ("", "elapsed [s]", "processor [s]"),
        rows,
    )
    met = statistics.median(ratios[0]) <= TARGET
    print(f"aim: at most {TARGET} elapsed: {'met' if met else 'missed'}")


if __name__ == "__main__":
    main()
