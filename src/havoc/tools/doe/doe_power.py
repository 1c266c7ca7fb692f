"""Power of a two-level design: is an effect of this size found, and with how many runs?

An effect is the difference of the means at the high and the low level. In an
orthogonal two-level design of N runs its standard error is two sigma over root N, so
its t statistic has the noncentrality effect x root N / (2 sigma).

Sources: Montgomery, Design and Analysis of Experiments, chapter 6; R. V. Lenth (2001),
The American Statistician 55, 187; R. E. Wheeler (1974), Technometrics 16, 193.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from scipy import optimize, special, stats

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Name, Unit
from havoc.tools.result import Narrative, Outcome, Recomputed

MOST_FACTORS, MOST_RUNS, MOST_REPLICATES = 15, 100_000, 100_000
USUAL_POWER = 0.8
# Noncentrality beyond the critical value at which the power is one to the last digit.
_CERTAIN = 40.0
_Model = Literal["auto", "main", "interactions", "full"]


class PowerAt(msgspec.Struct, frozen=True, kw_only=True):
    """Power for one effect."""

    effect: float
    power: float


class DoePower(Outcome):
    """``runs`` is the number of all factorial runs, ``base_runs`` that of one replicate.

    ``effect_size`` is the effect in standard deviations, ``standard_error`` that of an
    effect. Without degrees of freedom for error ``error_df`` is absent and sigma
    counts as known. ``effect_for_usual_power`` is the effect found in four of five
    experiments.
    """

    solved_for: str
    power: float
    effect: float
    effect_size: float
    sigma: float
    runs: int
    base_runs: int
    replicates: int
    center_points: int
    model: str
    model_terms: int
    standard_error: float
    noncentrality: float
    critical_t: float
    alpha: float
    enough: bool
    wanted_power: float
    usual_power: float
    effect_for_usual_power: float
    table: list[PowerAt]
    n_factors: int | None = None
    error_df: int | None = None
    name: str = ""


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A design and its model; the replicates vary."""

    base: int
    factors: int | None
    center_points: int
    blocks: int
    model: str
    sigma: float
    alpha: float

    def model_for(self, replicates: int) -> str:
        if self.model != "auto":
            return self.model
        return "full" if replicates > 1 else "main"

    def terms(self, replicates: int) -> int:
        """Effects in the model (without the mean)."""
        kind = self.model_for(replicates)
        columns = self.base - 1
        if kind == "full" or self.factors is None:
            return columns
        count = self.factors
        if kind == "interactions":
            count += math.comb(self.factors, 2)
        return min(count, columns)

    def error_df(self, replicates: int) -> int:
        curvature = 1 if self.center_points else 0
        total = self.base * replicates + self.center_points
        return total - 1 - self.terms(replicates) - curvature - (self.blocks - 1)

    def critical(self, replicates: int) -> float:
        df = self.error_df(replicates)
        if df > 0:
            return float(stats.t.isf(self.alpha / 2, df))
        return float(special.ndtri(1 - self.alpha / 2))

    def noncentrality(self, effect: float, replicates: int) -> float:
        return effect / (2 * self.sigma) * math.sqrt(self.base * replicates)

    def power(self, effect: float, replicates: int) -> float:
        shift, critical = self.noncentrality(effect, replicates), self.critical(replicates)
        if shift - critical > _CERTAIN:
            return 1.0
        df = self.error_df(replicates)
        if df <= 0:
            return float(special.ndtr(shift - critical) + special.ndtr(-shift - critical))
        upper = float(stats.nct.sf(critical, df, shift))
        lower = float(stats.nct.cdf(-critical, df, shift))
        return min(upper + (lower if math.isfinite(lower) else 0.0), 1.0)

    def effect(self, power: float, replicates: int) -> float:
        unit = 2 * self.sigma / math.sqrt(self.base * replicates)
        high = unit
        while self.power(high, replicates) < power:
            high *= 2
            if high > 1e12 * unit:
                raise InputError(
                    f"a power of {power:g} is out of reach",
                    where="power",
                    remedy="lower the power or raise the runs",
                )
        return float(
            optimize.brentq(lambda e: self.power(e, replicates) - power, 0.0, high, rtol=1e-12)
        )


@tool(
    "doe_power",
    title="Power of a two-level design",
    source="Montgomery, Design and Analysis of Experiments; Lenth (2001)",
)
def doe_power(
    n_factors: Annotated[
        Annotated[int, Meta(ge=1, le=63)] | None, Meta(description="number of two-level factors")
    ] = None,
    runs: Annotated[
        Annotated[int, Meta(ge=2, le=MOST_RUNS)] | None,
        Meta(description="runs of one replicate of the design; 2^k of a full factorial if absent"),
    ] = None,
    replicates: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_REPLICATES)] | None,
        Meta(description="how often the design is run; solved for if effect and power are given"),
    ] = None,
    effect: Annotated[
        float | list[float] | None,
        Meta(description="effect to find, mean at high minus mean at low; solved for if absent"),
    ] = None,
    sigma: Annotated[
        float, Meta(gt=0, description="standard deviation of the error; 1 puts effects in sigma")
    ] = 1.0,
    power: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None, Meta(description="wanted chance to find it")
    ] = None,
    alpha: Alpha = 0.05,
    center_points: Annotated[int, Meta(ge=0, le=1000, description="center runs in all")] = 0,
    blocks: Annotated[int, Meta(ge=1, le=1000, description="number of blocks")] = 1,
    model: Annotated[
        _Model,
        Meta(
            description="terms that are fitted: main effects, with two-factor interactions, or "
            "all; auto takes all in a replicated design and main effects otherwise"
        ),
    ] = "auto",
    name: Name = "the design",
    unit: Unit = "",
) -> DoePower:
    """Does a two-level design find an effect of this size, and how many runs does it take?

    Use it before full or fractional factorials and Plackett-Burman designs. Two of
    effect, power and replicates decide the third; runs fixes the size. The test is
    two-sided, exact by the noncentral t distribution. Assumes an orthogonal
    design, independent normal errors and a sigma that covers the whole error from
    run to run, not the repeat measurement alone.
    """
    plan = _plan(n_factors, runs, sigma, alpha, center_points, blocks, model)
    effects = [abs(e) for e in (effect if isinstance(effect, list) else [effect]) if e is not None]
    if not all(math.isfinite(e) and e > 0 for e in effects):
        raise InputError("an effect must be above zero", where="effect", remedy="give its size")
    if power is not None and power <= alpha:
        raise InputError(
            f"power {power:g} is not above the significance level {alpha:g}",
            where="power",
            remedy="0.8 or 0.9 are usual",
        )
    if not effects and power is None and effect is not None:
        raise InputError("no effect given", where="effect", remedy="give its size")
    if effects and power is not None and replicates is None and runs is None:
        solved, times = "replicates", _replicates(plan, min(effects), power)
    elif effects:
        solved, times = "power", replicates or 1
    else:
        solved, times = "effect", replicates or 1
        effects = [plan.effect(USUAL_POWER if power is None else power, times)]
    if plan.base * times > 1e9:
        raise InputError("more than 1e9 runs", where="replicates", remedy="give fewer")
    return _result(plan, solved, effects, times, power, name, unit)


def _plan(
    factors: int | None,
    runs: int | None,
    sigma: float,
    alpha: float,
    center_points: int,
    blocks: int,
    model: str,
) -> _Plan:
    if factors is None and runs is None:
        raise InputError(
            "neither factors nor runs are given",
            where="n_factors, runs",
            remedy="give the number of factors, the runs, or both",
        )
    if not math.isfinite(sigma):
        raise InputError("sigma must be a finite number", where="sigma", remedy="give a number")
    if runs is None:
        assert factors is not None
        if factors > MOST_FACTORS:
            raise InputError(
                f"a full factorial of {factors} factors has too many runs",
                where="n_factors",
                remedy="give the runs of the fraction",
            )
        runs = 2**factors
    if runs != 2 and runs % 4:
        raise InputError(
            f"an orthogonal two-level design has no {runs} runs",
            where="runs",
            remedy="use 2, 4, 8, 12, 16 or another multiple of four; replicates come on top",
        )
    if factors is not None and runs < factors + 1:
        raise InputError(
            f"{runs} runs cannot estimate {factors} main effects",
            where="runs",
            remedy=f"use {4 * math.ceil((factors + 1) / 4)} runs or more",
        )
    return _Plan(
        base=runs,
        factors=factors,
        center_points=center_points,
        blocks=blocks,
        model=model,
        sigma=sigma,
        alpha=alpha,
    )


def _replicates(plan: _Plan, effect: float, power: float) -> int:
    """Least number of replicates; one that leaves no error is passed over."""

    def reached(times: int) -> bool:
        return plan.error_df(times) > 0 and plan.power(effect, times) >= power

    low, high = 0, 1
    while not reached(high):
        low, high = high, 2 * high
        if high > MOST_REPLICATES:
            raise InputError(
                f"more than {MOST_REPLICATES} replicates would be needed",
                where="effect",
                remedy="the effect is too small for this sigma; check both",
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _result(
    plan: _Plan,
    solved: str,
    effects: list[float],
    times: int,
    wanted: float | None,
    name: str,
    unit: str,
) -> DoePower:
    table = [PowerAt(effect=value, power=plan.power(value, times)) for value in effects]
    smallest = min(table, key=lambda row: row.effect)
    target = USUAL_POWER if wanted is None else wanted
    df = plan.error_df(times)
    kind = plan.model_for(times)
    result = DoePower(
        method="two-sided test of an effect, exact noncentral t, "
        + (f"{df} degrees of freedom for error" if df > 0 else "sigma taken as known (normal)")
        + f", model: {'all terms of the base design' if kind == 'full' else kind}",
        unit=unit,
        name=name,
        solved_for=solved,
        power=smallest.power,
        effect=smallest.effect,
        effect_size=smallest.effect / plan.sigma,
        sigma=plan.sigma,
        runs=plan.base * times,
        base_runs=plan.base,
        replicates=times,
        n_factors=plan.factors,
        center_points=plan.center_points,
        model=kind,
        model_terms=plan.terms(times),
        error_df=df if df > 0 else None,
        standard_error=2 * plan.sigma / math.sqrt(plan.base * times),
        noncentrality=plan.noncentrality(smallest.effect, times),
        critical_t=plan.critical(times),
        alpha=plan.alpha,
        wanted_power=target,
        enough=smallest.power >= target * (1 - 1e-9),
        usual_power=USUAL_POWER,
        effect_for_usual_power=plan.effect(max(USUAL_POWER, 1.01 * plan.alpha), times)
        if plan.alpha < USUAL_POWER
        else smallest.effect,
        table=table,
    )
    if df <= 0:
        result.warnings.append(
            "the model leaves no degrees of freedom for error, so sigma counts as known; tests "
            "from the data (Lenth) find less: replicate, add center points or fit fewer terms"
        )
    elif df < 4:
        result.warnings.append(
            f"{df} degrees of freedom for error make a weak test; a few replicates help most"
        )
    if plan.model_for(times) == "main" and plan.factors is not None:
        result.warnings.append(
            "the power holds if interactions are left out of the model; every term that is fitted "
            "takes a degree of freedom"
        )
    result.charts = [_curve(plan, result, times)]
    return result


def _curve(plan: _Plan, result: DoePower, times: int) -> ChartSpec:
    top = 1.3 * max(result.effect_for_usual_power, *(row.effect for row in result.table))
    x = [top * i / 40 for i in range(1, 41)]
    return ChartSpec(
        kind="power_curve",
        title=f"{result.name}: larger effects are found more surely",
        panels=[
            Panel(
                x_label=f"effect in {result.unit}" if result.unit else "effect",
                y_label="power",
                series=[
                    Series(name="power", kind="line", x=x, y=[plan.power(e, times) for e in x]),
                    Series(
                        name="asked for",
                        kind="points",
                        x=[row.effect for row in result.table],
                        y=[row.power for row in result.table],
                    ),
                ],
                limits=[Limit(label="wanted power", role="reference", value=result.wanted_power)],
            )
        ],
    )


@doe_power.narrates
def _narrate(result: DoePower) -> Narrative:
    size = "{{runs}} runs"
    if result.replicates > 1:
        size += " ({{replicates}} replicates of {{base_runs}})"
    if result.solved_for == "replicates":
        conclusion = (
            f"{{{{replicates}}}} replicates are needed, {size} in all, to find an effect of "
            "{{effect:unit}} with a power of {{power:%}}"
        )
    elif result.solved_for == "effect":
        conclusion = (
            f"With {size} the smallest effect that is found with a power of {{{{power:%}}}} is "
            "{{effect:unit}}"
        )
    else:
        verdict = "are enough" if result.enough else "are not enough"
        conclusion = (
            f"{size} {verdict}: an effect of {{{{effect:unit}}}} is found with a power of "
            "{{power:%}} ({{wanted_power:%}} is wanted)"
        )
    details = [
        "The effect is {{effect_size}} standard deviations; an effect is estimated with a standard "
        "error of {{standard_error:unit}}, tested at {{alpha:%}}."
    ]
    if result.solved_for == "power":
        details.append(
            "An effect of {{effect_for_usual_power:unit}} would be found with a power of "
            "{{usual_power:%}}."
        )
    details.extend(
        f"An effect of {{{{table.{i}.effect:unit}}}} is found with a power of "
        f"{{{{table.{i}.power:%}}}}."
        for i in range(min(len(result.table), 10))
        if len(result.table) > 1
    )
    return Narrative(
        conclusion=conclusion + ".",
        details=details,
        key_figures=[
            ("power", "{{power:%}}"),
            ("effect", "{{effect:unit}}"),
            ("runs", "{{runs}}"),
            ("replicates", "{{replicates}}"),
            *([("degrees of freedom for error", "{{error_df}}")] if result.error_df else []),
        ],
    )


@doe_power.verifies
def _verify(result: DoePower, **_: object) -> list[Recomputed]:
    """The same power by the noncentral F distribution with one degree of freedom."""
    if result.error_df is None or result.noncentrality > _CERTAIN:
        return []
    missed = float(
        special.ncfdtr(1, result.error_df, result.noncentrality**2, result.critical_t**2)
    )
    return [
        Recomputed(
            name="power",
            value=result.power,
            recomputed=1 - missed,
            route="noncentral F with one numerator degree of freedom",
        )
    ]
