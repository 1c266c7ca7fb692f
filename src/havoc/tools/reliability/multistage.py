"""Double and multiple sampling by attributes: what a plan of several samples accepts.

Sources: D. C. Montgomery, Introduction to Statistical Quality Control, 7th edition,
15.3 (double and multiple sampling, average sample number, curtailment);
MIL-STD-105E (1989), tables III-A to III-C and IV-A for the plans of the standard.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import stats

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability.sampling_standard import Inspection, Level, standard_plan

_LARGEST = 100_000
_MOST_STAGES = 10
_MOST_FIRST = 40


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Take ``n`` more units; with ``ac`` or fewer defectives so far accept, with ``re`` reject.

    An ``ac`` of minus one means that this sample cannot accept.
    """

    n: int
    cumulative_n: int
    ac: int
    re: int


class Course(msgspec.Struct, kw_only=True):
    """What happens at each fraction defective: one column for every stage."""

    accepted: FloatArray
    rejected: FloatArray
    sampled: FloatArray
    curtailed: FloatArray

    @property
    def pa(self) -> FloatArray:
        return np.asarray(self.accepted.sum(axis=1), dtype=np.float64)


def read_stages(sizes: list[int], accept: list[int], reject: list[int]) -> list[Stage]:
    """Checked stages. The last one must decide."""
    if not 2 <= len(sizes) <= _MOST_STAGES or not len(sizes) == len(accept) == len(reject):
        raise InputError(
            f"{len(sizes)} sample sizes, {len(accept)} acceptance and {len(reject)} rejection "
            "numbers",
            where="n, accept, reject",
            remedy=f"give one of each for two to {_MOST_STAGES} samples",
        )
    if sum(sizes) > _LARGEST:
        raise InputError(
            f"{sum(sizes)} units in all samples are too many",
            where="n",
            remedy=f"at most {_LARGEST} are computed",
        )
    stages = []
    for place, (size, ac, re) in enumerate(zip(sizes, accept, reject, strict=True)):
        last = place == len(sizes) - 1
        wrong = re <= ac or (not last and re < ac + 2)
        falls = place > 0 and (ac < accept[place - 1] or re < reject[place - 1])
        if wrong or falls:
            raise InputError(
                f"sample {place + 1} accepts on {ac} and rejects on {re}",
                where="accept, reject",
                remedy="both numbers rise from sample to sample, with a gap before the last one",
            )
        if last and re != ac + 1:
            raise InputError(
                f"the last sample accepts on {ac} and rejects on {re}, so it may decide nothing",
                where="accept, reject",
                remedy="its rejection number is its acceptance number and one",
            )
        stages.append(Stage(n=size, cumulative_n=sum(sizes[: place + 1]), ac=ac, re=re))
    return stages


def follow(stages: list[Stage], p: FloatArray) -> Course:
    """Probabilities of each decision and the average sample number, without and with curtailment.

    Curtailed: the samples after the first are stopped as soon as the lot must be rejected.
    """
    share = np.asarray(p, dtype=np.float64)
    most = stages[-1].re
    # open_[i, d] is the chance that d defectives were found and nothing is decided yet
    open_ = np.zeros((share.size, most + 1))
    open_[:, 0] = 1.0
    accepted = np.zeros((share.size, len(stages)))
    rejected = np.zeros_like(accepted)
    sampled, curtailed = np.zeros(share.size), np.zeros(share.size)
    count = np.arange(most + 1)
    for place, stage in enumerate(stages):
        reached = open_.sum(axis=1)
        sampled += reached * stage.n
        curtailed += (
            reached * stage.n if place == 0 else _curtailed(open_, share, stage.n, stage.re)
        )
        new = stats.binom.pmf(count[None, :], stage.n, share[:, None])
        total = np.zeros_like(open_)
        for before in range(most + 1):
            if np.any(open_[:, before] > 0):
                total[:, before:] += open_[:, before : before + 1] * new[:, : most + 1 - before]
        accepted[:, place] = total[:, : stage.ac + 1].sum(axis=1) if stage.ac >= 0 else 0.0
        open_ = np.zeros_like(open_)
        open_[:, stage.ac + 1 : stage.re] = total[:, stage.ac + 1 : stage.re]
        rejected[:, place] = np.clip(reached - accepted[:, place] - open_.sum(axis=1), 0.0, 1.0)
    return Course(accepted=accepted, rejected=rejected, sampled=sampled, curtailed=curtailed)


def _curtailed(open_: FloatArray, p: FloatArray, n: int, re: int) -> FloatArray:
    """Units of a stage that stops at the defective that rejects the lot (Montgomery, 15.3).

    With d defectives before, r = re - d more stop it after X units, negative binomial:
    E min(X, n) = n P(Bin(n) < r) + r / p P(Bin(n + 1) > r).
    """
    total = np.zeros_like(p)
    safe = np.where(p > 0, p, 1.0)
    for before in range(re):
        weight = open_[:, before]
        if not np.any(weight > 0):
            continue
        need = re - before
        runs = n * stats.binom.cdf(need - 1, n, p)
        stops = np.where(p > 0, need / safe * stats.binom.sf(need, n + 1, p), 0.0)
        total += weight * (runs + stops)
    return total


def quality_at(stages: list[Stage], probability: float) -> float:
    """Fraction defective accepted with this probability, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if float(follow(stages, np.array([middle])).pa[0]) > probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def outgoing(
    stages: list[Stage], course: Course, p: FloatArray, lot_size: int
) -> tuple[FloatArray, FloatArray]:
    """AOQ and ATI with rejected lots screened and defectives replaced (Montgomery, 15.3)."""
    left = np.array([lot_size - stage.cumulative_n for stage in stages], dtype=np.float64)
    sizes = np.array([stage.cumulative_n for stage in stages], dtype=np.float64)
    quality = p * (course.accepted @ left) / lot_size
    inspected = course.accepted @ sizes + lot_size * (1 - course.pa)
    return np.asarray(quality), np.asarray(inspected)


# --- plans of the standard -------------------------------------------------------------------

# Acceptance and rejection numbers, sample by sample.
_Numbers = tuple[tuple[int, ...], tuple[int, ...]]

# By the place of the plan on the diagonals of the master tables (see sampling_standard):
# acceptance and rejection numbers of the first and the second sample.
_DOUBLE: dict[str, dict[int, _Numbers]] = {
    "normal": {
        17: ((0, 1), (2, 2)), 18: ((0, 3), (3, 4)), 19: ((1, 4), (4, 5)), 20: ((2, 6), (5, 7)),
        21: ((3, 8), (7, 9)), 22: ((5, 12), (9, 13)), 23: ((7, 18), (11, 19)),
        24: ((11, 26), (16, 27)),
    },
    "tightened": {
        18: ((0, 1), (2, 2)), 19: ((0, 3), (3, 4)), 20: ((1, 4), (4, 5)), 21: ((2, 6), (5, 7)),
        22: ((3, 11), (7, 12)), 23: ((6, 15), (10, 16)), 24: ((9, 23), (14, 24)),
    },
    "reduced": {
        17: ((0, 0), (2, 2)), 18: ((0, 0), (3, 4)), 19: ((0, 1), (4, 5)), 20: ((0, 3), (4, 6)),
        21: ((1, 4), (5, 7)), 22: ((2, 6), (7, 9)), 23: ((3, 8), (8, 12)), 24: ((5, 12), (10, 16)),
    },
}  # fmt: skip
# Seven samples; -1 where the sample cannot accept.
_MULTIPLE: dict[str, dict[int, _Numbers]] = {
    "normal": {
        17: ((-1, -1, 0, 0, 1, 1, 2), (2, 2, 2, 3, 3, 3, 3)),
        18: ((-1, 0, 0, 1, 2, 3, 4), (2, 3, 3, 4, 4, 5, 5)),
        19: ((-1, 0, 1, 2, 3, 4, 6), (3, 3, 4, 5, 6, 6, 7)),
        20: ((-1, 1, 2, 3, 5, 7, 9), (4, 5, 6, 7, 8, 9, 10)),
        21: ((0, 1, 3, 5, 7, 10, 13), (4, 6, 8, 10, 11, 12, 14)),
        22: ((0, 3, 6, 8, 11, 14, 18), (5, 8, 10, 13, 15, 17, 19)),
        23: ((1, 4, 8, 12, 17, 21, 25), (7, 10, 13, 17, 20, 23, 26)),
        24: ((2, 7, 13, 19, 25, 31, 37), (9, 14, 19, 25, 29, 33, 38)),
    }
}  # fmt: skip
_SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000, 3150)
_REDUCED_SIZES = (2, 2, 2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800)
_LETTERS = "ABCDEFGHJKLMNPQRS"
_LARGEST_AQL = 10.0


class Standard(msgspec.Struct, kw_only=True):
    """A plan of the standard with the single plan that it replaces."""

    code_letter: str
    plan_letter: str
    stages: list[Stage]
    gap: int
    single_n: int
    single_c: int
    single_r: int


def standard_stages(
    lot_size: int, aql_percent: float, level: Level, inspection: Inspection, plan: str
) -> Standard:
    """The double or multiple plan whose OC curve matches the single plan of the cell."""
    single = standard_plan(lot_size, aql_percent, level, inspection)
    table = _MULTIPLE.get(inspection) if plan == "multiple" else _DOUBLE[inspection]
    if aql_percent > _LARGEST_AQL or table is None:
        raise InputError(
            f"{plan} plans of the standard are covered up to an AQL of {_LARGEST_AQL:g} %, "
            "multiple ones for normal inspection",
            where="aql, inspection",
            remedy="take a double plan, or the single plan of acceptance_sampling",
        )
    row = _LETTERS.index(single.plan_letter)
    # one letter down for double, three for multiple sampling
    step = 3 if plan == "multiple" else 1
    if single.diagonal not in table or row - step < 0:
        raise InputError(
            f"for code letter {single.plan_letter} and this AQL the standard has no {plan} plan: "
            f"it says to use the single plan (n = {single.n}, accept on {single.c})",
            where="aql, lot_size",
            remedy="use acceptance_sampling",
        )
    accept, reject = table[single.diagonal]
    size = (_REDUCED_SIZES if inspection == "reduced" else _SIZES)[row - step]
    sizes = [size] * len(accept)
    gap = reject[-1] - accept[-1] - 1
    stages = [
        Stage(n=n, cumulative_n=sum(sizes[: i + 1]), ac=accept[i], re=reject[i])
        for i, n in enumerate(sizes)
    ]
    return Standard(
        code_letter=single.code_letter,
        plan_letter=single.plan_letter,
        stages=stages,
        gap=gap,
        single_n=single.n,
        single_c=single.c,
        single_r=single.r,
    )


def find_double(aql: float, ltpd: float, alpha: float, beta: float, ratio: int) -> list[Stage]:
    """Double plan with r1 = r2 = c2 + 1 through both points, smallest average sample at ``aql``.

    For every pair of acceptance numbers the smallest first sample that protects the consumer
    is found by bisection; it also protects the producer, or the pair does not.
    """
    best: tuple[float, list[Stage]] | None = None
    for c2 in range(1, _MOST_FIRST):
        found = False
        for c1 in range(c2):
            n1 = _smallest_first(c1, c2, ratio, ltpd, beta)
            if n1 is None:
                continue
            stages = _double(n1, c1, c2, ratio)
            course = follow(stages, np.array([aql]))
            if float(course.pa[0]) >= 1 - alpha:
                found = True
                asn = float(course.sampled[0])
                if best is None or asn < best[0]:
                    best = (asn, stages)
        # larger acceptance numbers only make the samples larger
        if best is not None and not found:
            break
        if best is not None and c2 > best[1][1].ac + 3:
            break
    if best is None:
        raise InputError(
            f"no double plan up to c2 = {_MOST_FIRST - 1} tells {100 * aql:g} % from "
            f"{100 * ltpd:g} % defective",
            where="aql, ltpd",
            remedy="move the two apart, or allow larger risks",
        )
    return best[1]


def _double(n1: int, c1: int, c2: int, ratio: int) -> list[Stage]:
    return [
        Stage(n=n1, cumulative_n=n1, ac=c1, re=c2 + 1),
        Stage(n=ratio * n1, cumulative_n=(1 + ratio) * n1, ac=c2, re=c2 + 1),
    ]


def _smallest_first(c1: int, c2: int, ratio: int, p: float, most: float) -> int | None:
    def passes(n1: int) -> bool:
        first = stats.binom.pmf(np.arange(c1 + 1, c2 + 1), n1, p)
        rest = stats.binom.cdf(c2 - np.arange(c1 + 1, c2 + 1), ratio * n1, p)
        return float(stats.binom.cdf(c1, n1, p) + first @ rest) <= most

    low, high = c1 + 1, 2 * math.ceil((c2 + 5) / p)
    if high > _LARGEST or not passes(high):
        return None
    if passes(low):
        return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high
