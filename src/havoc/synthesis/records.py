"""Records for fine-tuning a planner: a view of a question, and the call that answers it.

Every labelled question is a frame. It is written again with one to three variations, or with
the request of another question of the same operation before its data, or two of them one after
the other; the label stays. A frame whose plan could be carried out before must still be after:
a variation that destroys the data (or moves a limit away from its number) is thrown away, so
the truth of a record is what the tools accept, not what was meant.

Most records name the operation alone, which is what planning asks for. A share is answered
whole (``calls``): with a reason, the call and its slots, and what the answer shows of the result.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from havoc.errors import HavocError
from havoc.reading.question import Reading, read_question
from havoc.reading.view import question_slots
from havoc.reason.binding import BINDERS, bind
from havoc.reason.planner_prompt import planner_prompt, status_piece
from havoc.reason.questions import Question
from havoc.reason.wording import STATUSES
from havoc.synthesis.calls import answer_for, pointing_call, reason_for
from havoc.synthesis.variations import VARIATIONS
from havoc.tools import registry
from havoc.tools.facade import facade_of

JOINTS = (" and ", ". Also ", " then ", "; ", ". Second question: ", "\nand another one: ")
WHOLE = 0.15
"""Share of the variations that are answered whole too; what was typed always is."""
NAMED_DATA = re.compile(r"[:\n]")


@dataclass(slots=True)
class Coverage:
    """How many records there are of each operation (or status) and phenomenon."""

    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    frames: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    discarded: Counter[str] = field(default_factory=Counter)

    def add(self, other: Coverage) -> None:
        """Count what ``other`` has counted, too."""
        self.records += other.records
        self.frames += other.frames
        self.whole += other.whole
        self.discarded += other.discarded

    def rows(self) -> list[tuple[str, int, dict[str, int]]]:
        """(operation, frames, records by phenomenon), the fewest frames first."""
        return [
            (name, count, {p: n for (label, p), n in self.records.items() if label == name})
            for name, count in sorted(self.frames.items(), key=lambda item: (item[1], item[0]))
        ]


def completion_of(question: Question) -> list[dict[str, Any]] | None:
    """What the planner should write, as segments of a record; None for a label unknown here."""
    if question.label in STATUSES:
        return [{"text": status_piece(question.label)}]
    if not all(name in registry for name in question.operations):
        return None
    return [
        {"tool": {"tool": facade_of(name), "args": {"operation": name}}}
        for name in question.operations
    ]


def synthesize(
    questions: Sequence[Question],
    copies: int,
    seed: int,
    coverage: Coverage,
    *,
    part: int = 0,
    parts: int = 1,
) -> Iterator[dict[str, Any]]:
    """``copies`` records of every question, the first of them as it was typed.

    The same questions and seed give the same records, also where processes make a ``part`` of
    ``parts`` each. ``coverage`` counts them.
    """
    usable = [item for item in questions if completion_of(item) is not None]
    by_label: dict[str, list[Question]] = {}
    for item in usable:
        by_label.setdefault(item.label, []).append(item)
    first, last = (len(usable) * number // parts for number in (part, part + 1))
    for item in usable[first:last]:
        coverage.frames[item.label] += 1
        reading = read_question(item.question)
        executable = _executable(item, reading)
        record = _record(item, reading, "typed", [item.author], coverage)
        yield record
        if executable:
            yield from _answered_whole(item, reading, record, coverage)
        for number in range(1, copies):
            source = random.Random(f"{seed}/{number}/{item.id}")
            made = _varied(item, by_label, source)
            if made is None:
                continue
            varied, phenomenon, authors = made
            reading = read_question(varied.question)
            if executable and not _executable(varied, reading):
                coverage.discarded[phenomenon] += 1
                continue
            record = _record(varied, reading, phenomenon, authors, coverage)
            yield record
            if executable and source.random() < WHOLE:
                yield from _answered_whole(varied, reading, record, coverage)


def _varied(
    item: Question, by_label: Mapping[str, list[Question]], source: random.Random
) -> tuple[Question, str, list[str]] | None:
    """Another question with the same label, what was done, and whose wording is in it."""
    draw = source.random()
    if draw < 0.15 and item.status == "answered" and len(item.operations) == 1:
        other = source.choice(by_label[item.label])
        made = _recombined(item, other)
        return (_with(item, made), "recombined", [item.author, other.author]) if made else None
    if draw < 0.18 and item.status == "answered" and len(item.operations) == 1:
        other = source.choice(by_label[source.choice(sorted(by_label))])
        if other.status == "answered" and len(other.operations) == 1 and other.op != item.op:
            both = [item.author, other.author]
            return _joined(item, other, source), "two requests", both
    text, done = item.question, []
    for name in source.sample(sorted(VARIATIONS), k=source.choice((1, 2, 2, 3))):
        if name == "hostile" and source.random() < 0.7:
            continue
        changed = VARIATIONS[name](text, source)
        if changed is not None:
            text = changed
            done.append(name)
    return (_with(item, text), " + ".join(sorted(done)), [item.author]) if done else None


def _recombined(item: Question, other: Question) -> str | None:
    """The request of ``other`` before the data of ``item``, each cut at its first colon or line."""
    cut, theirs = NAMED_DATA.search(item.question), NAMED_DATA.search(other.question)
    if cut is None or theirs is None or item.id == other.id:
        return None
    data = item.question[cut.end() :].strip()
    request = other.question[: theirs.start()].strip()
    if len(request.split()) < 3 or not any(character.isdigit() for character in data):
        return None
    return f"{request}{theirs[0]} {data}"


def _joined(item: Question, other: Question, source: random.Random) -> Question:
    text = f"{item.question.rstrip(' .?!')}{source.choice(JOINTS)}{other.question}"
    return Question(
        id=item.id,
        author=item.author,
        question=text,
        op=[*item.operations, *other.operations],
        status="answered",
        context=item.context,
    )


def _with(item: Question, text: str) -> Question:
    return Question(
        id=item.id,
        author=item.author,
        question=text,
        op=item.op,
        args=item.args,
        status=item.status,
        context=item.context,
    )


def _executable(item: Question, reading: Reading) -> bool:
    """Whether the arguments of every labelled operation are found."""
    if item.status != "answered" or item.context:
        return False
    try:
        for name in item.operations:
            if name not in BINDERS:
                return False
            bind(name, reading)
    except HavocError:
        return False
    return True


def _record(
    item: Question, reading: Reading, phenomenon: str, authors: list[str], coverage: Coverage
) -> dict[str, Any]:
    """One line of train.jsonl. ``meta`` is not trained on: the text as it was read stands there."""
    coverage.records[item.label, phenomenon] += 1
    context = str((item.context or {}).get("op") or "")
    return {
        "id": item.id,
        "author": item.author,
        "slots": True,
        "prompt": planner_prompt(reading, context),
        "completion": completion_of(item),
        "meta": {
            "phenomenon": phenomenon,
            "authors": sorted(set(authors)),
            "question": reading.text,
            "before": context,
        },
    }


def _answered_whole(
    item: Question, reading: Reading, record: Mapping[str, Any], coverage: Coverage
) -> Iterator[dict[str, Any]]:
    """The record with reasons, calls that point at slots, and an answer; none where one cannot."""
    slots = question_slots(reading)
    segments: list[dict[str, Any]] = []
    answers = []
    for number, name in enumerate(item.operations, start=1):
        args = bind(name, reading).args
        call = pointing_call(name, args, slots)
        if call is None:
            return
        try:
            result = registry.execute(name, args)
        except (HavocError, ArithmeticError, ValueError):
            return
        segments += [{"reason": reason_for(call)}, {"tool": call}, {"result": result.fields()}]
        answers.append(answer_for(result, number))
    if not all(answers):
        return
    coverage.whole[item.label] += 1
    segments.append({"text": ". ".join(answers)})
    yield {**record, "completion": segments, "meta": {**record["meta"], "form": "whole"}}
