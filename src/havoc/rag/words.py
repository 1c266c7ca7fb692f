"""Text as the words that BM25 counts: lower case, stemmed, without the most common ones."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import Stemmer

STOPWORDS = frozenset(
    "a about an and any are as at be been but by can could did do does for from had has have how i "
    "if in into is it its may me my of on or our shall she should so some such than that the their "
    "them then there these they this those to was we were what when where which who why will with "
    "would you your".split()
)
_WORD = re.compile(r"[a-zα-ω]+(?:[-'][a-z]+)*(?:\d+)?|\d+(?:\.\d+)?|[^\W\d_]+", re.IGNORECASE)
_LONGEST = 40
_STEMMER = Stemmer.Stemmer("english", 0)


def words_of(text: str) -> list[str]:
    """The stems of ``text`` in order; a hyphenated word counts whole and in parts.

    Variants that a reader takes for the same word are made one: ``X-bar`` and ``xbar``.
    """
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match[0].lower().replace("'s", "")
        if word in STOPWORDS or len(word) > _LONGEST:
            continue
        if "-" in word or "'" in word:
            parts = re.split(r"[-']", word)
            found.append(_stem("".join(parts)))
            found += [_stem(part) for part in parts if len(part) > 1 and part not in STOPWORDS]
        else:
            found.append(_stem(word))
    return found


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    stem: str = _STEMMER.stemWord(word)
    return stem


@lru_cache(maxsize=200_000)
def key_of(word: str) -> int:
    """A word as the 64-bit number under which its postings are stored."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
