"""Cells of a two-way layout, and the sums of squares of its effects.

Everything is computed from the cells: the error from the values within them,
each effect from weighted least squares on the cell means, as the difference in
fit between a model with the effect and one without. Type III uses sum-to-zero
coding, as Minitab and JMP do; type I and II as R's anova and car::Anova.

Sources: F. Yates (1934); S. R. Searle (1987), Linear Models for Unbalanced Data.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

MOST_CELLS = 900


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The cells that hold values: index of each level, size, mean less origin, inner SS."""

    levels_a: list[str]
    levels_b: list[str]
    index_a: np.ndarray
    index_b: np.ndarray
    sizes: FloatArray
    means: FloatArray
    within: FloatArray


class Effects:
    """Weighted least squares on the cell means, for every model that is needed."""

    def __init__(self, layout: Layout, interaction: bool) -> None:
        self._layout = layout
        self._root = np.sqrt(layout.sizes)
        a = _sum_to_zero(layout.index_a, len(layout.levels_a))
        b = _sum_to_zero(layout.index_b, len(layout.levels_b))
        ab = (a[:, :, None] * b[:, None, :]).reshape(a.shape[0], -1)
        self._columns = {"A": a, "B": b, "AB": ab}
        self.terms = ("A", "B", "AB") if interaction else ("A", "B")
        self._within = math.fsum(layout.within.tolist())
        rest, rank = self._lack(self.terms)
        self.ss_error = self._within + rest
        self.df_error = float(layout.sizes.sum() - rank)

    def sums(self, ss_type: int) -> dict[str, tuple[float, float]]:
        """Sum of squares and degrees of freedom of each effect."""
        result = {}
        for position, effect in enumerate(self.terms):
            if ss_type == 1:
                without = self.terms[:position]
                model = self.terms[: position + 1]
            elif ss_type == 2:
                # Each main effect after the other, ignoring the interaction that contains it.
                model = self.terms if effect == "AB" else ("A", "B")
                without = tuple(term for term in model if term != effect)
            else:
                model = self.terms
                without = tuple(term for term in model if term != effect)
            (more, rank_more), (less, rank_less) = self._lack(model), self._lack(without)
            df = float(rank_more - rank_less)
            if df < 1:
                raise InputError(
                    f"the effect of {effect} cannot be separated from the others",
                    where="factor_a, factor_b",
                    remedy="fill more combinations, or drop the interaction",
                )
            result[effect] = (max(less - more, 0.0), df)
        return result

    def fitted(self) -> FloatArray:
        """Fitted mean of each cell, less the origin."""
        design = self._design(self.terms)
        solution = np.linalg.lstsq(
            design * self._root[:, None], self._layout.means * self._root, rcond=1e-12
        )[0]
        return np.asarray(design @ solution)

    def _design(self, terms: tuple[str, ...]) -> FloatArray:
        ones = np.ones((self._root.size, 1))
        return np.hstack([ones, *[self._columns[term] for term in terms]])

    def _lack(self, terms: tuple[str, ...]) -> tuple[float, int]:
        """Weighted sum of squares of the cell means about the model, and its rank."""
        design = self._design(terms) * self._root[:, None]
        target = self._layout.means * self._root
        left, singular, _ = np.linalg.svd(design, full_matrices=False)
        rank = int((singular > singular[0] * 1e-10).sum())
        basis = left[:, :rank]
        rest = target - basis @ (basis.T @ target)
        return math.fsum((rest * rest).tolist()), rank


def _sum_to_zero(index: np.ndarray, count: int) -> FloatArray:
    """Contrast columns: one for each level but the last, which is minus one in all."""
    coding = np.vstack([np.eye(count - 1), -np.ones(count - 1)])
    return np.asarray(coding[index])


def layout_of(
    labels_a: list[str], labels_b: list[str], centred: FloatArray, name_a: str, name_b: str
) -> tuple[Layout, np.ndarray]:
    levels_a, levels_b = list(dict.fromkeys(labels_a)), list(dict.fromkeys(labels_b))
    for levels, name, where in (
        (levels_a, name_a, "factor_a"),
        (levels_b, name_b, "factor_b"),
    ):
        if len(levels) < 2:
            raise InputError(
                f"{name} has a single level",
                where=where,
                remedy="use anova_one_way for the other factor",
            )
    if len(levels_a) * len(levels_b) > MOST_CELLS:
        raise InputError(
            f"{len(levels_a)} by {len(levels_b)} levels make too many combinations",
            where="factor_a, factor_b",
            remedy="a factor has few levels: is a measured column given as a factor?",
        )
    place_a = {level: i for i, level in enumerate(levels_a)}
    place_b = {level: i for i, level in enumerate(levels_b)}
    codes = np.asarray(
        [place_a[a] * len(levels_b) + place_b[b] for a, b in zip(labels_a, labels_b, strict=True)]
    )
    used, cell_of = np.unique(codes, return_inverse=True)
    sizes = np.bincount(cell_of).astype(np.float64)
    means = np.bincount(cell_of, weights=centred) / sizes
    rest = centred - means[cell_of]
    # The second pass takes out what rounding left in the means.
    means = means + np.bincount(cell_of, weights=rest) / sizes
    rest = centred - means[cell_of]
    layout = Layout(
        levels_a=levels_a,
        levels_b=levels_b,
        index_a=used // len(levels_b),
        index_b=used % len(levels_b),
        sizes=sizes,
        means=means,
        within=np.bincount(cell_of, weights=rest * rest).astype(np.float64),
    )
    return layout, cell_of
