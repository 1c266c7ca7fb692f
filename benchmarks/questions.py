"""How many questions are answered right, by author.

    python benchmarks/questions.py [--planner rules|model|auto ...]

The reference questions carry figures and are answered end to end. The labelled
questions are planned: "operation" counts the right method or the right refusal,
"whole plan" also every labelled argument. Wording weights, network and choice were
learned from authors a to q, so their scores say how well the rest works; authors r
and s were read by nobody and trained on by nothing. What is reached with each of the
others left out comes from ``python benchmarks/train_choice.py --check``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from table import print_table

from havoc.eval.questions import Score, evaluate_author, evaluate_reference
from havoc.reason.planners import PLANNERS, planner_of

TESTS = Path(__file__).resolve().parent.parent / "tests"
AUTHORS = "abcdefghijklmnopqrstuvwxyz"
HELD_OUT = "rstuvwxyz"


def shown(score: Score) -> str:
    low, high = score.interval
    return f"{100 * score.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--planner", nargs="+", choices=PLANNERS, default=["rules", "auto"])
    parser.add_argument("--authors", default=AUTHORS)
    arguments = parser.parse_args()
    for name in arguments.planner:
        planner = planner_of(name)
        reference, _ = evaluate_reference(TESTS / "reference" / "questions.jsonl", planner)
        rows = [
            ("reference questions", "seen in development", reference.total, shown(reference), "")
        ]
        for author in arguments.authors:
            # The list of wrong answers is dropped: that of the held-out authors stays unread.
            path = TESTS / "questions" / f"author-{author}.jsonl"
            operation, whole, _ = evaluate_author(path, planner)
            kind = "held out" if author in HELD_OUT else "trained on"
            rows.append((f"author {author}", kind, operation.total, shown(operation), shown(whole)))
        print_table(
            f"Planner {name}: right, with the 95 % interval (reference: figures end to end)",
            ("", "", "questions", "operation or answer", "whole plan"),
            rows,
        )


if __name__ == "__main__":
    main()
