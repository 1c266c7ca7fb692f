"""How many questions are answered right, by author.

    python benchmarks/questions.py [--planner rules|model|auto ...]
    python benchmarks/questions.py --arguments [--authors uvwxyz]

The reference questions carry figures and are answered end to end. The labelled
questions are planned: "operation" counts the right method or the right refusal,
"whole plan" also every labelled argument. Wording weights, network and choice were
learned from authors a to q, so their scores say how well the rest works; authors r
and s were read by nobody and trained on by nothing, t to z trained on by nothing so
far. What is reached with each of the others left out comes from ``python
benchmarks/train_choice.py --check``. With ``--arguments`` the operation is given, and
what is counted is whether the tool accepts what the binders read, and all of it is right.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from table import print_table

from havoc.errors import HavocError
from havoc.eval.plans import plan_matches
from havoc.eval.questions import Score, evaluate_author, evaluate_reference
from havoc.reading.question import read_question
from havoc.reading.turns import merge
from havoc.reason.planner import bind_all
from havoc.reason.planners import PLANNERS, planner_of
from havoc.reason.questions import read_questions
from havoc.tools import registry

TESTS = Path(__file__).resolve().parent.parent / "tests"
AUTHORS = "abcdefghijklmnopqrstuvwxyz"
HELD_OUT = "rstuvwxyz"


def shown(score: Score) -> str:
    low, high = score.interval
    return f"{100 * score.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def arguments_of(author: str) -> tuple[Score, Score]:
    """Accepted by the tool, and right as a whole, where the operation is known."""
    questions = [
        question
        for question in read_questions(TESTS / "questions" / f"author-{author}.jsonl")
        if question.status == "answered" and len(question.operations) == 1
    ]
    accepted = whole = 0
    for question in questions:
        reading = read_question(question.question)
        earlier = (question.context or {}).get("question")
        if isinstance(earlier, str):
            reading = merge(reading, read_question(earlier))
        plan = bind_all(question.operations, reading, [])
        try:
            for binding in plan.bindings:
                registry.execute(binding.operation, binding.args)
        except HavocError:
            continue
        if plan.outcome == "execute":
            accepted += 1
            whole += plan_matches(plan, question)
    names = (("accepted", accepted), ("whole", whole))
    first, second = (Score(name=name, right=n, total=len(questions)) for name, n in names)
    return first, second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--planner", nargs="+", choices=PLANNERS, default=["rules", "auto"])
    parser.add_argument("--authors", default=AUTHORS)
    parser.add_argument("--arguments", action="store_true", help="the operation is given")
    arguments = parser.parse_args()
    if arguments.arguments:
        scores = [(author, *arguments_of(author)) for author in arguments.authors]
        print_table(
            "Arguments of a known operation, with the 95 % interval",
            ("author", "questions", "accepted by the tool", "whole"),
            [(author, a.total, shown(a), shown(w)) for author, a, w in scores],
        )
        return
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
