"""What a two-level design confuses: defining words, resolution, word counts.

The J characteristic of a word of factors is the sum over the runs of the product of
their coded settings; its size divided by the runs is one where the word is confused
completely with the mean, and between zero and one in designs such as Plackett-Burman.

Sources: G. E. P. Box and J. S. Hunter, Technometrics 3 (1961) 311-351 (resolution);
L.-Y. Deng and B. Tang, Statistica Sinica 9 (1999) 1071-1082 (generalised resolution and
word counts).
"""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np

from havoc.tools.parameters import FloatArray

MOST_PRODUCTS = 2e7
MOST_LISTED = 60
ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII")


class TwoLevelStructure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``resolution`` is the length of the shortest word that is confused at all with the mean;
    ``generalized_resolution`` adds how far it is from being confused completely.

    ``word_counts`` holds, for words of three, four … factors, the sum of squares of their
    confusion with the mean. ``defining_words`` are those that are confused completely.
    """

    regular: bool
    complete: bool
    resolution: int | None = None
    resolution_roman: str = ""
    generalized_resolution: float | None = None
    longest_word_looked_at: int
    word_counts: dict[str, float]
    defining_words: list[str]


def two_level_structure(coded: FloatArray, letters: list[str]) -> TwoLevelStructure | None:
    """The structure of a design of -1 and +1; centre runs are left out. None for other designs."""
    corners = coded[np.any(np.abs(coded) > 1e-9, axis=1)]
    runs, count = corners.shape
    if runs < 2 or not np.allclose(np.abs(corners), 1.0):
        return None
    counts: dict[str, float] = {}
    words: list[str] = []
    regular, longest = True, 0
    resolution, generalized = None, None
    looked_at = 0
    for length in range(1, min(count, 8) + 1):
        looked_at += math.comb(count, length)
        if looked_at * runs > MOST_PRODUCTS:
            break
        longest = length
        chosen = np.array(list(itertools.combinations(range(count), length)), dtype=np.int64)
        share = np.abs(_products(corners, chosen).sum(axis=0)) / runs
        found = share > 1e-9
        if length > 2:
            counts[str(length)] = round(float((share**2).sum()), 10)
        if found.any() and resolution is None:
            resolution = length
            generalized = length + 1 - float(share.max())
        regular &= bool(np.all(share[found] > 1 - 1e-9))
        for row in np.flatnonzero(share > 1 - 1e-9)[: MOST_LISTED - len(words)].tolist():
            words.append("".join(letters[index] for index in chosen[row]))
    return TwoLevelStructure(
        regular=regular,
        complete=resolution is None and longest == count,
        resolution=resolution,
        resolution_roman=ROMAN[resolution] if resolution else "",
        generalized_resolution=generalized,
        longest_word_looked_at=longest,
        word_counts=counts,
        defining_words=words,
    )


def _products(
    corners: FloatArray, chosen: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> FloatArray:
    product: FloatArray = corners[:, chosen[:, 0]]
    for place in range(1, chosen.shape[1]):
        product = product * corners[:, chosen[:, place]]
    return product
