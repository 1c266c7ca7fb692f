"""From the arguments of a control chart to arrays, and the choice of the chart."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample
from havoc.tools.result import Check
from havoc.tools.spc import subgroups as grouping
from havoc.tools.spc.attributes import as_counts, as_sizes
from havoc.tools.spc.constants import MOVING_RANGE_D2
from havoc.tools.spc.panels import Basis
from havoc.tools.spc.subgroups import LARGEST_FOR_RANGE, Subgroups
from havoc.tools.spc.weighted import Location

Kind = Literal[
    "auto",
    "xbar_r",
    "xbar_s",
    "i_mr",
    "p",
    "np",
    "c",
    "u",
    "ewma",
    "cusum",
    "t2",
    "generalized_variance",
    "mewma",
    "laney_p",
    "laney_u",
    "g",
    "t",
    "short_run",
    "moving_average",
    "zone",
    "three_way",
]


# Kinds whose points are subgroups where values come with a subgroup size.
_OF_SUBGROUPS = ("xbar_r", "xbar_s", "three_way", "short_run")


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The data arguments as they came."""

    data: list[float] | None
    subgroup_size: int | None
    subgroups: list[list[float]] | None
    defectives: list[float] | None
    defects: list[float] | None
    sample_size: float | list[float] | None
    means: list[float] | None
    ranges: list[float] | None
    sds: list[float] | None

    def points(self, kind: str) -> int:
        """How many points the chart has."""
        for column in (self.defectives, self.defects, self.subgroups, self.means):
            if column is not None:
                return len(column)
        if self.data is None:
            raise InputError("no data given", where="data", remedy="give the values or counts")
        size = self.subgroup_size if kind in _OF_SUBGROUPS else None
        return -(-len(self.data) // (size or 1))

    def piece(self, kind: str, start: int, end: int) -> Given:
        """The points from ``start`` (0-based) up to ``end``."""
        size = (self.subgroup_size or 1) if kind in _OF_SUBGROUPS else 1
        cut: dict[str, list[float] | list[list[float]] | None] = {
            name: None if column is None else column[start:end]
            for name, column in (
                ("defectives", self.defectives),
                ("defects", self.defects),
                ("subgroups", self.subgroups),
                ("means", self.means),
                ("ranges", self.ranges),
                ("sds", self.sds),
            )
        }
        sizes = self.sample_size
        if isinstance(sizes, list) and len(sizes) > 1:
            sizes = sizes[start:end]
        data = None if self.data is None else self.data[start * size : end * size]
        return msgspec.structs.replace(self, **cut, data=data, sample_size=sizes)

    def groups(self) -> Subgroups | None:
        """Subgroups from rows, from consecutive values or from summaries; None if none given."""
        if sum(item is not None for item in (self.data, self.subgroups, self.means)) > 1:
            raise InputError(
                "more than one of data, subgroups and means",
                where="control_chart",
                remedy="give the values once",
            )
        if self.subgroups is not None:
            return grouping.from_rows(self.subgroups)
        if self.data is not None:
            if self.subgroup_size is None:
                raise InputError(
                    "the subgroup size is missing",
                    where="subgroup_size",
                    remedy="say how many consecutive values form a subgroup",
                )
            return grouping.from_values(self.data, self.subgroup_size)
        if self.means is not None:
            if self.subgroup_size is None:
                raise InputError(
                    "the subgroup size is missing",
                    where="subgroup_size",
                    remedy="say how many values each mean stands for",
                )
            return grouping.from_summaries(
                self.means, self.ranges or [], self.sds or [], self.subgroup_size
            )
        return None

    def individuals(self) -> FloatArray | None:
        """Single values; subgroups of one are single values too."""
        if self.subgroups is not None:
            if any(len(row) != 1 for row in self.subgroups):
                raise InputError(
                    "an individuals chart takes single values, not subgroups",
                    where="subgroups",
                    remedy="use xbar_r or xbar_s, or give data",
                )
            return as_sample([row[0] for row in self.subgroups], "subgroups", minimum=2)
        if self.data is None:
            return None
        return as_sample(self.data, "data", minimum=2, varying=True)

    def counts(self, kind: str) -> tuple[FloatArray | None, FloatArray | None]:
        """Counts and sample sizes. A size of one unit for a c chart."""
        columns = {
            "defectives": self.defectives,
            "defects": self.defects,
            "data": self.data,
        }
        given = {name: column for name, column in columns.items() if column is not None}
        if len(given) > 1:
            raise InputError(
                f"counts given twice, as {' and '.join(given)}",
                where="control_chart",
                remedy="give them once",
            )
        counts = None
        for where, column in given.items():
            counts = as_counts(column, where)
        sizes = as_sizes(self.sample_size, counts, kind)
        if kind == "c" and counts is not None:
            if sizes is not None and np.ptp(sizes) > 0:
                raise InputError(
                    "a c chart needs samples of equal size",
                    where="sample_size",
                    remedy="use a u chart, defects per unit",
                )
            sizes = np.ones(counts.size)
        return counts, sizes

    def location(
        self, kind: str, basis: Basis, target: float | None, sigma_method: str
    ) -> Location:
        """Values or subgroup means with target and sigma, for EWMA and CUSUM."""
        groups = None
        if self.subgroups is not None or self.means is not None or (self.subgroup_size or 1) > 1:
            groups = self.groups()
        if groups is None:
            values = as_sample(self.data or [], "data", minimum=1)
            size = 1
        else:
            values = groups.means
            if groups.size is None:
                raise InputError(
                    f"subgroups of different sizes are not supported on a {kind} chart",
                    where="subgroups",
                    remedy="use subgroups of equal size, or xbar_s",
                )
            size = groups.size
        used = basis.used(values.size)
        aim = basis.mean if target is None else target
        if kind == "cusum" and aim is None:
            raise InputError(
                "a CUSUM chart needs the target that deviations are counted from",
                where="target",
                remedy="give target",
            )
        if basis.sigma is not None:
            sigma, source = basis.sigma, "given"
        elif groups is not None and size > 1:
            method = "rbar" if sigma_method in ("auto", "mr") else sigma_method
            spread = grouping.within_sigma(groups, method, used)
            sigma, source = spread.sigma, f"from the {spread.method}"
        else:
            steps = np.abs(np.diff(values))[used[1:] & used[:-1]]
            if steps.size == 0:
                raise InputError(
                    "one value says nothing about the variation",
                    where="data",
                    remedy="give sigma or more data",
                )
            sigma = float(steps.mean()) / MOVING_RANGE_D2
            source = "from the mean moving range of two / 1.128"
        if sigma <= 0:
            raise InputError(
                "the variation is zero, so there are no limits",
                where="data",
                remedy="give sigma, or check the resolution of the measurement",
            )
        return Location(
            values=values,
            target=float(np.mean(values[used])) if aim is None else aim,
            target_given=aim is not None,
            sigma=sigma,
            sigma_source=source,
            sigma_given=basis.sigma is not None,
            size=size,
        )


def choose(
    kind: Kind,
    given: Given,
    *,
    has_rbar: bool,
    has_sbar: bool,
    has_columns: bool = False,
    has_parts: bool = False,
) -> tuple[str, str | None]:
    """The chart to draw and, where it was not asked for by name, why."""
    if kind != "auto":
        return kind, None
    if has_columns:
        return "t2", "several characteristics are measured on the same parts"
    if has_parts:
        return "short_run", "several parts in small numbers run through one process"
    if given.defectives is not None:
        if given.sample_size is None:
            raise InputError(
                "the number inspected is missing",
                where="sample_size",
                remedy="say how many units were inspected in each sample",
            )
        return "p", "defective units are counted out of a known number inspected"
    if given.defects is not None:
        if given.sample_size is None:
            return "c", "defects are counted on samples of equal size"
        return "u", "defects are counted and the number of units inspected is known"
    if given.subgroups is not None or given.means is not None or (given.subgroup_size or 1) > 1:
        return _choose_xbar(given, has_rbar, has_sbar)
    if given.data is None:
        raise InputError(
            "no data given",
            where="control_chart",
            remedy="give data, subgroups, defectives or defects",
        )
    return "i_mr", "each observation is a single value"


def _choose_xbar(given: Given, has_rbar: bool, has_sbar: bool) -> tuple[str, str]:
    groups = given.groups()
    size = given.subgroup_size if groups is None else groups.size
    if groups is not None and groups.size == 1:
        return "i_mr", "each subgroup holds a single value"
    if size is None:
        return "xbar_s", "measured values come in subgroups of different sizes"
    if given.sds is not None or has_sbar:
        return "xbar_s", "the variation is given as standard deviations"
    if has_rbar or given.ranges is not None or size <= LARGEST_FOR_RANGE:
        return "xbar_r", f"measured values come in subgroups of {size}, where ranges tell enough"
    return "xbar_s", (
        f"measured values come in subgroups of {size}, where standard deviations tell more than "
        "ranges"
    )


def independence(values: FloatArray) -> Check:
    """Lag-one autocorrelation against its limit of two standard errors."""
    if values.size < 8:
        return Check(
            name="independence in time", status="unknown", detail="too few values to judge"
        )
    centred = values - values.mean()
    largest = float(np.abs(centred).max())
    # Squares of the smallest numbers there are would vanish.
    centred = centred / largest if largest > 0 else centred
    total = float(np.sum(centred * centred))
    if total == 0:
        return Check(name="independence in time", status="unknown", detail="the values do not vary")
    lag1 = float(np.sum(centred[1:] * centred[:-1])) / total
    bound = 2 / math.sqrt(values.size)
    if lag1 > bound:
        return Check(
            name="independence in time",
            status="violated",
            detail=f"lag-one autocorrelation {lag1:.2f} (above {bound:.2f}): neighbouring values "
            "are alike, which makes the limits too narrow",
        )
    return Check(
        name="independence in time", status="ok", detail=f"lag-one autocorrelation {lag1:.2f}"
    )
