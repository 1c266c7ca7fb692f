"""The lines of a question, and which of them belong to a table already."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.numbers import Cell, is_missing, read_cell

MAX_NAME = 48

# ">" of a quoted e-mail, and a bullet in front of a number ("- 12.1" is no negative number).
_PREFIX = re.compile(r"(?:[ ]?>)*[ ]*(?:[-*•][ ](?=[0-9]))?")
_RULER = re.compile(r"[\s|+:=_-]*(?:-{3}|={3}|_{3})[\s|+:=_-]*")
_PIPE_RULER = re.compile(r"[\s|]*:?-+:?(?:\s*\|\s*:?-+:?)*[\s|]*")

# Words of sentences. A line with one of them is no row of names.
SENTENCE_WORDS = frozenset(
    """a an the is are was were be been do does did of in for to from by with and or than this that
    these those it its my our your we i you he she they them me us here there what which how when
    where can could would should will if so as then have has had please pls plz hi hello hey dear
    thanks thx compare check following below see data values readings results measurements numbers
    gave give made took get got not about into per each und der die das les des de la
    el""".split()
)


class Page(msgspec.Struct):
    """Lines with their positions. ``claimed`` marks the lines that a table has taken."""

    texts: list[str]
    starts: list[int]
    claimed: bytearray

    def end(self, index: int) -> int:
        return self.starts[index] + len(self.texts[index])

    def claim(self, first: int, last: int) -> None:
        self.claimed[first : last + 1] = b"\x01" * (last + 1 - first)

    def free(self, index: int) -> bool:
        return 0 <= index < len(self.texts) and not self.claimed[index]


def read_page(text: str) -> Page:
    texts, starts = [], []
    position = 0
    for line in text.split("\n"):
        content = line.rstrip(" \r\f\v")
        offset = 0
        if content[:1] in " >-*•":
            match = _PREFIX.match(content)
            offset = match.end() if match and ("\t" not in content or ">" in match[0]) else 0
            if "|" in content and ">" not in content[:offset]:
                offset = 0
        texts.append(content[offset:])
        starts.append(position + offset)
        position += len(line) + 1
    return Page(texts, starts, bytearray(len(texts)))


def is_ruler(line: str) -> bool:
    """A line such as "-----", "|---|:--:|" or "+----+----+"."""
    line = line.strip()
    if len(line) < 3 or line[0] not in "-=+|_:" or len(line) > 2000:
        return False
    return _RULER.fullmatch(line) is not None or (
        "|" in line and ":" in line and _PIPE_RULER.fullmatch(line) is not None
    )


class Reader:
    """Reads cells and remembers them: pasted tables repeat themselves."""

    def __init__(self) -> None:
        self._known: dict[str, Cell] = {}

    def cell(self, text: str) -> Cell:
        """The cell under whichever decimal mark makes it a number."""
        text = text.strip()
        cell = self._known.get(text)
        if cell is None:
            cell = read_cell(text)
            if cell.kind == "text" and "," in text:
                cell = read_cell(text, decimal_comma=True)
            if len(self._known) < 50_000:
                self._known[text] = cell
        return cell

    def is_number(self, text: str) -> bool:
        return self.cell(text).kind in ("number", "infinite")

    def is_value(self, text: str) -> bool:
        """A number, or a marker that stands for one."""
        return self.cell(text).kind != "text"


_EXPLAINED = re.compile(r"\([^()]{0,40}\)")


def is_name(cell: str, *, strict: bool) -> bool:
    """Can this be the name of a column? ``strict``: not if it reads like a sentence."""
    cell = cell.strip()
    if not cell or len(cell) > MAX_NAME:
        return False
    if not strict:
        # "still good?" and "cens (1=still ok)" above a table are names as well
        cell = _EXPLAINED.sub("", cell).strip() or cell
        cell = cell[:-1] if cell[-1] == "?" and len(cell.split()) <= 3 else cell
    if (
        not cell
        or cell[-1] in ".?!:;,"
        or "=" in cell
        or not any(c.isalpha() or c in "#%°" for c in cell)
    ):
        return is_missing(cell) and cell not in ("-", "") and cell.isalpha()
    # A capital A is a name, not an article.
    words = [word if word == "A" else word.casefold() for word in cell.split()]
    if len(words) > (4 if strict else 6):
        return False
    return not strict or len(cell) == 1 or not SENTENCE_WORDS.intersection(words)


_BREAK = re.compile(r"[.?!:)](?=\s)\s+")


def name_at_end(cell: str, *, alone: bool = False) -> tuple[int, str]:
    """Position and text of a name that ends a sentence: "what is off? true" gives "true".

    ``alone``: the other names of the row are single words, so this one is too.
    """
    begin = 0
    long = len(cell.split()) > 4
    for match in _BREAK.finditer(cell):
        if match[0][0] != ")" or long:
            begin = match.end()
    name = cell[begin:]
    if alone and len(name.split()) > 3:
        begin = (
            len(cell) - len(cell.rstrip().rsplit(None, 1)[-1]) - (len(cell) - len(cell.rstrip()))
        )
        name = cell[begin:]
    return begin + (len(name) - len(name.lstrip())), name.strip()
