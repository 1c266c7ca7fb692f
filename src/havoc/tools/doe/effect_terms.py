"""Model terms of a two-level experiment: their names, columns, and which can be told apart."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.doe.least_squares import group_of_rows, independent_columns
from havoc.tools.parameters import FloatArray

MAX_TERMS = 1023
Term = tuple[int, ...]


class TermSet(msgspec.Struct, kw_only=True):
    """Terms that the data can tell apart, and what is confused with what.

    ``aliased`` maps a kept term to the signed names of the terms with the same
    column; ``with_blocks`` cannot be told from blocks or from the mean;
    ``dropped`` are combinations of the kept ones (partial aliasing).
    """

    terms: list[Term]
    columns: FloatArray
    aliased: dict[str, list[str]]
    with_mean: list[str]
    with_blocks: list[str]
    dropped: list[str]


def term_name(term: Term, names: Sequence[str]) -> str:
    """``AB`` for single letters, ``temp:time`` for longer names."""
    members = [names[index] for index in term]
    short = all(len(name) == 1 for name in names)
    return ("" if short else ":").join(members)


def all_terms(k: int, order: int) -> list[Term]:
    """Main effects first, then interactions by order, each in the usual order."""
    return [term for size in range(1, order + 1) for term in itertools.combinations(range(k), size)]


def parse_term(text: str, names: Sequence[str], where: str) -> Term:
    """``A``, ``AB``, ``A*B``, ``temp:time`` as a term."""
    cleaned = text.strip()
    if cleaned in names:
        return (names.index(cleaned),)
    parts = [part.strip() for part in re.split(r"[:*×]", cleaned)]
    if len(parts) == 1 and all(len(name) == 1 for name in names):
        parts = list(cleaned)
    unknown = [part for part in parts if part not in names]
    if unknown or len(set(parts)) != len(parts):
        raise InputError(
            f"the term {text!r} is not made of the factors {', '.join(names[:8])}",
            where=where,
            remedy="write it as A, AB or name1:name2",
        )
    return tuple(sorted(names.index(part) for part in parts))


def column_of(term: Term, coded: FloatArray) -> FloatArray:
    column = coded[:, term[0]]
    for index in term[1:]:
        column = column * coded[:, index]
    return column


def separable_terms(
    candidates: Sequence[Term],
    coded: FloatArray,
    base: FloatArray,
    block_columns: FloatArray,
    names: Sequence[str],
) -> TermSet:
    """Keep the first of every alias group, in the order of ``candidates``."""
    # Distinct rows carry all the information on aliasing; a million replicates need no more.
    together = np.column_stack([coded, base])
    _, first = np.unique(group_of_rows(together), return_index=True)
    rows = np.sort(first)
    small, small_base = coded[rows], base[rows]
    seen: dict[bytes, tuple[Term, int]] = {}
    aliased: dict[str, list[str]] = {}
    with_mean: list[str] = []
    distinct: list[Term] = []
    for term in candidates:
        column = np.round(column_of(term, small)).astype(np.int8)
        if np.ptp(column) == 0:
            with_mean.append(term_name(term, names))
            continue
        sign = int(column[np.flatnonzero(column)[0]])
        key = (column * sign).tobytes()
        if key in seen:
            original, original_sign = seen[key]
            prefix = "-" if sign != original_sign else ""
            name = term_name(original, names)
            aliased.setdefault(name, []).append(prefix + term_name(term, names))
        else:
            seen[key] = (term, sign)
            distinct.append(term)
    columns = (
        np.column_stack([column_of(term, small) for term in distinct])
        if distinct
        else np.zeros((len(rows), 0))
    )
    kept = independent_columns(columns, small_base)
    lost = [index for index in range(len(distinct)) if index not in set(kept)]
    with_blocks: list[str] = []
    dropped: list[str] = []
    without_blocks = set(
        independent_columns(columns, np.ones((len(rows), 1))) if block_columns.size else kept
    )
    for index in lost:
        (with_blocks if index in without_blocks else dropped).append(
            term_name(distinct[index], names)
        )
    terms = [distinct[index] for index in kept]
    return TermSet(
        terms=terms,
        columns=np.column_stack([column_of(term, coded) for term in terms])
        if terms
        else np.zeros((len(coded), 0)),
        aliased={
            name: aliased[name]
            for name in (term_name(term, names) for term in terms)
            if name in aliased
        },
        with_mean=with_mean,
        with_blocks=with_blocks,
        dropped=dropped,
    )


def removable(term: Term, kept: Sequence[Term]) -> bool:
    """A term may go only if no kept interaction contains it (hierarchy)."""
    return not any(set(term) < set(other) for other in kept)
