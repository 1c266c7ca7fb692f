"""Chart every characteristic of one wide file and say which are out of control.

havoc monitor wide.csv
havoc monitor wide.csv --rules limits --out summary.csv
havoc monitor wide.csv --kind xbar_r --subgroup-size 5 --columns width height
havoc monitor wide.csv --baseline 100 --json

One column a characteristic, one row a part or point in time, names in the first row. The
columns are read block by block, so that the file may be larger than the memory.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from havoc.errors import InputError
from havoc.files import write_atomic
from havoc.formatting import figure
from havoc.text import printable

if TYPE_CHECKING:
    from havoc.reading.wide_file import WideFile
    from havoc.tools.spc.monitoring import Characteristic, Watch

KINDS = ("i_mr", "xbar_r", "xbar_s", "ewma", "c")
SHOWN = 20
DEFAULT_MEMORY = 256
FIELDS = (
    "characteristic", "status", "n", "missing", "center", "lcl", "ucl", "sigma",
    "points_beyond_limits", "points", "spread_points_beyond_limits", "violations", "rules",
    "first_signal", "p_beyond", "stands_out", "reason",
)  # fmt: skip
# A cell that begins like this would be run as a formula by a spreadsheet.
_FORMULA = re.compile(r"[=+@\-\t\r]")
Step = Callable[[], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "havoc monitor FILE [options]"
    parser.add_argument("file", metavar="FILE", help="CSV or TSV, one column a characteristic")
    parser.add_argument("--kind", choices=KINDS, default="i_mr", help="chart (i_mr)")
    parser.add_argument(
        "--rules",
        nargs="+",
        default=["nelson"],
        metavar="RULE",
        help="nelson, western_electric, westgard, limits, or single rules such as 1 2 5 (nelson)",
    )
    parser.add_argument(
        "--columns", nargs="+", metavar="NAME", help="only these columns; * stands for anything"
    )
    parser.add_argument(
        "--subgroup-size", type=int, metavar="N", help="rows that form a subgroup (Xbar charts)"
    )
    parser.add_argument(
        "--baseline", type=int, metavar="N", help="only the first N rows or subgroups set limits"
    )
    parser.add_argument(
        "--n-sigma", type=float, default=3.0, metavar="X", help="distance of the limits (3)"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="write a line for every characteristic (CSV, or .json)"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument(
        "--memory",
        type=int,
        default=DEFAULT_MEMORY,
        metavar="MB",
        help=f"values held at once ({DEFAULT_MEMORY})",
    )
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a bar on standard error (if it is a terminal)",
    )


def execute(namespace: argparse.Namespace) -> int:
    from havoc.reading.wide_file import open_wide

    watch = _watch(namespace)
    if namespace.memory < 1:
        raise InputError(f"is {namespace.memory}", where="--memory", remedy="give 1 or more")
    file = open_wide(namespace.file)
    chosen = _chosen(file, namespace.columns)
    shown = sys.stderr.isatty() if namespace.progress is None else namespace.progress
    lines = _watched(file, chosen, watch, namespace.memory * 1_000_000, shown)
    if namespace.out:
        as_json = str(namespace.out).lower().endswith(".json")
        write_atomic(namespace.out, _as_json(lines) if as_json else _as_csv(lines))
    if namespace.json:
        print(
            msgspec.json.format(
                msgspec.json.encode(_summary(file, lines, watch)), indent=2
            ).decode()
        )
    else:
        print("\n".join(_report(file, lines, watch, namespace.out)))
    return 0


def _watch(namespace: argparse.Namespace) -> Watch:
    from havoc.tools.spc.monitoring import Watch
    from havoc.tools.spc.rules import rule_ids

    grouped = namespace.kind in ("xbar_r", "xbar_s")
    size = namespace.subgroup_size
    if grouped and size is None:
        raise InputError(
            f"{namespace.kind} needs it",
            where="--subgroup-size",
            remedy="such as --subgroup-size 5",
        )
    if size is not None and (size < 1 or namespace.kind in ("i_mr", "c")):
        raise InputError(
            f"{size} does not fit {namespace.kind}", where="--subgroup-size", remedy="leave it out"
        )
    if namespace.baseline is not None and namespace.baseline < 2:
        raise InputError(f"is {namespace.baseline}", where="--baseline", remedy="give 2 or more")
    if not 0 < namespace.n_sigma <= 10:
        raise InputError(f"is {namespace.n_sigma:g}", where="--n-sigma", remedy="give 3")
    named = namespace.rules
    single = len(named) == 1 and named[0] in ("nelson", "western_electric", "westgard", "limits")
    rules: str | list[int | str] = named[0] if single else list(named)
    rule_ids(rules)
    return Watch(
        kind=namespace.kind,
        rules=rules,
        subgroup_size=size,
        baseline=namespace.baseline,
        n_sigma=namespace.n_sigma,
    )


def _chosen(file: WideFile, patterns: Sequence[str] | None) -> list[int]:
    from fnmatch import fnmatchcase

    if not patterns:
        if not file.numeric:
            raise InputError(
                "has no column of numbers",
                where=str(file.path),
                remedy="give one column a characteristic, with its name in the first row",
            )
        return file.numeric
    found: list[int] = []
    for pattern in patterns:
        hits = [
            index
            for index, name in enumerate(file.names)
            if name == pattern or fnmatchcase(name, pattern)
        ]
        if not hits:
            import difflib

            near = difflib.get_close_matches(pattern, file.names[:20_000], n=3)
            raise InputError(
                f"there is no column {pattern!r}",
                where="--columns",
                remedy=f"did you mean {' or '.join(near)}?" if near else "see the first row",
            )
        found += [index for index in hits if index not in found]
    return found


def _watched(
    file: WideFile, chosen: Sequence[int], watch: Watch, memory: int, shown: bool
) -> list[Characteristic]:
    from havoc.tools.spc.monitoring import (
        Characteristic,
        mark_those_that_stand_out,
        watch_characteristic,
    )

    lines = []
    with _bar(len(chosen), shown) as step:
        for column in file.columns(chosen, memory):
            if column.fault:
                line = Characteristic(
                    name=column.name, status="not charted", n=0, missing=0, reason=column.fault
                )
            else:
                line = watch_characteristic(column.name, column.values, watch)
            lines.append(line)
            step()
    mark_those_that_stand_out(lines)
    return lines


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[Step]:
    """A progress bar on standard error, or nothing."""
    if not shown:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(file=sys.stderr)
    columns = (
        TextColumn("charting"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task("charting", total=total)
        yield lambda: progress.advance(task)


def _row(line: Characteristic) -> dict[str, Any]:
    return {
        "characteristic": line.name,
        "status": line.status,
        "n": line.n,
        "missing": line.missing,
        "center": line.center,
        "lcl": line.lcl,
        "ucl": line.ucl,
        "sigma": line.sigma,
        "points_beyond_limits": line.points_count,
        "points": line.points,
        "spread_points_beyond_limits": line.spread_points_count,
        "violations": line.violations,
        "rules": line.rules,
        "first_signal": line.first_signal,
        "p_beyond": line.p_beyond,
        "stands_out": line.stands_out,
        "reason": line.reason,
    }


def _as_csv(lines: Sequence[Characteristic]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
    writer.writeheader()
    for line in lines:
        row = _row(line)
        row["points"] = " ".join(map(str, line.points))
        row["rules"] = " ".join(f"{rule}:{count}" for rule, count in line.rules.items())
        for name in ("characteristic", "reason"):
            text = str(row[name])
            row[name] = f"'{text}" if _FORMULA.match(text) else text
        writer.writerow({key: "" if value is None else value for key, value in row.items()})
    return stream.getvalue().encode()


def _as_json(lines: Sequence[Characteristic]) -> bytes:
    return (
        msgspec.json.format(msgspec.json.encode([_row(line) for line in lines]), indent=1) + b"\n"
    )


def _counts(lines: Sequence[Characteristic]) -> dict[str, int]:
    states = ("in control", "out of control", "not charted")
    return {state: sum(line.status == state for line in lines) for state in states}


def _chance(lines: Sequence[Characteristic], watch: Watch) -> float | None:
    from havoc.tools.spc.monitoring import expected_false_alarms

    charted = sorted(line.n for line in lines if line.status != "not charted")
    return expected_false_alarms(charted[len(charted) // 2], watch) if charted else None


def _summary(file: WideFile, lines: Sequence[Characteristic], watch: Watch) -> dict[str, Any]:
    from havoc.tools.spc.monitoring import worst_first
    from havoc.tools.spc.rules import rule_ids

    counts = _counts(lines)
    return {
        "file": str(file.path),
        "kind": watch.kind,
        "rules": rule_ids(watch.rules),
        "rows": file.rows,
        "characteristics": len(lines),
        "in_control": counts["in control"],
        "out_of_control": counts["out of control"],
        "not_charted": counts["not charted"],
        "stand_out": sum(bool(line.stands_out) for line in lines),
        "signal_by_chance": _chance(lines, watch),
        "worst": [_row(line) for line in worst_first(lines)[:SHOWN]],
    }


def _report(
    file: WideFile, lines: Sequence[Characteristic], watch: Watch, out: str | None
) -> list[str]:
    from havoc.tools.spc.monitoring import worst_first

    counts = _counts(lines)
    out_of = counts["out of control"]
    text = [
        f"{out_of:,} of {len(lines):,} characteristics are out of control "
        f"({watch.kind} charts of {file.rows:,} rows, rules: {_rules_in_words(watch)})."
    ]
    if counts["not charted"]:
        text.append(f"{counts['not charted']:,} could not be charted:")
        faults = [line for line in lines if line.status == "not charted"]
        text += [f"  {_name(line.name)}: {printable(line.reason, 120)}" for line in faults[:5]]
        if len(faults) > 5:
            text.append(f"  and {len(faults) - 5:,} more")
    clear = sum(bool(line.stands_out) for line in lines)
    if watch.kind != "c":
        text.append(
            f"{clear:,} stand out (marked *): more points beyond the limits than chance explains."
        )
    chance = _chance(lines, watch)
    if chance is not None:
        text.append(
            f"By chance alone about {figure(100 * chance, '.0f')} % of stable characteristics "
            "would signal at least once within so many points."
        )
    worst = worst_first(lines)
    if worst:
        text += ["", *_table(worst[:SHOWN])]
        if len(worst) > SHOWN:
            more = f"and {len(worst) - SHOWN:,} more"
            text.append(f"{more}, all of them in {out}" if out else f"{more}; --out FILE lists all")
    if out:
        text += ["", f"Every characteristic: {printable(str(out))}"]
    return text


def _rules_in_words(watch: Watch) -> str:
    if isinstance(watch.rules, str):
        return watch.rules.replace("_", " ")
    return " ".join(map(str, watch.rules))


def _name(text: str) -> str:
    return printable(text, 40)


def _table(lines: Sequence[Characteristic]) -> list[str]:
    header = ("characteristic", "n", "center", "LCL", "UCL", "beyond", "first at", "rules")
    rows = [
        (
            _name(line.name) + (" *" if line.stands_out else ""),
            str(line.n),
            *(
                "" if value is None else figure(value)
                for value in (line.center, line.lcl, line.ucl)
            ),
            str(line.points_count),
            "" if line.first_signal is None else str(line.first_signal),
            " ".join(f"{_short(rule)}x{count}" for rule, count in line.rules.items()),
        )
        for line in lines
    ]
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    text = []
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if i in (0, len(row) - 1) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
    text.insert(1, "  ".join("-" * width for width in widths))
    return text


def _short(rule: str) -> str:
    return rule.replace("nelson_", "N").replace("western_electric_", "WE").replace("westgard_", "")
