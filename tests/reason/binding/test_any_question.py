"""A planner tries operations that a question does not mean: nothing else than asking may come."""

from pathlib import Path

import pytest

from havoc.errors import HavocError
from havoc.reading.question import read_question
from havoc.reason.binding import BINDERS, NeedsInput, bind
from havoc.reason.questions import read_questions

AUTHORS = sorted(Path("tests/questions").glob("author-*.jsonl"))


@pytest.mark.parametrize("path", AUTHORS, ids=lambda path: path.stem)
def test_no_binder_fails_otherwise(path: Path) -> None:
    for question in read_questions(path)[7::120]:
        reading = read_question(question.question)
        for operation in BINDERS:
            try:
                bind(operation, reading)
            except (NeedsInput, HavocError):
                continue
            except Exception as error:
                raise AssertionError(f"{operation} on {question.id}") from error
