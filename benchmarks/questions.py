"""How many questions are answered right, by author.

    python benchmarks/questions.py

The reference questions carry figures and are answered end to end. The labelled
questions are planned: "operation" counts the right method or the right refusal,
"whole plan" also every labelled argument. The wording weights were learned from
authors a to e and g, so their scores say how well the rest works; author f was read
by nobody and trained on by nothing. For authors a to e the score of the wording alone
with the author left out comes from ``python benchmarks/train_wording.py --check``.
"""

from __future__ import annotations

from pathlib import Path

from table import print_table

from havoc.eval.questions import Score, evaluate_author, evaluate_reference

TESTS = Path(__file__).resolve().parent.parent / "tests"
AUTHORS = "abcdegf"
HELD_OUT = "f"


def shown(score: Score) -> str:
    low, high = score.interval
    return f"{100 * score.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def main() -> None:
    reference, _ = evaluate_reference(TESTS / "reference" / "questions.jsonl")
    rows = [("reference questions", "seen in development", reference.total, shown(reference), "")]
    for author in AUTHORS:
        # The list of wrong answers is dropped: that of the held-out author stays unread.
        operation, whole, _ = evaluate_author(TESTS / "questions" / f"author-{author}.jsonl")
        kind = "held out" if author == HELD_OUT else "trained on"
        rows.append((f"author {author}", kind, operation.total, shown(operation), shown(whole)))
    print_table(
        "Questions right, with the 95 % interval (reference: figures end to end)",
        ("", "", "questions", "operation or answer", "whole plan"),
        rows,
    )


if __name__ == "__main__":
    main()
