"""Signal-to-noise ratios of a Taguchi experiment, and the best level of each factor.

Source: G. Taguchi, System of Experimental Design (1987); M. S. Phadke, Quality
Engineering Using Robust Design (1989), chapters 3 and 5; NIST/SEMATECH
e-Handbook 5.5.6.
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.factors import Factor, FactorCount, Factors, named_factors
from havoc.tools.doe.levels import sorted_levels, with_levels
from havoc.tools.doe.orthogonal_arrays import LEVELS, IntArray, orthogonal_array
from havoc.tools.doe.taguchi import ArrayName, columns_for
from havoc.tools.doe.taguchi_result import (
    FORMULAS,
    FactorResponse,
    Goal,
    LevelMean,
    TaguchiAnalysis,
    level_chart,
    narrate,
    run_chart,
)
from havoc.tools.parameters import FloatArray, as_sample
from havoc.tools.result import Recomputed


@tool(
    "taguchi_analyze",
    title="Signal-to-noise analysis of a Taguchi experiment",
    source="Phadke (1989), Quality Engineering Using Robust Design; NIST/SEMATECH e-Handbook 5.5.6",
)
def taguchi_analyze(
    goal: Annotated[Goal, Meta(description="what is wanted of the response")],
    response: Annotated[
        list[float | list[float]],
        Meta(
            description="one list of repeats a run, or one value a run, or repeats of one setting"
        ),
    ] = [],  # noqa: B006
    means: Annotated[list[float], Meta(description="instead: mean of every run")] = [],  # noqa: B006
    sds: Annotated[list[float], Meta(description="standard deviation of every run")] = [],  # noqa: B006
    array: Annotated[ArrayName, Meta(description="orthogonal array of the runs")] | None = None,
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    columns: Annotated[
        list[int], Meta(description="array column of each factor, from one; as taguchi if none")
    ] = [],  # noqa: B006
    target: Annotated[float, Meta(description="nominal value of the response")] | None = None,
) -> TaguchiAnalysis:
    """Which setting is the most robust: signal-to-noise ratios and the best factor levels?

    Use it for the runs of an orthogonal array, in its standard order, with
    repeats under noise where there are any; or for the repeats of a single
    setting. Assumes that the factors add up (no interactions). Smaller and
    larger is better need positive data; nominal is best needs repeats.
    """
    where = "taguchi_analyze"
    repeats = _repeats(response, array, where) if response else []
    if repeats:
        n = sum(map(len, repeats))
        mean = np.array([values.mean() for values in repeats])
        sd = [float(values.std(ddof=1)) if len(values) > 1 else None for values in repeats]
        sn = np.array([signal_to_noise(values, goal, f"{where} response") for values in repeats])
    else:
        n = len(means)
        mean, sd, sn = _of_summaries(means, sds, goal, where)
    result = TaguchiAnalysis(
        method=f"S/N ratio, {FORMULAS[goal]}",
        goal=goal,
        n=n,
        runs=len(sn),
        sn=sn.tolist(),
        means=mean.tolist(),
        sds=list(sd),
        overall_mean=float(mean.mean()),
        mean_sn=float(sn.mean()),
        target=target,
        distance_from_target=float(mean.mean()) - target if target is not None else None,
    )
    if len(sn) == 1:
        result.sn_ratio = float(sn[0])
        return result
    result.best_run = int(np.argmax(sn)) + 1
    if array is None and not factors and n_factors is None:
        result.charts = [run_chart(sn)]
        return result
    _add_factors(result, sn, mean, array, factors, n_factors, columns, where)
    if repeats and all(len(values) == 1 for values in repeats):
        result.warnings.append(
            "one value a run: the S/N ratio then only restates the response and shows no noise"
        )
    return result


taguchi_analyze.narrates(narrate)


@taguchi_analyze.verifies
def _recompute(
    result: TaguchiAnalysis,
    response: list[float | list[float]],
    array: str | None = None,
    **_: object,
) -> list[Recomputed]:
    """S/N by natural logarithms of plain sums; predicted S/N from the best level means."""
    checks = []
    for run, values in enumerate(_repeats(response, array, "response") if response else []):
        plain = values.tolist()
        if result.goal == "nominal":
            center = math.fsum(plain) / len(plain)
            spread = math.fsum((value - center) ** 2 for value in plain) / (len(plain) - 1)
            again = 10 * math.log(center * center / spread) / math.log(10)
        else:
            power = 2 if result.goal == "smaller" else -2
            again = -10 * math.log(math.fsum(v**power for v in plain) / len(plain)) / math.log(10)
        checks.append(
            Recomputed(
                name=f"sn.{run}",
                value=result.sn[run],
                recomputed=again,
                route="natural logarithm of plain sums",
            )
        )
        if run >= 31:
            break
    if result.factors is not None and result.predicted_sn is not None:
        total = math.fsum(max(level.sn for level in item.levels) for item in result.factors)
        again = total - (len(result.factors) - 1) * math.fsum(result.sn) / result.runs
        checks.append(
            Recomputed(
                name="predicted_sn",
                value=result.predicted_sn,
                recomputed=again,
                route="sum of the best level means less the repeated overall mean",
            )
        )
    return checks


def signal_to_noise(values: FloatArray, goal: Goal, where: str) -> float:
    """S/N ratio of the repeats of one run, in decibels."""
    if goal == "nominal":
        if len(values) < 2:
            raise InputError(
                "nominal is best needs at least 2 repeats of every run",
                where=where,
                remedy="give the repeats, or the mean and standard deviation of each run",
            )
        return _nominal(float(values.mean()), float(values.std(ddof=1)), where)
    if goal == "larger" and np.any(values <= 0):
        raise InputError(
            "larger is better needs values above 0", where=where, remedy="give positive values"
        )
    if goal == "smaller" and np.any(values < 0):
        raise InputError(
            "smaller is better needs values of 0 or more",
            where=where,
            remedy="give the distance from the ideal, without sign",
        )
    mean = float(np.mean(values**2 if goal == "smaller" else values**-2.0))
    if mean == 0:
        raise InputError(
            "all values of a run are 0, so its S/N ratio is infinite",
            where=where,
            remedy="measure with a finer resolution",
        )
    return -10 * math.log10(mean)


def _nominal(mean: float, sd: float, where: str) -> float:
    if sd <= 0 or mean == 0:
        raise InputError(
            "a run has no spread, so its S/N ratio is infinite"
            if sd <= 0
            else "the mean of a run is 0, so its S/N ratio is not defined",
            where=where,
            remedy="measure with a finer resolution" if sd <= 0 else "analyse the variance instead",
        )
    return 10 * math.log10(mean**2 / sd**2)


def _repeats(
    response: list[float | list[float]], array: str | None, where: str
) -> list[FloatArray]:
    """Repeats of every run. Values without runs are repeats of one setting, unless an array with
    as many runs is given."""
    place = f"{where} response"
    rows = [item for item in response if isinstance(item, list)]
    if rows and len(rows) != len(response):
        raise InputError(
            "some runs are lists and others single values",
            where=place,
            remedy="give one list of repeats for every run",
        )
    if rows:
        return [as_sample(row, f"{place}, run {run}") for run, row in enumerate(rows, 1)]
    values = as_sample([item for item in response if not isinstance(item, list)], place)
    if array is not None and len(values) % int(array[1:]) == 0:
        return list(values.reshape(int(array[1:]), -1))
    if array is not None:
        raise InputError(
            f"{len(values)} values for the {array[1:]} runs of {array}",
            where=place,
            remedy="give one list of repeats for every run",
        )
    return [values]


def _of_summaries(
    means: list[float], sds: list[float], goal: Goal, where: str
) -> tuple[FloatArray, list[float | None], FloatArray]:
    if not means or len(means) != len(sds):
        raise InputError(
            "the responses are missing"
            if not means
            else f"{len(means)} means but {len(sds)} standard deviations",
            where=where,
            remedy="give the response of every run, or its mean and standard deviation",
        )
    if goal != "nominal":
        raise InputError(
            "means and standard deviations are enough for nominal is best only",
            where=where,
            remedy="give the single values",
        )
    mean = as_sample(means, f"{where} means")
    sd = as_sample(sds, f"{where} sds")
    sn = [_nominal(m, s, f"{where} sds") for m, s in zip(mean.tolist(), sd.tolist(), strict=True)]
    return mean, list(sd.tolist()), np.array(sn)


def _add_factors(
    result: TaguchiAnalysis,
    sn: FloatArray,
    mean: FloatArray,
    array: str | None,
    factors: Factors,
    n_factors: int | None,
    columns: list[int],
    where: str,
) -> None:
    """Level means of every factor, and the best setting."""
    name = array or next((name for name in LEVELS if int(name[1:]) == len(sn)), None)
    if name is None or int(name[1:]) != len(sn):
        raise InputError(
            f"{len(sn)} runs, but {name or 'a standard array'} has "
            f"{name[1:] if name else 'another number of'} runs",
            where=f"{where} response",
            remedy="give the response of every run of the array, in its order",
        )
    if not factors and n_factors is None:
        n_factors = len(LEVELS[name])
    listed = named_factors(factors, n_factors, where=where, minimum=1, maximum=31)
    if not columns:
        # Factors that are only named take the levels of the columns they would stand on.
        usual = LEVELS[name][-1]
        sizes = [len(item.levels) or item.n_levels or usual for item in listed]
        if not factors and len(set(LEVELS[name])) > 1:
            sizes = LEVELS[name][: len(listed)]
        columns = columns_for(name, sizes, where)
    if len(columns) != len(listed) or not all(1 <= c <= len(LEVELS[name]) for c in columns):
        raise InputError(
            f"columns {', '.join(map(str, columns))} do not fit {len(listed)} factors on {name}",
            where=f"{where} columns",
            remedy=f"give one column from 1 to {len(LEVELS[name])} for each factor",
        )
    matrix = orthogonal_array(name)
    rows = [
        _factor_response(factor, matrix[:, column - 1], LEVELS[name][column - 1], sn, mean)
        for factor, column in zip(listed, columns, strict=True)
    ]
    ranked = sorted(rows, key=lambda row: -row.delta)
    result.array = name
    result.factors = [msgspec.structs.replace(row, rank=ranked.index(row) + 1) for row in rows]
    result.best_levels = {row.name: row.best_level for row in rows}
    result.strongest = ranked[0].name
    best = [next(level for level in row.levels if level.best) for row in rows]
    result.predicted_sn = result.mean_sn + math.fsum(level.sn - result.mean_sn for level in best)
    result.predicted_mean = result.overall_mean + math.fsum(
        level.mean - result.overall_mean for level in best
    )
    result.warnings = [
        "the best levels rest on main effects only; confirm them by a run at this setting"
    ]
    result.charts = [level_chart(result.factors)]


def _factor_response(
    factor: Factor, column: IntArray, count: int, sn: FloatArray, mean: FloatArray
) -> FactorResponse:
    if factor.levels or factor.low is not None:
        levels = sorted_levels(with_levels(factor, count)).levels
    else:
        levels = [float(level) for level in range(1, count + 1)]
    sn_means = [float(sn[column == level].mean()) for level in range(1, count + 1)]
    means = [float(mean[column == level].mean()) for level in range(1, count + 1)]
    best = int(np.argmax(sn_means))
    total = float(((sn - sn.mean()) ** 2).sum())
    own = math.fsum(
        float(np.sum(column == level)) * (value - float(sn.mean())) ** 2
        for level, value in enumerate(sn_means, 1)
    )
    return FactorResponse(
        name=factor.name,
        levels=[
            LevelMean(level=level, sn=value, mean=average, best=index == best)
            for index, (level, value, average) in enumerate(
                zip(levels, sn_means, means, strict=True)
            )
        ],
        delta=max(sn_means) - min(sn_means),
        rank=0,
        best_level=levels[best],
        share=own / total if total > 0 else None,
    )
