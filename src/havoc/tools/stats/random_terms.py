"""Random factors of a mixed model: crossed, nested, and their interactions, as codes."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.stats.linear_terms import Labels
from havoc.tools.stats.predictor_columns import label_text


class RandomTerm(msgspec.Struct, frozen=True, kw_only=True):
    """A random factor or product: its name, the labels of its levels, the level of each row."""

    name: str
    levels: list[str]
    codes: NDArray[np.int64]


def read_random(
    random: dict[str, Labels],
    nested: dict[str, str],
    products: list[str],
    fixed: dict[str, Labels],
    rows: int,
) -> list[RandomTerm]:
    """Terms in the order given; ``nested`` maps an inner factor to the one that it lies in."""
    if not random:
        raise InputError(
            "there is no random factor",
            where="random",
            remedy="name the factor whose levels are a sample, or use general_linear_model",
        )
    both = sorted(set(random) & set(fixed))
    if both:
        raise InputError(
            f"{both[0]} is given as a fixed and as a random factor",
            where="random",
            remedy="give it as one of them; the product of both goes to random_interactions",
        )
    known = {**fixed, **random}
    columns: dict[str, list[str]] = {}
    for name, values in known.items():
        if len(values) != rows:
            raise InputError(
                f"{len(values)} levels but {rows} values of the response",
                where=name,
                remedy="every value needs its level",
            )
        columns[name] = [label_text(value) for value in values]
    terms = [_term(name, [*_outside(name, nested, columns), name], columns) for name in random]
    for text in products:
        names = [name.strip() for name in text.replace(":", "*").replace("×", "*").split("*")]
        unknown = [name for name in names if name not in columns]
        if unknown or len(set(names)) < 2:
            raise InputError(
                f"{text!r} is no product of factors",
                where="random_interactions",
                remedy=f"write A*B with names among {', '.join(list(columns)[:12])}",
            )
        inner = [part for name in names for part in [*_outside(name, nested, columns), name]]
        terms.append(_term("*".join(names), list(dict.fromkeys(inner)), columns))
    for term in terms:
        _check(term, rows)
    for i, first in enumerate(terms):
        for second in terms[i + 1 :]:
            together = first.codes * (int(second.codes.max()) + 1) + second.codes
            if np.unique(together).size == len(first.levels) == len(second.levels):
                raise InputError(
                    f"{first.name} and {second.name} divide the rows in the same way "
                    "(confounded), so their variances cannot be told apart",
                    where="random",
                    remedy="leave one of them out",
                )
    return terms


def _outside(name: str, nested: dict[str, str], columns: dict[str, list[str]]) -> list[str]:
    """The factors that ``name`` lies in, the outermost first."""
    chain: list[str] = []
    inner = name
    while inner in nested:
        outer = nested[inner]
        if outer not in columns:
            raise InputError(
                f"{inner} is nested in {outer}, and there is no factor {outer}",
                where="nested",
                remedy=f"name one of {', '.join(list(columns)[:12])}",
            )
        if outer in chain or outer == name:
            raise InputError(f"{name} is nested in itself", where="nested", remedy="check the map")
        chain.insert(0, outer)
        inner = outer
    return chain


def _term(name: str, parts: list[str], columns: dict[str, list[str]]) -> RandomTerm:
    labels = [" / ".join(values) for values in zip(*(columns[part] for part in parts), strict=True)]
    levels = list(dict.fromkeys(labels))
    place = {level: i for i, level in enumerate(levels)}
    inside = f"{name}({parts[-2]})" if len(parts) > 1 and "*" not in name else name
    return RandomTerm(
        name=inside, levels=levels, codes=np.array([place[label] for label in labels])
    )


def _check(term: RandomTerm, rows: int) -> None:
    if len(term.levels) < 2:
        raise InputError(
            f"the random factor {term.name} has a single level, so it has no variance",
            where="random",
            remedy="leave it out, or measure more levels",
        )
    if len(term.levels) == rows:
        raise InputError(
            f"every level of {term.name} holds one value, so its variance cannot be told from "
            "the error",
            where="random",
            remedy="leave it out, or repeat the measurement within its levels",
        )


def refuse_confounded(terms: list[RandomTerm], matrix: FloatArray) -> None:
    """Raise InputError for a random term that the fixed terms take up completely."""
    q, _ = np.linalg.qr(matrix / np.linalg.norm(matrix, axis=0))
    for term in terms:
        sums = np.column_stack([np.bincount(term.codes, weights=column) for column in q.T])
        rest = matrix.shape[0] - float((sums**2).sum())
        if rest < 1e-8 * matrix.shape[0]:
            raise InputError(
                f"the random factor {term.name} is confounded with the fixed terms",
                where="random",
                remedy="leave the fixed factor out that it is nested in, or the random one",
            )
