"""Text from tokens as they come: no half character, nothing after a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from typing import Protocol


class Pieces(Protocol):
    """A vocabulary that knows the bytes of its ids, and which are control ids."""

    def piece_bytes(self, number: int) -> bytes: ...
    def control_name(self, number: int) -> str | None: ...


class TextStream:
    """The text of a growing list of ids, handed out in whole characters.

    With ``stop`` the text ends before the first of these strings; what may be the beginning of
    one is held back until that is clear. Control ids are left out, or with ``control`` shown by
    name. Bytes that are no UTF-8 appear as U+FFFD.
    """

    def __init__(self, pieces: Pieces, stop: Sequence[str] = (), *, control: bool = False) -> None:
        self._pieces = pieces
        self._stop = tuple(stop)
        self._control = control
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""
        self.stopped = False

    def push(self, ids: Iterable[int]) -> str:
        """The new text that ``ids`` make certain."""
        if self.stopped:
            return ""
        text = "".join(map(self._text, ids))
        return self._cut(text, last=False) if self._stop else text

    def finish(self) -> str:
        """What was held back."""
        if self.stopped:
            return ""
        return self._cut(self._decoder.decode(b"", final=True), last=True)

    def _text(self, number: int) -> str:
        name = self._pieces.control_name(number)
        if name is None:
            return self._decoder.decode(self._pieces.piece_bytes(number))
        # a control id ends a character that was begun
        return self._decoder.decode(b"", final=True) + (name if self._control else "")

    def _cut(self, new: str, *, last: bool) -> str:
        text = self._held + new
        found = [place for place in (text.find(stop) for stop in self._stop) if place >= 0]
        if found:
            self.stopped = True
            self._held = ""
            return text[: min(found)]
        keep = 0 if last else max((_overlap(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of ``text`` may be the beginning of ``stop``."""
    for size in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0
