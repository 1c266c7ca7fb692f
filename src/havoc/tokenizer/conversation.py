"""Conversations as ids: the one template, for training records and for asking.

``<bos><system>…<user>…<assistant>…<eos>``, and ``<user>…<assistant>…<eos>`` again for each
further exchange. Reasons, calls and results stand between their opening and closing ids.
A result stands within the assistant's turn, which goes on after it. Control ids come from
the structure alone: no text makes one, except slots where the caller says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from havoc.errors import InputError

ROLES = ("system", "user", "assistant", "tool")
FOLLOWERS: dict[str | None, tuple[str, ...]] = {
    None: ("system", "user"),
    "system": ("user",),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("tool", "assistant"),
}
"""Which roles may follow which; None is the start."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of what is said: ``text``, or what stands between ``<kind>`` and ``</kind>``."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What one role says. Only an assistant's turn has segments of other kinds than text."""

    role: str
    segments: tuple[Segment, ...]


class Template(Protocol):
    """What the template needs of a vocabulary."""

    @property
    def bos(self) -> int: ...
    @property
    def eos(self) -> int: ...
    @property
    def special(self) -> Mapping[str, int]: ...

    def encode(self, text: str, *, slots: bool = False) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Part:
    """Ids that belong together: of ``turn`` (by number), written by its role or put around."""

    ids: list[int]
    turn: int
    written: bool


def parts(turns: Sequence[Turn], template: Template, *, slots: bool = False) -> Iterator[Part]:
    """The ids of a conversation in order, each with whether its role writes it.

    The assistant writes its segments, with the ids around them, and ``<eos>``; results are
    written by the program.
    """
    yield Part([template.bos], 0, False)
    for number, turn in enumerate(turns):
        continues = number > 0 and turns[number - 1].role == "tool"
        if turn.role != "tool" and not continues:
            yield Part([template.special[f"<{turn.role}>"]], number, False)
        for segment in turn.segments:
            ids = template.encode(segment.text, slots=slots)
            if segment.kind != "text":
                opening, closing = f"<{segment.kind}>", f"</{segment.kind}>"
                ids = [template.special[opening], *ids, template.special[closing]]
            yield Part(ids, number, segment.kind != "result")
        interrupted = number + 1 < len(turns) and turns[number + 1].role == "tool"
        if turn.role == "assistant" and not interrupted:
            yield Part([template.eos], number, True)


def check_follows(before: str | None, role: str, where: str) -> None:
    """InputError unless a message by ``role`` may follow one by ``before`` (None: the start)."""
    allowed = FOLLOWERS[before]
    if role not in allowed:
        after = f"follows {before}" if before else "comes first"
        raise InputError(
            f"a message by {role} {after}",
            where=where,
            remedy=f"expected here: {' or '.join(allowed)}",
        )


def prompt_ids(turns: Sequence[Turn], template: Template, *, slots: bool = False) -> list[int]:
    """The ids after which the assistant goes on. InputError where it is not its turn."""
    before: str | None = None
    for number, turn in enumerate(turns):
        check_follows(before, turn.role, f"messages[{number}]")
        before = turn.role
    if before not in ("user", "tool"):
        raise InputError(
            "the conversation does not wait for the assistant",
            where="messages",
            remedy="end with what the user says, or with the result of a tool",
        )
    ids = [number for part in parts(turns, template, slots=slots) for number in part.ids]
    return ids if before == "tool" else [*ids, template.special["<assistant>"]]
