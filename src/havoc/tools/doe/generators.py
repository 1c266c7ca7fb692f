"""Generators of a fraction as text: ``D=AB``, ``E = -A*C``, ``I=ABCE``."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from havoc.errors import InputError
from havoc.tools.doe.aberration import word_of
from havoc.tools.doe.factors import LETTERS, Factor, named_factors

_GENERATOR = re.compile(
    r"^\s*(?P<left>[A-Za-z])\s*=\s*(?P<sign>[+\-−]?)\s*(?P<word>[A-Za-z*·\s]+)$"
)


class Fraction(msgspec.Struct, kw_only=True):
    """A fraction: factors, their letters, and their columns over the basic factors."""

    factors: list[Factor]
    symbols: str
    n_basic: int
    columns: list[int]
    signs: list[int]
    generators: list[str]

    @classmethod
    def of(cls, factors: list[Factor], symbols: str, n_basic: int, columns: list[int]) -> Fraction:
        generators = [
            f"{symbols[n_basic + index]}={word_of(column, symbols)}"
            for index, column in enumerate(columns[n_basic:])
        ]
        return cls(
            factors=factors,
            symbols=symbols,
            n_basic=n_basic,
            columns=columns,
            signs=[1] * len(columns),
            generators=generators,
        )


def symbols_of(factors: Sequence[Factor]) -> str:
    """One letter a factor: its own name if all names are single letters, else A, B, C …"""
    names = [factor.name for factor in factors]
    if all(len(name) == 1 and name.isalpha() and name != "I" for name in names):
        return "".join(names)
    return LETTERS[: len(names)]


def fraction_from_generators(
    factors: Sequence[Factor | str],
    n_factors: int | None,
    generators: Sequence[str],
    where: str,
) -> Fraction:
    """The fraction that the generators define. Raises InputError if they do not fit."""
    place = f"{where} generators"
    parsed = [_parse(text, place) for text in generators]
    letters_used = sorted({letter for left, _, word in parsed for letter in left + word})
    if not factors and n_factors is None:
        highest = max(LETTERS.find(letter) for letter in letters_used) + 1
        if highest <= 2 * len(letters_used):
            # D=BC speaks of A to D: a letter that is not written is a basic factor.
            n_factors = highest
        else:
            factors, n_factors = letters_used, None
    listed = named_factors(factors, n_factors, where=where, minimum=2, maximum=len(LETTERS))
    symbols = symbols_of(listed)
    unknown = [letter for letter in letters_used if letter not in symbols]
    if unknown:
        raise InputError(
            f"factor {unknown[0]} is not one of {', '.join(symbols)}",
            where=place,
            remedy="use the letters of the factors, in their order",
        )
    parsed = [
        (max(word, key=symbols.index), sign, word) if left == "" else (left, sign, word)
        for left, sign, word in parsed
    ]
    generated = [left for left, _, _ in parsed]
    if len(set(generated)) != len(generated):
        raise InputError("a factor is generated twice", where=place, remedy="keep one of them")
    basic = [letter for letter in symbols if letter not in generated]
    columns = {letter: 1 << bit for bit, letter in enumerate(basic)}
    signs = dict.fromkeys(basic, 1)
    texts = []
    for left, sign, word in parsed:
        members = [letter for letter in symbols if word.count(letter) % 2 and letter != left]
        foreign = [letter for letter in members if letter not in basic]
        if foreign or not members:
            raise InputError(
                f"{left} is generated from {''.join(members) or 'nothing'}, but only "
                f"{''.join(basic)} are basic factors",
                where=place,
                remedy="write each added factor as a product of basic factors",
            )
        columns[left] = sum(columns[letter] for letter in members)
        signs[left] = sign
        texts.append(f"{left}={'-' if sign < 0 else ''}{''.join(members)}")
    return Fraction(
        factors=listed,
        symbols=symbols,
        n_basic=len(basic),
        columns=[columns[letter] for letter in symbols],
        signs=[signs[letter] for letter in symbols],
        generators=texts,
    )


def _parse(text: str, where: str) -> tuple[str, int, str]:
    """(generated letter or "" for I, sign, word)."""
    match = _GENERATOR.match(text)
    if match is None:
        raise InputError(
            f"{text!r} is not a generator", where=where, remedy="write it as D=AB or E=-ABC"
        )
    word = re.sub(r"[*·\s]", "", match["word"])
    left = match["left"]
    if left + word == (left + word).lower():
        left, word = left.upper(), word.upper()
    sign = -1 if match["sign"] in ("-", "−") else 1
    return ("" if left == "I" else left, sign, word)
