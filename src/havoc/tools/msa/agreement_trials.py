"""Agreement where every rater judges every unit several times, and ordered ratings.

Sources: AIAG, Measurement Systems Analysis, 4th edition, III-C (effectiveness, miss rate,
false alarm rate, cross tables matched by trial); M. G. Kendall and B. Babington Smith (1939),
Ann. Math. Statist. 10, 275 (W), with the correction for ties of M. G. Kendall, Rank
Correlation Methods (1970), chapter 6, and tau-b, chapter 3.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from havoc.errors import InputError
from havoc.tools.msa import agreement
from havoc.tools.msa.attribute_result import (
    AppraiserAgreement,
    AttributeAgreement,
    Kendall,
    PairAgreement,
)
from havoc.tools.msa.ratings import Ratings
from havoc.tools.msa.study import Labels, index_labels, label
from havoc.tools.parameters import FloatArray
from havoc.tools.stats.binomial import clopper_pearson

Codes = NDArray[np.int64]
_BAD = frozenset(
    "0 n no ng nok bad fail failed f reject rejected r defective nonconforming scrap nio".split()
)
# AIAG: effectiveness, miss rate and false alarm rate of an acceptable and a marginal appraiser.
_ACCEPTABLE, _MARGINAL = (0.90, 0.02, 0.05), (0.80, 0.05, 0.10)


def read_long(
    response: Ratings,
    parts: Labels | None,
    operators: Labels | None,
    standard: Ratings | None,
) -> tuple[list[str], list[list[list[str]]], list[str] | None]:
    """Raters, their ratings ``[rater][trial][unit]``, and the standard of each unit."""
    if parts is None or operators is None:
        raise InputError(
            "the unit or the rater of each rating is missing",
            where="parts, operators",
            remedy="give both columns, as long as response",
        )
    if not len(response) == len(parts) == len(operators):
        raise InputError(
            f"{len(response)} ratings, {len(parts)} units and {len(operators)} raters",
            where="response, parts, operators",
            remedy="give columns of equal length",
        )
    units, unit_of = index_labels(parts)
    raters, rater_of = index_labels(operators)
    table: list[list[list[str]]] = [[[] for _ in units] for _ in raters]
    for value, unit, rater in zip(response, unit_of, rater_of, strict=True):
        table[rater][unit].append(label(value))
    counts = {len(cell) for row in table for cell in row}
    if len(counts) > 1 or counts == {0}:
        most = max(counts)
        rater, unit = next(
            (i, j) for i, row in enumerate(table) for j, cell in enumerate(row) if len(cell) != most
        )
        raise InputError(
            f"{raters[rater]} rated unit {units[unit]} {len(table[rater][unit])} times, others up "
            f"to {most} times",
            where="response",
            remedy="every rater must rate every unit equally often",
        )
    trials = counts.pop()
    cube = [[[cell[t] for cell in row] for t in range(trials)] for row in table]
    return raters, cube, _truth(standard, units, unit_of)


def _truth(standard: Ratings | None, units: list[str], unit_of: list[int]) -> list[str] | None:
    """One standard a unit, given once a unit or once a rating."""
    if standard is None:
        return None
    if len(standard) == len(units) != len(unit_of):
        return [label(value) for value in standard]
    if len(standard) != len(unit_of):
        raise InputError(
            f"{len(unit_of)} ratings but {len(standard)} standard values",
            where="standard",
            remedy="give the right answer of every unit, or of every row",
        )
    found: dict[int, str] = {}
    for unit, value in zip(unit_of, standard, strict=True):
        if found.setdefault(unit, label(value)) != label(value):
            raise InputError(
                f"unit {units[unit]} has two different standard values",
                where="standard",
                remedy="correct the column",
            )
    return [found[i] for i in range(len(units))]


def add_trials(
    result: AttributeAgreement,
    codes: Codes,
    names: list[str],
    right: Codes | None,
    labels: list[str],
    bad: str | None,
) -> None:
    """Within each rater, against the standard, and pairs matched by trial.

    ``codes[rater, trial, unit]``.
    """
    raters, trials, units = codes.shape
    result.trials, result.raters = trials, raters
    bad_code = _bad_code(labels, bad) if right is not None else None
    result.appraisers = [
        _appraiser(codes[i], right, names[i], len(labels), bad_code, result.alpha)
        for i in range(raters)
    ]
    if trials > 1 and raters > 1:
        result.pairs = [
            _matched(codes[i], codes[j], names[i], names[j], len(labels))
            for i, j in itertools.combinations(range(min(raters, 12)), 2)
        ]
    flat = codes.reshape(raters * trials, units)
    same = np.all(flat == flat[0], axis=0)
    result.between_agreement = float(same.mean())
    if right is not None:
        result.system_effectiveness = float(np.mean(same & (flat[0] == right)))
    if bad_code is not None:
        result.bad = labels[bad_code]
        if any(item.effectiveness is not None for item in result.appraisers):
            result.method += "; effectiveness, miss and false alarm rates by AIAG III-C"


def _bad_code(labels: list[str], bad: str | None) -> int | None:
    if bad is not None:
        if bad not in labels:
            raise InputError(
                f"no rating is {bad!r}",
                where="bad",
                remedy=f"name one of {', '.join(labels[:10])}",
            )
        return labels.index(bad)
    if len(labels) != 2:
        return None
    return next((i for i, text in enumerate(labels) if text.strip().lower() in _BAD), None)


def _appraiser(
    codes: Codes, right: Codes | None, name: str, size: int, bad: int | None, alpha: float
) -> AppraiserAgreement:
    trials, units = codes.shape
    consistent = np.all(codes == codes[0], axis=0)
    item = AppraiserAgreement(rater=name, n=units, trials=trials)
    if trials > 1:
        item.repeat_agreed = int(consistent.sum())
        item.repeat_agreement = float(consistent.mean())
        item.repeat_ci_low, item.repeat_ci_high = clopper_pearson(item.repeat_agreed, units, alpha)
        counts = np.stack([np.sum(codes == i, axis=0) for i in range(size)], axis=1)
        within = agreement.fleiss(counts.astype(np.float64))
        item.kappa_within = None if within is None else within.value
    if right is None:
        return item
    item.agreed = int(np.sum(consistent & (codes[0] == right)))
    item.effectiveness = item.agreed / units
    item.effectiveness_ci_low, item.effectiveness_ci_high = clopper_pearson(
        item.agreed, units, alpha
    )
    table = np.zeros((size, size))
    np.add.at(table, (codes.ravel(), np.tile(right, trials)), 1)
    against = agreement.cohen(table)
    item.kappa_standard = None if against is None else against.value
    if bad is None:
        return item
    of_bad, of_good = right == bad, right != bad
    if of_bad.any():
        item.miss_rate = float(np.mean(codes[:, of_bad] != bad))
    if of_good.any():
        item.false_alarm_rate = float(np.mean(codes[:, of_good] == bad))
    item.verdict = _verdict(item)
    return item


def _verdict(item: AppraiserAgreement) -> str:
    figures = (item.effectiveness or 0.0, item.miss_rate or 0.0, item.false_alarm_rate or 0.0)
    for word, bounds in (("acceptable", _ACCEPTABLE), ("marginal", _MARGINAL)):
        if figures[0] >= bounds[0] and figures[1] <= bounds[1] and figures[2] <= bounds[2]:
            return word
    return "unacceptable"


def _matched(first: Codes, second: Codes, name1: str, name2: str, size: int) -> PairAgreement:
    """All decisions of two raters crossed, trial against trial (AIAG cross tables)."""
    table = np.zeros((size, size))
    np.add.at(table, (first.ravel(), second.ravel()), 1)
    kappa = agreement.cohen(table)
    return PairAgreement(
        rater1=name1,
        rater2=name2,
        agreement=float(np.mean(first == second)),
        kappa=None if kappa is None else kappa.value,
    )


def add_kendall(
    result: AttributeAgreement, codes: Codes, names: list[str], right: Codes | None
) -> None:
    """Concordance of ordered ratings: all together, within raters, against the standard."""
    raters, trials, units = codes.shape
    flat = codes.reshape(raters * trials, units).astype(np.float64)
    result.kendall = []
    if raters > 1:
        result.kendall.append(concordance(flat, "all raters"))
    for i in range(raters):
        if trials > 1:
            result.kendall.append(concordance(codes[i].astype(np.float64), names[i]))
        if right is not None:
            result.kendall.append(_tau(codes[i], right, names[i]))
    first = next((item for item in result.kendall if item.coefficient is not None), None)
    if first is not None and first.statistic == "W":
        result.kendall_w, result.kendall_p = first.coefficient, first.p_value
    result.method += "; Kendall's W corrected for ties, chi-square test; tau-b against the standard"


def concordance(ratings: FloatArray, name: str) -> Kendall:
    """Kendall's W of rows of ratings, corrected for ties."""
    m, n = ratings.shape
    ranks = stats.rankdata(ratings, axis=1)
    sums = ranks.sum(axis=0)
    spread = float(np.sum((sums - sums.mean()) ** 2))
    ties = 0.0
    for row in ratings:
        _, counts = np.unique(row, return_counts=True)
        ties += float(np.sum(counts.astype(np.float64) ** 3 - counts))
    scale = m**2 * (n**3 - n) - m * ties
    item = Kendall(rater=name, statistic="W")
    if scale <= 0 or n < 2:
        return item
    item.coefficient = min(12 * spread / scale, 1.0)
    item.chi2, item.df = m * (n - 1) * item.coefficient, n - 1
    item.p_value = float(special.chdtrc(item.df, item.chi2))
    return item


def _tau(codes: Codes, right: Codes, name: str) -> Kendall:
    """Mean over the trials of tau-b between the rater and the standard."""
    taus = []
    p_values = []
    for trial in codes:
        found = stats.kendalltau(trial, right)
        if not math.isfinite(found.statistic):
            return Kendall(rater=name, statistic="tau")
        taus.append(float(found.statistic))
        p_values.append(float(found.pvalue))
    item = Kendall(rater=name, statistic="tau", coefficient=float(np.mean(taus)))
    if len(taus) == 1:
        item.p_value = p_values[0]
    return item
