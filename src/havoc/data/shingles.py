"""Hashes of words and of runs of words, computed for a whole text at once.

A word is a run of letters, digits and underscores, in lower case; everything else
separates. Hashes are 64 bits wide and the same on every machine and in every run. They
are quick, not safe against somebody who looks for two words with one hash.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that its powers never vanish modulo 2^64


def mix(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele et al. 2014): a bijection that spreads every bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@lru_cache(maxsize=1)
def _characters() -> tuple[NDArray[np.bool_], Hashes]:
    """For the basic plane: whether a code point belongs to words, and its random value."""
    belongs = np.fromiter(
        (chr(code).isalnum() or code == 0x5F for code in range(0x10000)), dtype=bool, count=0x10000
    )
    return belongs, mix(np.arange(1, 0x10001, dtype=np.uint64) * _BASE)


def word_hashes(text: str) -> Hashes:
    """One hash per word of ``text`` [words], in order.

    A word's characters c_0 … c_m are hashed as Σ value(c_j)·base^(m-j) modulo 2^64, for
    all words at once out of one running sum, then mixed.
    """
    codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), dtype="<u4")
    belongs, values = _characters()
    low = codes & 0xFFFF
    # Beyond the basic plane everything counts as a letter (mathematical alphabets are there).
    inside = belongs[low] | (codes > 0xFFFF)
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = edges[0::2], edges[1::2]
    if not len(starts):
        return np.empty(0, dtype=np.uint64)
    powers = _inverse_powers(len(codes))
    running = np.zeros(len(codes) + 1, dtype=np.uint64)
    # value_j / base^j summed, times base^(end-1), leaves base^(end-1-j) at each character.
    np.cumsum((values[low] + codes) * powers, out=running[1:])
    return mix((running[ends] - running[starts]) * _powers(len(codes))[ends - 1])


def split_words(text: str) -> list[str]:
    """The words of ``text`` in lower case: those that ``word_hashes`` hashes, one by one."""
    belongs, _ = _characters()
    words, current = [], ""
    for character in text.lower():
        if ord(character) > 0xFFFF or belongs[ord(character)]:
            current += character
        elif current:
            words.append(current)
            current = ""
    return [*words, current] if current else words


def gram_hashes(words: Hashes, size: int) -> Hashes:
    """One hash per run of ``size`` words [max(0, words - size + 1)]; order matters."""
    count = len(words) - size + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    total = np.zeros(count, dtype=np.uint64)
    for offset in range(size):
        total = total * _BASE + words[offset : offset + count]
    return mix(total)


_INVERSE_BASE = np.uint64(pow(int(_BASE), -1, 2**64))


def _powers(count: int) -> Hashes:
    return _power_table(_BASE, 1 << max(16, (count - 1).bit_length()))[:count]


def _inverse_powers(count: int) -> Hashes:
    return _power_table(_INVERSE_BASE, 1 << max(16, (count - 1).bit_length()))[:count]


@lru_cache(maxsize=8)
def _power_table(base: np.uint64, count: int) -> Hashes:
    table = np.full(count, base, dtype=np.uint64)
    table[0] = 1
    return np.cumprod(table, dtype=np.uint64)
