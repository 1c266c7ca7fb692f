"""Kruskal-Wallis and Friedman: several groups or treatments compared by ranks.

Sources: W. H. Kruskal and W. A. Wallis (1952); O. J. Dunn (1964), Technometrics
6, 241; M. Friedman (1937); P. B. Nemenyi (1963); Hollander and Wolfe (1999) 6, 7.
"""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
from scipy import special, stats

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Groups, Name, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.adjustments import adjusted
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.group_charts import individual_values
from havoc.tools.stats.range_distributions import studentized_range_sf
from havoc.tools.stats.rank_inputs import tie_sum


class RankedGroup(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    n: int
    median: float
    mean_rank: float


class RankComparison(msgspec.Struct, frozen=True, kw_only=True):
    """``difference`` is the mean rank of the first named of "B-A" minus that of the second."""

    pair: str
    difference: float
    z: float
    p_adjusted: float
    significant: bool


class KruskalWallis(Outcome):
    """``comparisons`` are Dunn's tests with Holm's adjustment."""

    H: float
    df: float
    p_value: float
    significant: bool
    alpha: float
    n: int
    group_count: int
    name: str
    epsilon_squared: float
    eta_squared_H: float
    highest: str
    lowest: str
    groups: list[RankedGroup]
    comparisons: list[RankComparison]
    different_pairs: list[str] = msgspec.field(default_factory=list)


class FriedmanTest(Outcome):
    """``chi2`` is Friedman's statistic with tie correction; ``kendall_w`` is the agreement.

    ``F_id`` is the Iman-Davenport statistic; ``comparisons`` are Nemenyi's.
    """

    chi2: float
    df: float
    p_value: float
    significant: bool
    alpha: float
    blocks: int
    group_count: int
    name: str
    kendall_w: float
    highest: str
    lowest: str
    groups: list[RankedGroup]
    comparisons: list[RankComparison]
    different_pairs: list[str] = msgspec.field(default_factory=list)
    F_id: float | None = None
    p_value_F_id: float | None = None


@tool(
    "kruskal_wallis",
    title="Kruskal-Wallis test",
    source="Kruskal and Wallis (1952); Dunn (1964)",
)
def kruskal_wallis(
    groups: Groups,
    alpha: Alpha = 0.05,
    name: Name = "group",
    unit: Unit = "",
) -> KruskalWallis:
    """Do several independent groups differ, whatever their distribution?

    Use it instead of one-way ANOVA for skewed values, ratings or outliers.
    Assumes independent values; as a test of medians, equal shapes. Chi-square
    approximation, corrected for ties.
    """
    samples = _samples(groups)
    sizes = [sample.size for sample in samples.values()]
    everything = np.concatenate(list(samples.values()))
    total = everything.size
    if np.ptp(everything) == 0:
        raise InputError("all values are equal", where="groups", remedy="there is nothing to rank")
    parts = np.split(stats.rankdata(everything), np.cumsum(sizes)[:-1])
    means = [math.fsum(part.tolist()) / part.size for part in parts]
    ties = tie_sum(everything)
    center = (total + 1) / 2
    between = math.fsum(n * (m - center) ** 2 for n, m in zip(sizes, means, strict=True))
    statistic = 12 / (total * (total + 1)) * between / (1 - ties / (total**3 - total))
    df = float(len(samples) - 1)
    p_value = float(special.chdtrc(df, statistic))
    variance = (total * (total + 1) - ties / (total - 1)) / 12
    comparisons = _dunn(list(samples), sizes, means, variance, alpha)
    ranked = _ranked(samples, means)
    small = min(sizes) < 5
    return KruskalWallis(
        method="Kruskal-Wallis, chi-square approximation with tie correction; Dunn with Holm",
        unit=unit,
        H=statistic,
        df=df,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        n=total,
        group_count=len(samples),
        name=name,
        epsilon_squared=statistic / (total - 1),
        eta_squared_H=max((statistic - df) / (total - df - 1), 0.0) if total > df + 1 else 0.0,
        highest=max(ranked, key=lambda item: item.mean_rank).name,
        lowest=min(ranked, key=lambda item: item.mean_rank).name,
        groups=ranked,
        comparisons=comparisons,
        different_pairs=[item.pair for item in comparisons if item.significant],
        assumptions=[
            Check(
                name="5 or more values in each group",
                status="violated" if small else "ok",
                detail=f"smallest group has {min(sizes)}; below 5 the chi-square is approximate",
            ),
            INDEPENDENCE,
        ],
        charts=[_chart(samples, f"Values by {name}, with the median of each", unit)],
    )


@kruskal_wallis.narrates
def _narrate_kruskal(result: KruskalWallis) -> Narrative:
    verdict = (
        "The groups differ: {{highest}} ranks highest and {{lowest}} lowest"
        if result.significant
        else "There is no evidence that the {{group_count}} groups differ"
    )
    return Narrative(
        conclusion=f"{verdict} (H = {{{{H}}}}, df = {{{{df}}}}, p {{{{p_value:p}}}}).",
        details=_pairs_sentence(result.different_pairs),
        key_figures=[
            *_medians(result.groups),
            ("H", "{{H}}"),
            ("p-value", "{{p_value}}"),
            ("effect size (epsilon squared)", "{{epsilon_squared}}"),
        ],
    )


@kruskal_wallis.verifies
def _verify_kruskal(
    result: KruskalWallis, groups: dict[str, list[float]], **_: object
) -> list[Recomputed]:
    peer = stats.kruskal(*[np.asarray(values) for values in groups.values()])
    return [
        Recomputed(
            name="H", value=result.H, recomputed=float(peer.statistic), route="scipy kruskal"
        )
    ]


@tool(
    "friedman",
    title="Friedman test",
    source="Friedman (1937); Nemenyi (1963); Hollander and Wolfe (1999) 7.1",
)
def friedman(
    groups: Groups | None = None,
    table: list[list[float]] | None = None,
    columns: list[str] | None = None,
    alpha: Alpha = 0.05,
    name: Name = "treatment",
    unit: Unit = "",
) -> FriedmanTest:
    """Do several treatments differ when each was tried in every block?

    Use it for ratings or skewed values: every person, batch or day (a block)
    gives one value to each treatment. ``groups`` holds the values of each
    treatment in the order of the blocks; or give ``table`` with a row for
    each block and the names of its columns. Assumes independent blocks.
    """
    samples = _samples(groups) if groups is not None else _columns(table, columns)
    sizes = {values.size for values in samples.values()}
    if len(sizes) != 1:
        raise InputError(
            "the treatments have different numbers of values",
            where="groups",
            remedy="give one value for each block and treatment",
        )
    values = np.column_stack(list(samples.values()))
    blocks, count = values.shape
    if blocks < 2:
        raise InputError(
            "at least 2 blocks are needed",
            where="groups",
            remedy="add blocks: rows that every treatment has",
        )
    ranks = stats.rankdata(values, axis=1)
    means = ranks.mean(axis=0)
    # A tie of t values takes (t^3 - t) / 12 off the sum of squared ranks of its block.
    full = blocks * count * (count + 1) * (2 * count + 1) / 6
    ties = 12 * (full - float(np.sum(ranks * ranks)))
    spread = float(np.sum((means - (count + 1) / 2) ** 2))
    scale = count * (count + 1) / 12 - ties / (12 * blocks * (count - 1))
    if scale <= 0:
        raise InputError(
            "within every block all values are equal",
            where="groups",
            remedy="there is nothing to rank",
        )
    statistic = blocks * spread / scale
    df = float(count - 1)
    p_value = float(special.chdtrc(df, statistic))
    agreement = statistic / (blocks * df)
    comparisons = _nemenyi(list(samples), means, blocks, alpha)
    ranked = _ranked(samples, means.tolist())
    result = FriedmanTest(
        method="Friedman, chi-square approximation with tie correction; Nemenyi comparisons",
        unit=unit,
        chi2=statistic,
        df=df,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        blocks=blocks,
        group_count=count,
        name=name,
        kendall_w=agreement,
        highest=max(ranked, key=lambda item: item.mean_rank).name,
        lowest=min(ranked, key=lambda item: item.mean_rank).name,
        groups=ranked,
        comparisons=comparisons,
        different_pairs=[item.pair for item in comparisons if item.significant],
        assumptions=[
            Check(
                name="enough blocks for the chi-square",
                status="ok" if blocks * count >= 30 else "violated",
                detail=f"{blocks} blocks of {count}",
            )
        ],
        charts=[_chart(samples, f"Values by {name}, with the median of each", unit)],
    )
    if agreement < 1:
        result.F_id = (blocks - 1) * agreement / (1 - agreement)
        result.p_value_F_id = float(special.fdtrc(df, df * (blocks - 1), result.F_id))
    return result


@friedman.narrates
def _narrate_friedman(result: FriedmanTest) -> Narrative:
    verdict = (
        "The treatments differ: {{highest}} ranks highest and {{lowest}} lowest"
        if result.significant
        else "There is no evidence that the {{group_count}} treatments differ"
    )
    return Narrative(
        conclusion=f"{verdict} (Friedman chi-square = {{{{chi2}}}}, df = {{{{df}}}}, "
        "p {{p_value:p}}).",
        details=[
            "Agreement of the {{blocks}} blocks is {{kendall_w}} (Kendall's W).",
            *_pairs_sentence(result.different_pairs),
        ],
        key_figures=[
            *_medians(result.groups),
            ("chi-square", "{{chi2}}"),
            ("p-value", "{{p_value}}"),
            ("Kendall's W", "{{kendall_w}}"),
        ],
    )


@friedman.verifies
def _verify_friedman(
    result: FriedmanTest,
    groups: dict[str, list[float]] | None,
    table: list[list[float]] | None,
    **_: object,
) -> list[Recomputed]:
    columns = list(groups.values()) if groups else np.asarray(table, dtype=np.float64).T.tolist()
    if len(columns) < 3:
        return []
    peer = stats.friedmanchisquare(*columns)
    return [
        Recomputed(
            name="chi2",
            value=result.chi2,
            recomputed=float(peer.statistic),
            route="scipy friedmanchisquare",
        )
    ]


def _samples(groups: dict[str, list[float]]) -> dict[str, FloatArray]:
    if len(groups) < 2:
        raise InputError(
            f"{len(groups)} group given, at least 2 needed",
            where="groups",
            remedy="name every group with its values",
        )
    return {name: as_sample(values, f"groups, {name}") for name, values in groups.items()}


def _columns(table: list[list[float]] | None, names: list[str] | None) -> dict[str, FloatArray]:
    if not table:
        raise InputError("give groups or table", where="friedman", remedy="give one of them")
    width = len(table[0])
    if any(len(row) != width for row in table):
        raise InputError(
            "the rows have different lengths",
            where="table",
            remedy="give every row the same number of values",
        )
    labels = names or [f"treatment {i + 1}" for i in range(width)]
    if len(labels) != width or len(set(labels)) != width:
        raise InputError(
            f"{len(labels)} names for {width} columns", where="columns", remedy="give as many names"
        )
    return _samples({label: [row[i] for row in table] for i, label in enumerate(labels)})


def _dunn(
    names: list[str], sizes: list[int], means: list[float], variance: float, alpha: float
) -> list[RankComparison]:
    pairs = [(j, i) for i, j in itertools.combinations(range(len(names)), 2)]
    scores = [
        (means[j] - means[i]) / math.sqrt(variance * (1 / sizes[i] + 1 / sizes[j]))
        for j, i in pairs
    ]
    p_values = adjusted([2 * float(special.ndtr(-abs(z))) for z in scores], "holm")
    return [
        RankComparison(
            pair=f"{names[j]}-{names[i]}",
            difference=means[j] - means[i],
            z=z,
            p_adjusted=p,
            significant=p < alpha,
        )
        for (j, i), z, p in zip(pairs, scores, p_values, strict=True)
    ]


def _nemenyi(
    names: list[str], means: FloatArray, blocks: int, alpha: float
) -> list[RankComparison]:
    count = len(names)
    error = math.sqrt(count * (count + 1) / (6 * blocks))
    result = []
    for i, j in itertools.combinations(range(count), 2):
        difference = float(means[j] - means[i])
        z = difference / error
        p_value = studentized_range_sf(abs(z) * math.sqrt(2), count, math.inf)
        result.append(
            RankComparison(
                pair=f"{names[j]}-{names[i]}",
                difference=difference,
                z=z,
                p_adjusted=p_value,
                significant=p_value < alpha,
            )
        )
    return result


def _ranked(samples: dict[str, FloatArray], means: list[float]) -> list[RankedGroup]:
    return [
        RankedGroup(name=name, n=values.size, median=float(np.median(values)), mean_rank=mean)
        for (name, values), mean in zip(samples.items(), means, strict=True)
    ]


def _pairs_sentence(different: list[str]) -> list[str]:
    if different:
        return ["Pairs that differ: {{different_pairs}}."]
    return ["No single pair differs when all are compared together."]


def _medians(groups: list[RankedGroup]) -> list[tuple[str, str]]:
    return [
        (
            f"{{{{groups.{i}.name}}}}",
            f"median {{{{groups.{i}.median:unit}}}}, mean rank {{{{groups.{i}.mean_rank}}}}",
        )
        for i in range(min(len(groups), 12))
    ]


def _chart(samples: dict[str, FloatArray], title: str, unit: str) -> ChartSpec:
    return individual_values(
        {name: values.tolist() for name, values in samples.items()},
        title,
        unit,
        center={name: float(np.median(values)) for name, values in samples.items()},
        center_name="median",
    )
