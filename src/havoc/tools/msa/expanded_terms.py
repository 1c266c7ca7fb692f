"""Factors and terms of an expanded gage study, turned into a design."""

from __future__ import annotations

import itertools
import re

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.msa.mixed_model import Design, rank
from havoc.tools.msa.study import Labels, index_labels
from havoc.tools.parameters import FloatArray

MOST_LEVELS = 500
MOST_MEASUREMENTS = 20_000
_MOST_CELLS = 8_000_000
_NESTED = re.compile(r"^(?P<inner>.+?)\s*\((?P<outer>.+)\)$")


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    levels: list[str]
    index: list[int]
    fixed: bool


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """``factors`` cross each other; ``within`` are those that the term is nested in."""

    name: str
    factors: tuple[str, ...]
    within: tuple[str, ...] = ()
    fixed: bool = False

    @property
    def all_factors(self) -> tuple[str, ...]:
        return (*self.within, *self.factors)


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, which factors there are, and which rows were left out."""

    values: FloatArray
    factors: dict[str, Factor]
    missing: int


def read_study(data: list[float | None], factors: dict[str, Labels], fixed: list[str]) -> Study:
    """Rows without a value are left out; every factor needs two levels."""
    if len(data) > MOST_MEASUREMENTS:
        raise InputError(
            f"{len(data)} measurements are more than the {MOST_MEASUREMENTS} that are analysed",
            where="data",
            remedy="take fewer rows",
        )
    for name, column in factors.items():
        if len(column) != len(data):
            raise InputError(
                f"{len(data)} measurements but {len(column)} labels",
                where=name,
                remedy="every measurement needs a level of every factor",
            )
    unknown = [name for name in fixed if name not in factors]
    if unknown:
        raise InputError(
            f"{unknown[0]} is not a factor of the study",
            where="fixed",
            remedy=f"the factors are {', '.join(factors)}",
        )
    rows = [
        i
        for i, value in enumerate(data)
        if value is not None
        and value == value
        and not any(str(column[i]).strip() in ("", "nan", "None") for column in factors.values())
    ]
    values = np.asarray([data[i] for i in rows], dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError("a measurement is infinite", where="data", remedy="correct the value")
    if values.size < 4:
        raise InputError(
            f"{values.size} measurements are left, at least 4 are needed",
            where="data",
            remedy="add measurements",
        )
    if np.ptp(values) == 0:
        raise InputError(
            "all measurements are equal, so there is no variation to split",
            where="data",
            remedy="check the resolution of the gage",
        )
    found = {}
    for name, column in factors.items():
        levels, index = index_labels([column[i] for i in rows])
        if len(levels) < 2:
            raise InputError(
                f"{name} has one level only ({levels[0]}), so its variation cannot be seen",
                where=name,
                remedy="leave the factor out, or measure with another level",
            )
        found[name] = Factor(name=name, levels=levels, index=index, fixed=name in fixed)
    return Study(values=values, factors=found, missing=len(data) - len(rows))


def parse_terms(texts: list[str], factors: dict[str, Factor]) -> list[Term]:
    """``part``, ``part*operator``, ``part(operator)``."""
    return [_term(text.strip(), factors) for text in texts]


def _term(text: str, factors: dict[str, Factor]) -> Term:
    nested = _NESTED.match(text)
    inner = _split(nested["inner"] if nested else text, factors)
    outer = _split(nested["outer"], factors) if nested else ()
    everything = (*inner, *outer)
    if len(set(everything)) < len(everything):
        raise InputError(
            f"{text} names a factor twice", where="terms", remedy="name every factor once"
        )
    return Term(
        name=text,
        factors=inner,
        within=outer,
        fixed=all(factors[name].fixed for name in everything),
    )


def _split(text: str, factors: dict[str, Factor]) -> tuple[str, ...]:
    names = tuple(part.strip() for part in re.split(r"[*:×]|\bx\b|,", text))
    for name in names:
        if name not in factors:
            raise InputError(
                f"{name!r} is not a factor of the study",
                where="terms",
                remedy=f"the factors are {', '.join(factors)}; write part*operator or "
                "part(operator)",
            )
    return names


def usual_terms(factors: dict[str, Factor], nested: dict[str, str]) -> list[str]:
    """All main effects and all interactions of two factors that can exist."""
    for inner, outer in nested.items():
        for name in (inner, outer):
            if name not in factors:
                raise InputError(
                    f"{name!r} is not a factor of the study",
                    where="nested",
                    remedy=f"the factors are {', '.join(factors)}",
                )
    mains = [f"{name}({nested[name]})" if name in nested else name for name in factors]
    crossed = [
        f"{a}*{b}"
        for a, b in itertools.combinations(factors, 2)
        if nested.get(a) != b and nested.get(b) != a and a not in nested and b not in nested
    ]
    return [*mains, *crossed]


def build(study: Study, terms: list[Term], *, strict: bool) -> tuple[Design, list[Term], list[str]]:
    """The design, the terms in it (fixed first) and the names of those that were left out.

    With ``strict`` a term that cannot be told from others is an error.
    """
    fixed = [term for term in terms if term.fixed]
    random = sorted(
        (term for term in terms if not term.fixed), key=lambda term: len(term.all_factors)
    )
    if not random:
        raise InputError(
            "all terms are fixed, so there is no variation to split",
            where="fixed",
            remedy="leave the parts random",
        )
    n = study.values.size
    columns: list[FloatArray] = [np.ones((n, 1))]
    kept: list[Term] = []
    left_out: list[str] = []
    for term in fixed:
        columns.append(_contrasts(study, term))
        kept.append(term)
    x = np.hstack(columns)
    reached = rank(x)
    if reached < x.shape[1]:
        raise InputError(
            "the fixed terms cannot be told apart: some of their combinations are missing",
            where="fixed, terms",
            remedy="leave out the interaction of the fixed factors",
        )
    known, matrices = x, []
    for term in random:
        z = _indicators(study, term)
        total = known.shape[1] + z.shape[1]
        if total > MOST_LEVELS or total * n > _MOST_CELLS:
            raise InputError(
                f"the terms have more than {MOST_LEVELS} levels together, or too many "
                "measurements for them",
                where="terms",
                remedy="leave out an interaction",
            )
        wider = np.hstack([known, z])
        now = rank(wider)
        if now == reached or now >= n:
            if strict:
                raise InputError(
                    f"{term.name} cannot be told from the other terms or from repeatability",
                    where="terms",
                    remedy="leave it out, or repeat measurements of the same combination",
                )
            left_out.append(term.name)
            continue
        known, reached = wider, now
        matrices.append(z)
        kept.append(term)
    if not matrices:
        raise InputError(
            "no random term is left: every combination was measured once",
            where="data",
            remedy="repeat measurements",
        )
    return Design(response=study.values, fixed=x, random=matrices), kept, left_out


def _cells(study: Study, names: tuple[str, ...]) -> tuple[list[tuple[int, ...]], list[int]]:
    keys = list(zip(*(study.factors[name].index for name in names), strict=True))
    places: dict[tuple[int, ...], int] = {}
    index = [places.setdefault(key, len(places)) for key in keys]
    return list(places), index


def _indicators(study: Study, term: Term) -> FloatArray:
    places, index = _cells(study, term.all_factors)
    if len(places) > MOST_LEVELS:
        raise InputError(
            f"{term.name} has {len(places)} levels, more than the {MOST_LEVELS} that are analysed",
            where="terms",
            remedy="leave it out",
        )
    z = np.zeros((study.values.size, len(places)))
    z[np.arange(study.values.size), index] = 1.0
    return z


def _contrasts(study: Study, term: Term) -> FloatArray:
    """Sum-to-zero columns of a fixed term; an interaction is the product of its factors."""
    columns = np.ones((study.values.size, 1))
    for name in term.all_factors:
        factor = study.factors[name]
        k = len(factor.levels)
        coding = np.vstack([np.eye(k - 1), -np.ones(k - 1)])
        own = coding[factor.index]
        columns = (columns[:, :, None] * own[:, None, :]).reshape(study.values.size, -1)
    return columns


def level_count(study: Study, term: Term) -> int:
    return len(_cells(study, term.all_factors)[0])
