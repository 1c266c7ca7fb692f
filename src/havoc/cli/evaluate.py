"""Measure the analyst on question sets.

havoc eval questions                         # the reference questions, end to end
havoc eval questions --authors tests/questions/author-a.jsonl tests/questions/author-b.jsonl
"""

from __future__ import annotations

import argparse
from pathlib import Path

from havoc.cli.ask import PLANNERS
from havoc.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("set", choices=("questions",), help="what to measure")
    parser.add_argument(
        "--reference",
        default="tests/reference/questions.jsonl",
        help="reference questions with figures (default: %(default)s)",
    )
    parser.add_argument(
        "--authors",
        nargs="*",
        metavar="JSONL",
        help="labelled questions by author (default: all in tests/questions)",
    )
    parser.add_argument(
        "--planner", choices=PLANNERS, default=PLANNERS[0], help="what plans (default: %(default)s)"
    )
    parser.add_argument(
        "--wrong", action="store_true", help="list what was wrong, but for the held-out authors"
    )


HELD_OUT = tuple(f"author-{name}" for name in "rstuvwxyz")


def _note(name: str) -> str:
    """Whether the wording weights have seen the author."""
    if not name.startswith("author-"):
        return ""
    return " (held out)" if name.startswith(HELD_OUT) else " (trained on)"


def execute(namespace: argparse.Namespace) -> int:
    from havoc.eval import evaluate_questions
    from havoc.reason.planners import planner_of

    reference = Path(namespace.reference)
    if not reference.exists():
        raise InputError(
            "there is no such file",
            where=str(reference),
            remedy="run it in a checkout, or give --reference",
        )
    authors = namespace.authors
    if authors is None:
        authors = sorted(reference.parent.parent.glob("questions/author-*.jsonl"))
    report = evaluate_questions(
        reference, [Path(path) for path in authors], planner=planner_of(namespace.planner)
    )
    for score in report.scores:
        low, high = score.interval
        name = f"{score.name}{_note(score.name)}"
        print(
            f"{name:44} {score.right:5} of {score.total:5}  {100 * score.share:5.1f} %"
            f"  (95 % interval {100 * low:.1f} to {100 * high:.1f})"
        )
    if namespace.wrong:
        print()
        for line in report.wrong:
            if not line.startswith(tuple(name[-1] for name in HELD_OUT)):
                print(line)
    return 0
