"""Named groups, as values or as {n, mean, sd}, made ready for an analysis of means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, Summary, as_sample
from havoc.tools.stats import precise_sums

GroupsOrSummaries = Annotated[
    dict[str, list[float] | Summary],
    Meta(description="measured values, or {n, mean, sd}, of each named group"),
]


class PreparedGroups(msgspec.Struct, frozen=True, kw_only=True):
    """``shifts`` are means less ``origin``; ``deviations`` the values less ``origin``, if given."""

    names: list[str]
    sizes: list[int]
    shifts: FloatArray
    variances: FloatArray
    origin: float
    deviations: list[FloatArray]
    values: dict[str, list[float]]
    warnings: list[str]

    @property
    def residuals(self) -> FloatArray:
        """Values less the mean of their group; empty when summaries were given."""
        if not self.deviations:
            return np.empty(0)
        return np.concatenate(
            [group - shift for group, shift in zip(self.deviations, self.shifts, strict=True)]
        )


def prepare(groups: Mapping[str, list[float] | Summary], minimum: int = 1) -> PreparedGroups:
    """Checked groups with exact means and variances."""
    if len(groups) < 2:
        raise InputError(
            f"{len(groups)} group given, at least 2 needed",
            where="groups",
            remedy="name every group with its values",
        )
    given = {name: group for name, group in groups.items() if isinstance(group, Summary)}
    if given and len(given) < len(groups):
        raise InputError(
            "some groups are given as values and some as {n, mean, sd}",
            where="groups",
            remedy="give all in the same form",
        )
    return _from_summaries(given) if given else _from_values(groups, minimum)  # type: ignore[arg-type]


def _from_values(groups: Mapping[str, list[float]], minimum: int) -> PreparedGroups:
    samples = {
        name: as_sample(values, f"groups, {name}", minimum=minimum)
        for name, values in groups.items()
    }
    sizes = [sample.size for sample in samples.values()]
    everything = np.concatenate(list(samples.values()))
    centred = precise_sums.deviations(everything)
    parts = np.split(centred, np.cumsum(sizes)[:-1])
    shifts = np.asarray([precise_sums.mean(part) for part in parts])
    variances = np.asarray(
        [precise_sums.sum_of_squares(part) / max(part.size - 1, 1) for part in parts]
    )
    return PreparedGroups(
        names=list(samples),
        sizes=sizes,
        shifts=shifts,
        variances=variances,
        origin=precise_sums.mean(everything),
        deviations=parts,
        values={name: sample.tolist() for name, sample in samples.items()},
        warnings=precise_sums.precision_warnings(everything),
    )


def _from_summaries(groups: Mapping[str, Summary]) -> PreparedGroups:
    for name, summary in groups.items():
        if not (math.isfinite(summary.mean) and math.isfinite(summary.sd)):
            raise InputError(
                "mean and sd must be finite numbers",
                where=f"groups, {name}",
                remedy="give mean and sd as numbers",
            )
    sizes = [summary.n for summary in groups.values()]
    means = [summary.mean for summary in groups.values()]
    origin = math.fsum(n * m for n, m in zip(sizes, means, strict=True)) / sum(sizes)
    return PreparedGroups(
        names=list(groups),
        sizes=sizes,
        shifts=np.asarray(means) - origin,
        variances=np.asarray([summary.sd**2 for summary in groups.values()]),
        origin=origin,
        deviations=[],
        values={},
        warnings=[],
    )
