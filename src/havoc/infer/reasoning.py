"""What a network writes, taken apart while it writes: reasons, calls, results, text.

The ids of ``havoc.tokenizer.special`` open and close segments. Segments do not overlap; a
strategy (``<falsify>…</falsify>``) may also stand within a reason or ``[thinking]``. Where the
network breaks these rules the parser says so and goes on, and guesses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from havoc.infer.streaming import Pieces, TextStream
from havoc.tokenizer.special import NAMES, RESERVED, SPECIAL, STRATEGIES

SEGMENTS = ("reason", "tool", "result", "advocate", "attack", "pragmatist", "thinking")


def _names() -> tuple[dict[int, str], dict[int, str]]:
    """What each id opens, and what each id closes."""
    opens = {SPECIAL[f"<{name}>"]: name for name in (*SEGMENTS[:-1], *STRATEGIES)}
    closes = {SPECIAL[f"</{name}>"]: name for name in (*SEGMENTS[:-1], *STRATEGIES)}
    opens[SPECIAL["[thinking]"]] = "thinking"
    closes[SPECIAL["[/endthinking]"]] = "thinking"
    return opens, closes


OPENS, CLOSES = _names()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text within ``path`` (outermost first; empty: plain text)."""

    path: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that was broken, at the id with this number (from 0)."""

    place: int
    what: str


@dataclass(slots=True)
class ReasoningTokenParser:
    """Feed it ids as they come; it hands out text with where it stands.

    ``problems`` holds what was malformed: an id that closes what is not open, opens a segment
    within another, or was left open at the end.
    """

    pieces: Pieces
    problems: list[Problem] = field(default_factory=list)
    _path: list[str] = field(default_factory=list)
    _place: int = 0
    _stream: TextStream = field(init=False)

    def __post_init__(self) -> None:
        self._stream = TextStream(self.pieces)

    def push(self, ids: Iterable[int]) -> list[Piece]:
        """The pieces that ``ids`` make certain."""
        made: list[Piece] = []
        for number in ids:
            if number in OPENS or number in CLOSES:
                self._end_text(made)
                self._turn(number)
            elif number >= RESERVED:
                self._add(made, self._stream.push([number]))
            else:
                self._add(made, self._stream.push([number]) + NAMES[number])
            self._place += 1
        return made

    def finish(self) -> list[Piece]:
        """What was held back; segments left open become problems."""
        made: list[Piece] = []
        self._end_text(made)
        for name in reversed(self._path):
            self.problems.append(Problem(self._place, f"<{name}> is left open"))
        self._path = []
        return made

    def _turn(self, number: int) -> None:
        if number in OPENS:
            name = OPENS[number]
            within = tuple(self._path)
            fits = not within or (name in STRATEGIES and within in (("reason",), ("thinking",)))
            if fits:
                self._path.append(name)
            else:
                self._report(f"<{name}> within {'/'.join(self._path)}")
        elif self._path and self._path[-1] == CLOSES[number]:
            self._path.pop()
        else:
            standing = "/".join(self._path) or "plain text"
            self._report(f"</{CLOSES[number]}> within {standing}")

    def _report(self, what: str) -> None:
        self.problems.append(Problem(self._place, what))

    def _end_text(self, made: list[Piece]) -> None:
        self._add(made, self._stream.finish())
        self._stream = TextStream(self.pieces)

    def _add(self, made: list[Piece], text: str) -> None:
        path = tuple(self._path)
        if text and made and made[-1].path == path:
            made[-1] = Piece(path, made[-1].text + text)
        elif text:
            made.append(Piece(path, text))


LABELS = {
    "reason": "reason",
    "tool": "call",
    "result": "result",
    "advocate": "for",
    "attack": "against",
    "pragmatist": "in practice",
    "thinking": "thought",
}


class ReasoningTokenFormatter:
    """Pieces as lines to read: each segment begins a line with its label."""

    def __init__(self) -> None:
        self._path: tuple[str, ...] | None = None

    def format(self, pieces: Iterable[Piece]) -> str:
        """The text of ``pieces``, which follow those of the calls before."""
        written = ""
        for piece in pieces:
            if piece.path != self._path:
                written += "\n" if self._path is not None else ""
                label = " / ".join(LABELS.get(name, name) for name in piece.path)
                written += f"[{label}] " if label else ""
                self._path = piece.path
            written += piece.text
        return written
