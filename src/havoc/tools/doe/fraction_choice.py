"""Which fraction of a two-level design: the number of basic factors for runs or a resolution."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.doe.aberration import fraction_columns
from havoc.tools.doe.confounding import resolution_of

MAX_FACTORS = 31
MAX_BASIC = 9
ROMAN = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"]


Resolution = Annotated[int, Meta(ge=3, le=31)] | Literal["III", "IV", "V", "VI", "VII", "VIII"]


def wanted_resolution(resolution: int | str | None) -> int:
    if resolution is None:
        return 0
    return ROMAN.index(resolution) if isinstance(resolution, str) else resolution


def basic_for(k: int, runs: int | None, wanted: int, where: str) -> int:
    """log2 of the runs: as asked for, or the fewest that reach the resolution."""
    fewest = k.bit_length()
    if runs is not None:
        basic = runs.bit_length() - 1
        if runs != 1 << basic:
            raise InputError(
                f"{runs} runs are not a power of 2",
                where=f"{where} runs",
                remedy=f"use {1 << basic} or {2 << basic}, or a Plackett-Burman design",
            )
        if basic >= k:
            raise InputError(
                f"{runs} runs hold the full factorial of {k} factors",
                where=f"{where} runs",
                remedy=f"use full_factorial, or at most {1 << (k - 1)} runs",
            )
        if basic < fewest:
            raise InputError(
                f"{runs} runs cannot separate {k} main effects",
                where=f"{where} runs",
                remedy=f"use at least {1 << fewest} runs",
            )
        if basic > MAX_BASIC:
            raise InputError(
                f"{runs} runs are too many",
                where=f"{where} runs",
                remedy=f"use at most {1 << MAX_BASIC}",
            )
        reached = resolution_of(fraction_columns(k, basic))
        if wanted > reached:
            raise InputError(
                f"{k} factors in {runs} runs reach resolution {roman(reached)} at most, "
                f"not {roman(wanted)}",
                where=f"{where} resolution",
                remedy="give more runs or a lower resolution",
            )
        return basic
    if wanted > k:
        raise InputError(
            f"{k} factors reach resolution {roman(k)} at most",
            where=f"{where} resolution",
            remedy="use full_factorial",
        )
    target = wanted or (4 if k > 3 else 3)
    for basic in range(fewest, min(k, MAX_BASIC + 1)):
        if 1 << basic >= _fewest_runs(k, target) and (
            resolution_of(fraction_columns(k, basic)) >= target
        ):
            return basic
    raise InputError(
        f"found no fraction of up to {1 << MAX_BASIC} runs with {k} factors and resolution "
        f"{roman(target)}",
        where=f"{where} resolution",
        remedy="ask for a lower resolution or fewer factors",
    )


def _fewest_runs(k: int, resolution: int) -> int:
    """Counting bound: effects up to half the resolution need a column each (Rao)."""
    return sum(math.comb(k, order) for order in range((resolution - 1) // 2 + 1))


def _resolutions(k: int) -> dict[str, int]:
    """Highest resolution by number of runs, up to 128 (64 with many factors, to stay quick)."""
    highest = 8 if k <= 11 else 7
    return {
        str(1 << basic): resolution_of(fraction_columns(k, basic))
        for basic in range(k.bit_length(), min(k, highest))
    }


def roman(number: int) -> str:
    return ROMAN[number] if number < len(ROMAN) else str(number)
