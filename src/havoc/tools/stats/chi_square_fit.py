"""Do counts follow given proportions, or a Poisson distribution?

Sources: K. Pearson (1900); NIST/SEMATECH e-Handbook 1.3.5.15.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Positive
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE


class GoodnessOfFit(Outcome):
    """``largest`` names the class that adds most to chi-square.

    ``rate`` is the Poisson mean, fitted or given; ``dispersion_index`` is
    variance over mean, 1 for a Poisson distribution.
    """

    chi2: float
    df: float
    p_value: float
    significant: bool
    alpha: float
    n: float
    class_count: int
    hypothesis: str
    categories: list[str]
    observed: list[float]
    expected: list[float]
    contributions: list[float]
    residuals: list[float]
    smallest_expected: float
    largest: str
    largest_excess: bool
    cohen_w: float
    rate: float | None = None
    dispersion_index: float | None = None


MOST_CLASSES = 10_000


@tool(
    "chi_square_fit",
    title="Chi-square test of fit",
    source="Pearson (1900); NIST/SEMATECH e-Handbook 1.3.5.15",
)
def chi_square_fit(
    observed: Annotated[
        list[Annotated[float, Meta(ge=0)]], Meta(description="count of each class")
    ],
    expected: Annotated[
        list[Annotated[float, Meta(gt=0)]] | None,
        Meta(description="expected counts, or proportions, or a ratio such as 9 3 3 1"),
    ] = None,
    distribution: Annotated[
        Literal["uniform", "poisson"],
        Meta(description="what is expected where no expected list is given"),
    ] = "uniform",
    values: Annotated[
        list[int] | None,
        Meta(description="Poisson: the number that each class stands for; default 0 1 2 …"),
    ] = None,
    rate: Annotated[
        Positive | None, Meta(description="Poisson: a given mean; fitted if left out")
    ] = None,
    pool: Annotated[
        bool, Meta(description="merge neighbouring classes until each expects 5 or more")
    ] = False,
    categories: Annotated[list[str] | None, Meta(description="name of each class")] = None,
    alpha: Alpha = 0.05,
) -> GoodnessOfFit:
    """Do counts by class follow what is expected?

    Use it for weekdays, colours, defect types against equal or given shares,
    or for how often 0, 1, 2 … events occurred against a Poisson distribution
    (the last class includes all higher numbers). Assumes independent items and
    expected counts of 5 or more; a fitted rate costs one degree of freedom.
    """
    counts = np.asarray(observed, dtype=np.float64)
    _check_counts(counts)
    warnings: list[str] = []
    fitted_rate: float | None = None
    dispersion: float | None = None
    fitted = 0
    if expected is not None:
        reference = _given(counts, expected, warnings)
        names = _names(categories, counts.size)
        hypothesis = "the given proportions"
    elif distribution == "poisson":
        numbers = _numbers(values, counts.size)
        fitted_rate, dispersion = _poisson_moments(counts, numbers)
        fitted = 1 if rate is None else 0
        fitted_rate = fitted_rate if rate is None else rate
        reference = counts.sum() * _poisson_shares(numbers, fitted_rate)
        names = categories or [
            *[str(number) for number in numbers[:-1]],
            f"{numbers[-1]} or more",
        ]
        names = _names(names, counts.size)
        hypothesis = "a Poisson distribution"
    else:
        reference = np.full(counts.size, counts.sum() / counts.size)
        names = _names(categories, counts.size)
        hypothesis = "equal shares"
    if pool:
        counts, reference, names = _pooled(counts, reference, names)
    df = float(counts.size - 1 - fitted)
    if df < 1:
        raise InputError(
            f"{counts.size} classes leave no degree of freedom",
            where="observed",
            remedy="give more classes",
        )
    contributions = (counts - reference) ** 2 / reference
    chi2 = math.fsum(contributions.tolist())
    p_value = float(special.chdtrc(df, chi2))
    check = _expected_check(reference)
    if check.status == "violated":
        warnings.append(f"{check.detail}: merge classes (pool) before trusting the p-value")
    worst = int(np.argmax(contributions))
    return GoodnessOfFit(
        method="Pearson chi-square test of fit"
        + (", rate fitted from the counts" if fitted else ""),
        chi2=chi2,
        df=df,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        n=float(counts.sum()),
        class_count=counts.size,
        hypothesis=hypothesis,
        categories=names,
        observed=counts.tolist(),
        expected=reference.tolist(),
        contributions=contributions.tolist(),
        residuals=((counts - reference) / np.sqrt(reference)).tolist(),
        smallest_expected=float(reference.min()),
        largest=names[worst],
        largest_excess=bool(counts[worst] > reference[worst]),
        cohen_w=math.sqrt(chi2 / float(counts.sum())),
        rate=fitted_rate,
        dispersion_index=dispersion,
        assumptions=[check, INDEPENDENCE],
        warnings=warnings,
        charts=[_chart(counts, reference, names, hypothesis)],
    )


@chi_square_fit.narrates
def _narrate(result: GoodnessOfFit) -> Narrative:
    verdict = (
        "The counts do not follow {{hypothesis}}"
        if result.significant
        else "There is no evidence against {{hypothesis}}"
    )
    side = "more" if result.largest_excess else "fewer"
    details = [f"The largest departure is {{{{largest}}}}, with {side} counts than expected."]
    if result.rate is not None:
        details.append("The Poisson mean is {{rate}}; variance over mean is {{dispersion_index}}.")
    return Narrative(
        conclusion=f"{verdict} (chi-square = {{{{chi2}}}}, df = {{{{df}}}}, p {{{{p_value:p}}}}).",
        details=details,
        key_figures=[
            ("chi-square", "{{chi2}}"),
            ("degrees of freedom", "{{df}}"),
            ("p-value", "{{p_value}}"),
            ("smallest expected count", "{{smallest_expected}}"),
        ],
    )


@chi_square_fit.verifies
def _verify(result: GoodnessOfFit, **_: object) -> list[Recomputed]:
    # sum (O - E)^2 / E = sum O^2 / E - n, as both lists have the same sum.
    squares = [o * o / e for o, e in zip(result.observed, result.expected, strict=True)]
    return [
        Recomputed(
            name="chi2",
            value=result.chi2,
            recomputed=math.fsum(squares) - result.n,
            route="sum O² / E − n",
            atol=1e-12 * result.n,
        )
    ]


def _check_counts(counts: FloatArray) -> None:
    if counts.size < 2:
        raise InputError(
            "at least 2 classes are needed", where="observed", remedy="count two classes or more"
        )
    if counts.size > MOST_CLASSES:
        raise InputError(
            f"{counts.size} classes are more than {MOST_CLASSES}",
            where="observed",
            remedy="count how often each value occurs, and give those counts",
        )
    if not np.isfinite(counts).all() or (counts != np.round(counts)).any():
        raise InputError(
            "counts must be whole numbers",
            where="observed",
            remedy="enter counts, not percentages or measurements",
        )
    if counts.sum() == 0:
        raise InputError("all counts are 0", where="observed", remedy="enter the counts")


def _names(given: list[str] | None, count: int) -> list[str]:
    if given is None:
        return [f"class {i + 1}" for i in range(count)]
    if len(given) != count:
        raise InputError(
            f"{len(given)} names for {count} classes",
            where="categories",
            remedy="give as many names",
        )
    return list(given)


def _given(counts: FloatArray, expected: list[float], warnings: list[str]) -> FloatArray:
    """Expected counts as given, or scaled to the same total."""
    if len(expected) != counts.size:
        raise InputError(
            f"{len(expected)} expected but {counts.size} observed values",
            where="expected",
            remedy="give one for each class",
        )
    reference = np.asarray(expected, dtype=np.float64)
    total, wanted = math.fsum(expected), float(counts.sum())
    if not math.isfinite(total):
        raise InputError(
            "expected values must be finite",
            where="expected",
            remedy="give what each class should hold",
        )
    if abs(total - wanted) > 1e-9 * wanted and abs(total - 1) > 1e-6:
        warnings.append(
            f"expected values sum to {total:g}, observed to {wanted:g}: taken as a ratio"
        )
    return reference * (wanted / total)


def _numbers(values: list[int] | None, count: int) -> list[int]:
    if values is None:
        return list(range(count))
    if len(values) != count:
        raise InputError(
            f"{len(values)} values for {count} classes", where="values", remedy="give one for each"
        )
    if values[0] < 0 or any(b - a != 1 for a, b in itertools.pairwise(values)):
        raise InputError(
            "the values must be consecutive numbers from 0 or more",
            where="values",
            remedy="fill gaps with a count of 0",
        )
    return values


def _poisson_moments(counts: FloatArray, numbers: list[int]) -> tuple[float, float]:
    number = np.asarray(numbers, dtype=np.float64)
    n = float(counts.sum())
    mean = float(counts @ number) / n
    if mean == 0:
        raise InputError(
            "no event was counted, so no rate can be fitted",
            where="observed",
            remedy="look at more units, or use poisson_rate for a bound",
        )
    variance = float(counts @ (number - mean) ** 2) / (n - 1) if n > 1 else math.nan
    return mean, variance / mean


def _poisson_shares(numbers: list[int], rate: float) -> FloatArray:
    """Probability of each class; the first includes what is below, the last what is above."""
    number = np.asarray(numbers, dtype=np.float64)
    shares = np.exp(special.xlogy(number, rate) - rate - special.gammaln(number + 1))
    shares[0] = special.pdtr(numbers[0], rate)
    shares[-1] = special.pdtrc(numbers[-1] - 1, rate) if numbers[-1] > 0 else 1.0
    return np.asarray(shares)


def _pooled(
    counts: FloatArray, reference: FloatArray, names: list[str]
) -> tuple[FloatArray, FloatArray, list[str]]:
    """Merge each class below 5 expected into its inner neighbour, from both ends inwards."""
    observed, expected, labels = counts.tolist(), reference.tolist(), list(names)
    while len(expected) > 2 and min(expected) < 5:
        i = expected.index(min(expected))
        j = i - 1 if i > len(expected) / 2 or i == len(expected) - 1 else i + 1
        first, second = min(i, j), max(i, j)
        observed[first] += observed.pop(second)
        expected[first] += expected.pop(second)
        labels[first] = f"{labels[first]}, {labels.pop(second)}"
    return np.asarray(observed), np.asarray(expected), labels


def _expected_check(reference: FloatArray) -> Check:
    few = int((reference < 5).sum())
    smallest = float(reference.min())
    return Check(
        name="expected counts of 5 or more",
        status="violated" if few > 0.2 * reference.size or smallest < 1 else "ok",
        detail=f"{few} of {reference.size} expected counts below 5, the smallest {smallest:.3g}",
    )


def _chart(
    counts: FloatArray, reference: FloatArray, names: list[str], hypothesis: str
) -> ChartSpec:
    return ChartSpec(
        kind="observed_expected",
        title=f"Observed counts against {hypothesis}",
        panels=[
            Panel(
                y_label="count",
                x_scale="category",
                series=[
                    Series(name="observed", kind="bars", x=names, y=counts.tolist()),
                    Series(name="expected", kind="points", x=names, y=reference.tolist()),
                ],
            )
        ],
    )
