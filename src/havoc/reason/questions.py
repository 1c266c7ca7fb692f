"""Labelled questions: reading them, and what class a label means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from havoc.errors import InputError
from havoc.reason.wording import STATUSES


class Question(msgspec.Struct, kw_only=True):
    """One line of a question file (``tests/questions/FORMAT.md``)."""

    id: str
    author: str
    question: str
    op: str | list[str] | None
    args: Any = None
    status: str
    context: dict[str, Any] | None = None

    @property
    def operations(self) -> list[str]:
        if self.op is None:
            return []
        return self.op if isinstance(self.op, list) else [self.op]

    @property
    def label(self) -> str:
        """The class that a planner should choose: an operation or a status."""
        if self.status in STATUSES:
            return self.status
        return self.operations[0] if self.operations else "unclear"


def read_questions(path: Path) -> list[Question]:
    """All questions of a JSONL file. Raises InputError naming file and line."""
    questions = []
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="check the path"
        ) from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                questions.append(msgspec.json.decode(line, type=Question, strict=False))
            except msgspec.DecodeError as error:
                raise InputError(str(error), where=f"{path}:{number}") from None
    return questions
