"""Are values normal? Shapiro-Wilk, Anderson-Darling, Lilliefors, Ryan-Joiner, and the plot.

Sources: S. S. Shapiro and M. B. Wilk (1965), algorithm of P. Royston (1995);
T. W. Anderson and D. A. Darling (1954), p-value by R. B. D'Agostino and
M. A. Stephens (1986), table 4.9; H. W. Lilliefors (1967), p-value by G. E.
Dallal and L. Wilkinson (1986); T. A. Ryan and B. L. Joiner (1976).
"""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import special, stats

from havoc.charts import ChartSpec, Panel, Series, decimate
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats import precise_sums

# Royston's approximation of the Shapiro-Wilk p-value ends here.
SHAPIRO_LIMIT = 5000
# The p-values of Anderson-Darling and Lilliefors start here (as nortest in R).
ANDERSON_FROM = 8
LILLIEFORS_FROM = 5


class Normality(Outcome):
    """``W`` and ``shapiro_W`` are the same figure; ``p_value`` is that of ``decided_by``.

    ``ryan_joiner_R`` is the correlation of the probability plot; below
    ``ryan_joiner_critical`` (5 % level) it speaks against normality. ``ryan_joiner_p`` is
    interpolated between the critical values at 10, 5 and 1 %, and ends there
    (``ryan_joiner_bound``: "at least" 0.1, "at most" 0.01), as in Minitab.
    """

    n: int
    name: str
    mean: float
    sd: float
    skewness: float
    kurtosis: float
    p_value: float
    significant: bool
    alpha: float
    decided_by: str
    ryan_joiner_R: float
    ryan_joiner_critical: float
    ryan_joiner_p: float
    ryan_joiner_bound: str
    W: float | None = None
    shapiro_W: float | None = None
    shapiro_p: float | None = None
    anderson_darling_A2: float | None = None
    anderson_darling_p: float | None = None
    lilliefors_D: float | None = None
    lilliefors_p: float | None = None


@tool(
    "normality",
    title="Normality tests",
    source="Royston (1995); D'Agostino and Stephens (1986); Dallal and Wilkinson (1986)",
)
def normality(
    data: Sample,
    method: Annotated[
        Literal["shapiro_wilk", "anderson_darling", "lilliefors", "ryan_joiner"],
        Meta(description="which test decides; all are reported"),
    ] = "shapiro_wilk",
    alpha: Alpha = 0.05,
    name: Name = "the data",
    unit: Unit = "",
) -> Normality:
    """Are the values compatible with a normal distribution?

    Use it before capability or tolerance figures that rest on normality. In
    small samples no test sees much, in very large ones every test rejects:
    read the probability plot with it. Assumes independent values.
    """
    sample = as_sample(data, "data", minimum=3, varying=True)
    centred = precise_sums.deviations(sample)
    n = centred.size
    sd = math.sqrt(math.fsum((centred * centred).tolist()) / (n - 1))
    z = np.sort(centred) / sd
    skewness = float(stats.skew(z))
    correlation = _ryan_joiner(z)
    plot_p, plot_bound = _ryan_joiner_p(correlation, n)
    result = Normality(
        method="",
        unit=unit,
        n=n,
        name=name,
        mean=precise_sums.mean(sample),
        sd=sd,
        skewness=skewness,
        kurtosis=float(stats.kurtosis(z)),
        p_value=math.nan,
        significant=False,
        alpha=alpha,
        decided_by="",
        ryan_joiner_R=correlation,
        ryan_joiner_critical=_ryan_joiner_critical(n),
        ryan_joiner_p=plot_p,
        ryan_joiner_bound=plot_bound,
        warnings=precise_sums.precision_warnings(sample),
        charts=[_probability_plot(sample, name, unit)],
    )
    if n <= SHAPIRO_LIMIT:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shapiro = stats.shapiro(z)
        result.W = result.shapiro_W = float(shapiro.statistic)
        result.shapiro_p = float(shapiro.pvalue)
    if n >= ANDERSON_FROM:
        result.anderson_darling_A2, result.anderson_darling_p = _anderson_darling(z)
    if n >= LILLIEFORS_FROM:
        result.lilliefors_D, result.lilliefors_p = _lilliefors(z)
    _decide(result, method)
    _add_warnings(result, sample)
    return result


@normality.narrates
def _narrate(result: Normality) -> Narrative:
    if result.significant:
        shape = " (long to the right)" if result.skewness > 0.5 else ""
        shape = " (long to the left)" if result.skewness < -0.5 else shape
        verdict = f"{{{{name}}}} do not look normal{shape}"
    else:
        verdict = "There is no evidence against normality of {{name}}"
    p_value = "p {{p_value:p}}"
    if result.decided_by == "Ryan-Joiner" and result.ryan_joiner_bound != "about":
        p_value = "p {{ryan_joiner_bound}} {{ryan_joiner_p}}"
    optional = [
        ("Shapiro-Wilk W", "{{shapiro_W}} (p {{shapiro_p:p}})", result.shapiro_W),
        (
            "Anderson-Darling",
            "{{anderson_darling_A2}} (p {{anderson_darling_p:p}})",
            result.anderson_darling_A2,
        ),
        ("Lilliefors D", "{{lilliefors_D}} (p {{lilliefors_p:p}})", result.lilliefors_D),
    ]
    return Narrative(
        conclusion=f"{verdict} ({{{{decided_by}}}}, n = {{{{n}}}}, {p_value}).",
        details=["Skewness is {{skewness}} and excess kurtosis {{kurtosis}}."],
        key_figures=[
            *[(label, text) for label, text, value in optional if value is not None],
            (
                "Ryan-Joiner R (probability-plot correlation)",
                "{{ryan_joiner_R}} (p {{ryan_joiner_bound}} {{ryan_joiner_p}})",
            ),
        ],
    )


@normality.verifies
def _verify(result: Normality, data: list[float], **_: object) -> list[Recomputed]:
    if result.anderson_darling_A2 is None or len(data) > 100_000:
        return []
    sample = np.sort(np.asarray(data, dtype=np.float64) - data[0])
    # A2 from the integral form: sums over pairs of log survival, written with erfc.
    z = (sample - sample.mean()) / sample.std(ddof=1)
    lower = np.log(special.erfc(-z / math.sqrt(2)) / 2)
    upper = np.log(special.erfc(z / math.sqrt(2)) / 2)
    if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
        return []
    i = np.arange(1, z.size + 1)
    a2 = -z.size - float(np.mean((2 * i - 1) * lower + (2 * (z.size - i) + 1) * upper))
    return [
        Recomputed(
            name="anderson_darling_A2",
            value=result.anderson_darling_A2,
            recomputed=a2,
            route="sum over each value with erfc",
            rtol=1e-5,
        )
    ]


def _decide(result: Normality, method: str) -> None:
    """Take the test asked for, or the first that this sample size allows."""
    available = [
        ("shapiro_wilk", "Shapiro-Wilk", result.shapiro_p),
        ("anderson_darling", "Anderson-Darling", result.anderson_darling_p),
        ("lilliefors", "Lilliefors", result.lilliefors_p),
    ]
    if method == "ryan_joiner":
        result.p_value, result.decided_by = result.ryan_joiner_p, "Ryan-Joiner"
        result.significant = result.ryan_joiner_R < result.ryan_joiner_critical
        if result.alpha != 0.05:
            result.significant = result.p_value < result.alpha
        result.method = (
            "Ryan-Joiner decides; its p-value is interpolated between critical values at the "
            "levels 0.1, 0.05 and 0.01 and ends there"
        )
        return
    chosen = [item for item in available if item[0] == method and item[2] is not None]
    chosen = chosen or [item for item in available if item[2] is not None]
    _, result.decided_by, p_value = chosen[0]
    result.p_value = math.nan if p_value is None else p_value
    result.significant = result.p_value < result.alpha
    result.method = f"{result.decided_by} decides; Anderson-Darling p by D'Agostino and Stephens"


def _add_warnings(result: Normality, sample: FloatArray) -> None:
    if result.n < 15:
        result.warnings.append(
            f"{result.n} values: only gross departures can be seen, so passing proves little"
        )
    if result.n > SHAPIRO_LIMIT:
        result.warnings.append(
            f"Shapiro-Wilk is not defined beyond {SHAPIRO_LIMIT} values; with {result.n} values "
            "even a trivial departure is significant: judge the plot"
        )
    distinct = np.unique(sample).size
    if distinct < min(result.n / 2, 10):
        result.warnings.append(
            f"only {distinct} different values: the resolution is coarse and tests reject for it"
        )


def _anderson_darling(z: FloatArray) -> tuple[float, float]:
    """A2 for estimated mean and sd, and the p-value of its small-sample form."""
    n = z.size
    i = np.arange(1, n + 1)
    a2 = -n - float(np.mean((2 * i - 1) * (special.log_ndtr(z) + special.log_ndtr(-z[::-1]))))
    a = a2 * (1 + 0.75 / n + 2.25 / n**2)
    if a < 0.2:
        p_value = 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a**2)
    elif a < 0.34:
        p_value = 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a**2)
    elif a < 0.6:
        p_value = math.exp(0.9177 - 4.279 * a - 1.38 * a**2)
    elif a < 10:
        p_value = math.exp(1.2937 - 5.709 * a + 0.0186 * a**2)
    else:
        p_value = 3.7e-24
    return a2, p_value


def _lilliefors(z: FloatArray) -> tuple[float, float]:
    """Largest distance of the distribution functions, and Dallal and Wilkinson's p-value."""
    n = z.size
    expected = special.ndtr(z)
    i = np.arange(1, n + 1)
    distance = float(max(np.max(i / n - expected), np.max(expected - (i - 1) / n)))
    scaled, size = distance, float(n)
    if n > 100:
        scaled, size = distance * (n / 100) ** 0.49, 100.0
    p_value = math.exp(
        -7.01256 * scaled**2 * (size + 2.78019)
        + 2.99587 * scaled * math.sqrt(size + 2.78019)
        - 0.122119
        + 0.974598 / math.sqrt(size)
        + 1.67997 / size
    )
    return distance, p_value if p_value <= 0.1 else _lilliefors_large(distance, n)


def _lilliefors_large(distance: float, n: int) -> float:
    """The p-value above 0.1 from Stephens' (1974) modified statistic."""
    k = (math.sqrt(n) - 0.01 + 0.85 / math.sqrt(n)) * distance
    if k <= 0.302:
        return 1.0
    if k <= 0.5:
        return 2.76773 - 19.828315 * k + 80.709644 * k**2 - 138.55152 * k**3 + 81.218052 * k**4
    if k <= 0.9:
        return -4.901232 + 40.662806 * k - 97.490286 * k**2 + 94.029866 * k**3 - 32.355711 * k**4
    if k <= 1.31:
        return 6.198765 - 19.558097 * k + 23.186922 * k**2 - 12.234627 * k**3 + 2.423045 * k**4
    return 0.0


def _scores(n: int) -> FloatArray:
    """Blom's normal scores."""
    return np.asarray(special.ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25)))


def _ryan_joiner(z: FloatArray) -> float:
    scores = _scores(z.size)
    return float(z @ scores / math.sqrt(float(z @ z) * float(scores @ scores)))


# Ryan and Joiner's approximations of the critical value: b0 + b1 / sqrt(n) + b2 / n + b3 / n^2.
_RYAN_JOINER = {
    0.1: (1.0071, -0.1371, -0.3682, 0.7780),
    0.05: (1.0063, -0.1288, -0.6118, 1.3505),
    0.01: (0.9963, -0.0211, -1.4106, 3.1791),
}


def _ryan_joiner_critical(n: int, level: float = 0.05) -> float:
    b0, b1, b2, b3 = _RYAN_JOINER[level]
    return b0 + b1 / math.sqrt(n) + b2 / n + b3 / n**2


def _ryan_joiner_p(correlation: float, n: int) -> tuple[float, str]:
    """Interpolated between the critical values; beyond them only a bound is known."""
    points = [(_ryan_joiner_critical(n, level), level) for level in _RYAN_JOINER]
    if correlation >= points[0][0]:
        return points[0][1], "at least"
    for (above, more), (below, less) in itertools.pairwise(points):
        if correlation >= below:
            return less + (more - less) * (correlation - below) / (above - below), "about"
    return points[-1][1], "at most"


def _probability_plot(sample: FloatArray, name: str, unit: str) -> ChartSpec:
    ordered = np.sort(sample)
    scores = _scores(ordered.size)
    mean, sd = float(ordered.mean()), float(ordered.std(ddof=1))
    shown = decimate(ordered.size)
    ends = [float(scores[0]), float(scores[-1])]
    return ChartSpec(
        kind="probability_plot",
        title=f"{name}: normal values would follow the line",
        panels=[
            Panel(
                x_label="normal score",
                y_label=unit or "value",
                series=[
                    Series(
                        name=name,
                        kind="points",
                        x=[float(scores[i]) for i in shown],
                        y=[float(ordered[i]) for i in shown],
                    ),
                    Series(name="normal", kind="line", x=ends, y=[mean + sd * end for end in ends]),
                ],
            )
        ],
        notes=[]
        if len(shown) == ordered.size
        else [f"{len(shown)} of {ordered.size} values are drawn"],
    )
