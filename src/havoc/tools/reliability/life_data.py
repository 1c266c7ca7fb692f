"""Lifetimes with their status: failed, or taken off the test still working.

Every tool of the package reads its data here, so that ``event`` (1 failed, 0
still working) and ``censored`` (the other way round) mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

Times = Annotated[
    list[float], Meta(description="times to failure, or to the end of observation if it survived")
]
Status = Annotated[int, Meta(ge=0, le=1)]
Events = Annotated[list[Status], Meta(description="for each time: 1 failed, 0 still working")]
Censored = Annotated[
    list[Status], Meta(description="instead of event: 1 still working (suspended), 0 failed")
]
Counts = Annotated[
    list[Annotated[int, Meta(ge=1)]], Meta(description="how many units have each time")
]


class Lives(msgspec.Struct, kw_only=True):
    """Times in ascending order, failures before survivors at the same time."""

    time: FloatArray
    failed: NDArray[np.bool_]
    weight: FloatArray

    @property
    def n(self) -> int:
        return int(self.weight.sum())

    @property
    def failures(self) -> int:
        return int(self.weight[self.failed].sum())


def read_lives(
    time: Sequence[float],
    event: Sequence[int] | None,
    censored: Sequence[int] | None,
    counts: Sequence[int] | None,
    where: str = "time",
    *,
    allow_zero: bool = False,
) -> Lives:
    """Checked and sorted lifetimes. Raises InputError at the first impossible value."""
    if event is not None and censored is not None:
        raise InputError(
            "event and censored are both given", where=where, remedy="give one of the two"
        )
    times = np.asarray(time, dtype=np.float64)
    if times.size == 0:
        raise InputError("no times given", where=where, remedy="give the time of every unit")
    for name, column in (("event", event), ("censored", censored), ("counts", counts)):
        if column is not None and len(column) != times.size:
            raise InputError(
                f"{times.size} times but {len(column)} values of {name}",
                where=f"{where}, {name}",
                remedy="give one for every time",
            )
    bad = ~np.isfinite(times) | (times < 0 if allow_zero else times <= 0)
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"time {position + 1} is {times[position]:g}, and a lifetime is a positive number",
            where=where,
            remedy="correct it or leave the unit out",
        )
    if event is not None:
        failed = np.asarray(event, dtype=np.int64) == 1
    elif censored is not None:
        failed = np.asarray(censored, dtype=np.int64) == 0
    else:
        failed = np.ones(times.size, dtype=bool)
    weight = np.ones(times.size) if counts is None else np.asarray(counts, dtype=np.float64)
    order = np.lexsort((~failed, times))
    return Lives(time=times[order], failed=failed[order], weight=weight[order])
