"""Records as ids, with a mask of what the assistant writes (see ``tokenizer.conversation``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from havoc.data.record_syntax import Preference, Record
from havoc.data.tokens import Tokenizer
from havoc.tokenizer.conversation import Turn, parts


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
    for part in parts(turns, tokenizer, slots=slots):
        by_assistant = part.turn in learned and turns[part.turn].role == "assistant"
        out.add(part.ids, loss=part.written and by_assistant)
    return out
