"""Dropping documents that hold items of a test set, so that test scores stay honest.

A document matches an item if they share a run of 13 words (Brown et al. 2020,
arXiv:2005.14165, appendix C), or, for an item shorter than that, if it holds the whole
item. Case, punctuation and spacing do not count.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from havoc.data.shingles import Hashes, gram_hashes, word_hashes
from havoc.data.sources import kind, parse_object
from havoc.data.streams import read_lines, read_text
from havoc.errors import InputError

GRAM_WORDS = 13

# Shorter items ("What is 3 + 4?") stand in any text by chance.
SHORTEST_ITEM = 6

# The fields in which test sets keep what is asked, in order of preference.
ITEM_FIELDS = ("question", "prompt", "text", "instruction", "input")


@dataclass(frozen=True, slots=True)
class EvaluationItem:
    """One item of a test set: the file, and its line (0 for a text as a whole)."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Decontaminator:
    """Finds which test item a document holds.

    ``paths`` are test files (.jsonl, .json, .txt, .md, also .gz or .zst; TEST in the name is
    fine here) or folders of them; ``texts`` are items given directly. A text file is cut at
    blank lines into items. ``too_short`` counts items of fewer than 6 words, which are not
    searched for. InputError: a file that is missing, damaged or without any item.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]] = (),
        texts: Iterable[str] = (),
        *,
        n: int = GRAM_WORDS,
    ) -> None:
        self.n = n
        self.items: list[EvaluationItem] = []
        self.too_short = 0
        self.files: list[Path] = [file for path in paths for file in evaluation_files(path)]
        # For every length of run that is searched: the hashes, and the item of each.
        found: dict[int, list[tuple[Hashes, int]]] = {}
        for file in self.files:
            before = len(self.items) + self.too_short
            for line, text in _items(file):
                self._add(EvaluationItem(str(file), line), text, found)
            if len(self.items) + self.too_short == before:
                raise InputError(
                    "holds no test item", where=str(file), remedy="leave it out of decontaminate"
                )
        for number, text in enumerate(texts, 1):
            self._add(EvaluationItem("text", number), text, found)
        self._tables = {size: _table(parts) for size, parts in sorted(found.items())}

    def _add(
        self, item: EvaluationItem, text: str, found: dict[int, list[tuple[Hashes, int]]]
    ) -> None:
        words = word_hashes(text)
        if len(words) < min(SHORTEST_ITEM, self.n):
            self.too_short += 1
            return
        size = min(self.n, len(words))
        found.setdefault(size, []).append((gram_hashes(words, size), len(self.items)))
        self.items.append(item)

    def match(self, text: str) -> EvaluationItem | None:
        """The first test item found in ``text``, or None."""
        if not self._tables:
            return None
        words = word_hashes(text)
        for size, (hashes, owners) in self._tables.items():
            grams = gram_hashes(words, size)
            places = np.searchsorted(hashes, grams)
            places[places == len(hashes)] = 0
            hits = places[hashes[places] == grams]
            if len(hits):
                return self.items[int(owners[hits].min())]
        return None


def _table(parts: list[tuple[Hashes, int]]) -> tuple[Hashes, np.ndarray]:
    hashes = np.concatenate([grams for grams, _ in parts])
    owners = np.repeat([owner for _, owner in parts], [len(grams) for grams, _ in parts])
    order = np.argsort(hashes, kind="stable")
    return hashes[order], owners[order]


def evaluation_files(path: str | os.PathLike[str]) -> list[Path]:
    """``path`` itself or, sorted, the text and record files below a folder.

    InputError: missing, of another type, or a folder with no such file.
    """
    place = Path(path)
    if place.is_dir():
        files = sorted(
            file for file in place.rglob("*") if file.is_file() and kind(file.name) is not None
        )
    else:
        files = [place] if kind(place.name) is not None else []
    if not place.exists():
        raise InputError(
            "does not exist", where=str(place), remedy="check the path of the test set"
        )
    if not files:
        raise InputError(
            "holds no test set",
            where=str(place),
            remedy="test sets are .jsonl, .json, .txt or .md files, also with .gz or .zst",
        )
    return files


def _items(file: Path) -> Iterator[tuple[int, str]]:
    if kind(file.name) == "text":
        for paragraph in read_text(file).split("\n\n"):
            if paragraph.strip():
                yield 0, paragraph
        return
    for number, line in read_lines(file):
        record = parse_object(line, f"{file}:{number}")
        texts = [record[name] for name in ITEM_FIELDS if isinstance(record.get(name), str)]
        if not texts:
            raise InputError(
                f"the record has none of the fields {', '.join(ITEM_FIELDS)}",
                where=f"{file}:{number}",
                remedy=f"name the item's text so; it has: {', '.join(record) or 'none'}",
            )
        yield number, texts[0]
