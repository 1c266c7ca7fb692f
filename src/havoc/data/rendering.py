"""Conversations as ids, with a mask of what the assistant writes.

``<bos><system>…<user>…<assistant>…<eos>``, and ``<user>…<assistant>…<eos>`` again for each
further exchange. Reasons, calls and results stand between their opening and closing ids.
A result stands within the assistant's turn, which goes on after it. Control ids come from
the structure alone: no text of a record makes one, except slots where the record says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from havoc.data.record_syntax import Preference, Record, Turn
from havoc.data.tokens import Tokenizer


class RecordTokenizer(Tokenizer, Protocol):
    """A tokenizer that also knows the control ids by name, and slots in a text."""

    @property
    def special(self) -> Mapping[str, int]: ...

    def encode(self, text: str, *, slots: bool = False) -> list[int]: ...


@dataclass(slots=True)
class Rendered:
    """``ids`` and, for each, whether the assistant writes it (and the loss counts it)."""

    ids: list[int] = field(default_factory=list)
    loss: list[bool] = field(default_factory=list)

    def add(self, ids: Sequence[int], *, loss: bool) -> None:
        """Append ids that all are, or all are not, the assistant's."""
        self.ids += ids
        self.loss += [loss] * len(ids)


def render(record: Record, tokenizer: RecordTokenizer) -> Rendered:
    """The whole record; the loss counts every turn of the assistant."""
    return _render(record.turns, tokenizer, record.slots, learned=range(len(record.turns)))


def question(text: str, tokenizer: RecordTokenizer) -> list[int]:
    """The ids after which the assistant answers ``text``."""
    return [
        tokenizer.bos,
        tokenizer.special["<user>"],
        *tokenizer.encode(text),
        tokenizer.special["<assistant>"],
    ]


def render_pair(preference: Preference, tokenizer: RecordTokenizer) -> tuple[Rendered, Rendered]:
    """The conversation with the chosen and the rejected answer; the loss counts those alone."""
    last = len(preference.turns)
    chosen, rejected = (
        _render((*preference.turns, answer), tokenizer, preference.slots, learned=(last,))
        for answer in (preference.chosen, preference.rejected)
    )
    return chosen, rejected


def _render(
    turns: Sequence[Turn], tokenizer: RecordTokenizer, slots: bool, learned: Sequence[int]
) -> Rendered:
    out = Rendered()
    out.add([tokenizer.bos], loss=False)
    for number, turn in enumerate(turns):
        continues = number > 0 and turns[number - 1].role == "tool"
        if turn.role != "tool" and not continues:
            out.add([tokenizer.special[f"<{turn.role}>"]], loss=False)
        loss = number in learned and turn.role == "assistant"
        for segment in turn.segments:
            ids = tokenizer.encode(segment.text, slots=slots)
            if segment.kind != "text":
                opening, closing = f"<{segment.kind}>", f"</{segment.kind}>"
                ids = [tokenizer.special[opening], *ids, tokenizer.special[closing]]
            out.add(ids, loss=loss and segment.kind != "result")
        interrupted = number + 1 < len(turns) and turns[number + 1].role == "tool"
        if turn.role == "assistant" and not interrupted:
            out.add([tokenizer.eos], loss=loss)
    return out
