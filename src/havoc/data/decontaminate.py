"""Dropping documents that hold items of a test set, so that test scores stay honest.

A document matches an item if they share a run of 13 words (Brown et al. 2020,
arXiv:2005.14165, appendix C), or, for an item shorter than that, if it holds the whole
item. Case, punctuation and spacing do not count, and runs of mere figures are no match.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from havoc.data.shingles import Hashes, gram_hashes, split_words, word_hashes
from havoc.data.sources import kind, parse_object
from havoc.data.streams import read_lines, read_text
from havoc.errors import InputError

GRAM_WORDS = 13

# Shorter items ("What is 3 + 4?") stand in any text by chance.
SHORTEST_ITEM = 6

# So do runs of figures and single letters ("1, 2, 3, 4 …"): at least this part of a run
# must be words of two letters or more.
_WORDY = 0.5

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
    blank lines into items. ``unsearchable`` counts the items of fewer than 6 words and those
    in which figures and single letters prevail. InputError: a file that is missing, damaged
    or without any item.
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
        self.unsearchable = 0
        self.files: list[Path] = [file for path in paths for file in evaluation_files(path)]
        self._prefix = min(SHORTEST_ITEM, n)
        # Hashes of runs of n words with the item of each; shorter items by their beginning.
        self._grams: list[tuple[Hashes, int]] = []
        self._beginnings: list[tuple[Hashes, int]] = []
        self._short: dict[int, tuple[int, np.uint64]] = {}  # item: its words, their hash
        for file in self.files:
            before = len(self.items) + self.unsearchable
            for line, text in _items(file):
                self._add(EvaluationItem(str(file), line), text)
            if len(self.items) + self.unsearchable == before:
                raise InputError(
                    "holds no test item", where=str(file), remedy="leave it out of decontaminate"
                )
        for number, text in enumerate(texts, 1):
            self._add(EvaluationItem("text", number), text)
        self._long_table = _Table(self._grams)
        self._short_table = _Table(self._beginnings)

    def _add(self, item: EvaluationItem, text: str) -> None:
        words = split_words(text)
        hashes = word_hashes(text)
        size = min(self.n, len(words))
        wordy = np.array([len(word) > 1 and word.isalpha() for word in words], dtype=np.int64)
        running = np.concatenate([[0], np.cumsum(wordy)])
        telling = running[size:] - running[: len(running) - size] >= _WORDY * size
        if size < self._prefix or not telling.any():
            self.unsearchable += 1
            return
        grams = gram_hashes(hashes, size)[telling]
        number = len(self.items)
        if size == self.n:
            self._grams.append((grams, number))
        else:
            self._beginnings.append((gram_hashes(hashes[: self._prefix], self._prefix), number))
            self._short[number] = (size, grams[0])
        self.items.append(item)

    def match(self, text: str) -> EvaluationItem | None:
        """The first test item found in ``text``, or None."""
        if not self.items:
            return None
        words = word_hashes(text)
        found = self._long_table.owners_in(gram_hashes(words, self.n))
        for number in self._short_table.owners_in(gram_hashes(words, self._prefix)):
            size, whole = self._short[number]
            if whole in gram_hashes(words, size):
                found.add(number)
        return self.items[min(found)] if found else None


class _Table:
    """Hashes in order, with the test item that each belongs to."""

    def __init__(self, parts: list[tuple[Hashes, int]]) -> None:
        hashes = np.concatenate([grams for grams, _ in parts] or [np.empty(0, dtype=np.uint64)])
        owners = np.repeat(
            np.array([owner for _, owner in parts], dtype=np.int64),
            [len(grams) for grams, _ in parts],
        )
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._owners = hashes[order], owners[order]
        # By the low bits, which spares the search for nearly every run of a document.
        self._mask = np.uint64((1 << max(10, (16 * len(hashes)).bit_length())) - 1)
        self._present = np.zeros(int(self._mask) + 1, dtype=bool)
        self._present[hashes & self._mask] = True

    def owners_in(self, grams: Hashes) -> set[int]:
        """The items that share one of ``grams``."""
        likely = grams[self._present[grams & self._mask]]
        first = np.searchsorted(self._hashes, likely, side="left")
        last = np.searchsorted(self._hashes, likely, side="right")
        found: set[int] = set()
        for start, end in zip(first.tolist(), last.tolist(), strict=True):
            found.update(self._owners[start:end].tolist())
        return found


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
