"""What an agreement study returns, how it reads and how it is drawn."""

from __future__ import annotations

import msgspec

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.result import Narrative, Outcome


class RaterAgreement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rater against the standard. ``agreement`` is a fraction with a score interval."""

    rater: str
    n: int
    agreed: int
    agreement: float
    ci_low: float
    ci_high: float
    kappa: float | None = None


class PairAgreement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Two raters with each other."""

    rater1: str
    rater2: str
    agreement: float
    kappa: float | None = None


class CategoryKappa(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Agreement on one category against all others."""

    category: str
    share: float
    kappa: float | None = None
    z: float | None = None


class AppraiserAgreement(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One rater by himself and against the standard.

    ``repeat_agreement`` is the share of units judged alike in all trials,
    ``effectiveness`` the share judged right in all trials; both have exact intervals.
    ``miss_rate`` is the share of decisions that pass a bad unit, ``false_alarm_rate`` the
    share that reject a good one; ``verdict`` follows the limits of AIAG.
    """

    rater: str
    n: int
    trials: int
    repeat_agreed: int | None = None
    repeat_agreement: float | None = None
    repeat_ci_low: float | None = None
    repeat_ci_high: float | None = None
    kappa_within: float | None = None
    agreed: int | None = None
    effectiveness: float | None = None
    effectiveness_ci_low: float | None = None
    effectiveness_ci_high: float | None = None
    kappa_standard: float | None = None
    miss_rate: float | None = None
    false_alarm_rate: float | None = None
    verdict: str | None = None


class Kendall(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Concordance ``W`` of several ratings, or correlation ``tau`` with the standard."""

    rater: str
    statistic: str
    coefficient: float | None = None
    chi2: float | None = None
    df: int | None = None
    p_value: float | None = None


class AttributeAgreement(Outcome):
    """``kappa`` is Cohen's for two raters, Fleiss's for more, or of one rater and the standard.

    ``agreement`` is the observed share of agreement (pairs of raters for Fleiss),
    ``all_agree`` the share of units on which all raters agree; ``z`` and
    ``p_value`` test chance agreement (one-sided), the interval is for kappa. With repeated
    ratings ``appraisers`` judges every rater by himself, ``between_agreement`` is the share
    of units on which all trials of all raters agree, ``system_effectiveness`` the share on
    which they agree with the standard too. ``kendall`` is there for ordered ratings.
    """

    kind: str
    name: str
    units: int
    raters: int
    categories: list[str]
    agreement: float
    expected_agreement: float
    verdict: str
    alpha: float
    level: float
    kappa: float | None = None
    significant: bool | None = None
    z: float | None = None
    p_value: float | None = None
    se: float | None = None
    se_null: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    all_agree: float | None = None
    by_category: list[CategoryKappa] | None = None
    pairs: list[PairAgreement] | None = None
    against_standard: list[RaterAgreement] | None = None
    trials: int | None = None
    bad: str | None = None
    appraisers: list[AppraiserAgreement] | None = None
    between_agreement: float | None = None
    system_effectiveness: float | None = None
    kendall: list[Kendall] | None = None
    kendall_w: float | None = None
    kendall_p: float | None = None


def narrate(result: AttributeAgreement) -> Narrative:
    details = []
    if result.kappa is None:
        return Narrative(
            conclusion="Kappa does not exist for {{name}}: all ratings are in one category.",
            key_figures=[("units", "{{units}}")],
        )
    if result.ci_low is not None:
        details.append(
            "The {{level:%}} confidence interval of kappa runs from {{ci_low}} to {{ci_high}}."
        )
    details.append(
        "The observed agreement is {{agreement:%}}, of which {{expected_agreement:%}} is expected "
        "by chance."
    )
    if result.all_agree is not None:
        details.append("All agree on {{all_agree:%}} of the {{units}} units.")
    details += _appraisers(result)
    if result.kendall_w is not None:
        details.append(
            "As ordered ratings: Kendall's coefficient of concordance of all ratings is "
            "{{kendall_w}} (p {{kendall_p:p}})."
        )
    details.extend(
        f"{{{{against_standard.{i}.rater}}}} agrees with the standard on "
        f"{{{{against_standard.{i}.agreed}}}} of {{{{against_standard.{i}.n}}}} units."
        for i in range(min(len(result.against_standard or []), 8))
        if result.appraisers is None
    )
    test = " (z = {{z}}, p {{p_value:p}})" if result.z is not None else ""
    who = {
        "cohen": "the two raters",
        "standard": "rater and standard",
        "fleiss": "the {{raters}} raters"
        + (" over all trials" if (result.trials or 1) > 1 else ""),
    }
    return Narrative(
        conclusion=f"The agreement of {who[result.kind]} in {{{{name}}}} is {{{{verdict}}}}: "
        f"kappa = {{{{kappa}}}}{test}.",
        details=details,
        key_figures=[
            ("kappa", "{{kappa}}"),
            ("observed agreement", "{{agreement:%}}"),
            ("units", "{{units}}"),
        ],
    )


def _appraisers(result: AttributeAgreement) -> list[str]:
    details = []
    for i, item in enumerate((result.appraisers or [])[:8]):
        at = f"appraisers.{i}"
        text = f"{{{{{at}.rater}}}}"
        parts = []
        if item.repeat_agreement is not None:
            parts.append(
                f"repeats the own judgement on {{{{{at}.repeat_agreement:%}}}} of the units"
            )
        if item.effectiveness is not None:
            parts.append(f"judges {{{{{at}.effectiveness:%}}}} right in every trial")
        if item.miss_rate is not None:
            parts.append(f"passes {{{{{at}.miss_rate:%}}}} of the bad ones")
        if item.false_alarm_rate is not None:
            parts.append(f"rejects {{{{{at}.false_alarm_rate:%}}}} of the good ones")
        if item.verdict is not None:
            parts.append(f"which is {{{{{at}.verdict}}}} (AIAG)")
        details.append(f"{text} {', '.join(parts)}.")
    if result.system_effectiveness is not None:
        details.append("All of them are right in every trial on {{system_effectiveness:%}}.")
    return details


def chart(result: AttributeAgreement) -> ChartSpec:
    """Share of agreement of every rater, with himself and with the standard."""
    rows = result.against_standard or []
    panels = []
    repeated = [item for item in result.appraisers or [] if item.repeat_agreement is not None]
    if repeated:
        panels.append(
            _shares(
                "Within",
                [item.rater for item in repeated],
                [
                    (item.repeat_agreement, item.repeat_ci_low, item.repeat_ci_high)
                    for item in repeated
                ],
            )
        )
    judged = [item for item in result.appraisers or [] if item.effectiveness is not None]
    if judged:
        panels.append(
            _shares(
                "Against the standard",
                [item.rater for item in judged],
                [
                    (item.effectiveness, item.effectiveness_ci_low, item.effectiveness_ci_high)
                    for item in judged
                ],
            )
        )
    elif rows:
        panels.append(
            _shares(
                "",
                [row.rater for row in rows],
                [(row.agreement, row.ci_low, row.ci_high) for row in rows],
            )
        )
    return ChartSpec(
        kind="attribute_agreement",
        title=f"{result.name}: share of units judged "
        + ("as the standard says" if rows or judged else "alike in all trials"),
        panels=panels,
    )


def _shares(
    title: str, names: list[str], rows: list[tuple[float | None, float | None, float | None]]
) -> Panel:
    columns = [[value if value is not None else 0.0 for value in row] for row in rows]
    return Panel(
        title=title,
        x_label="rater",
        y_label="agreement",
        x_scale="category",
        series=[
            Series(
                name="agreement",
                kind="points",
                x=list(names),
                y=[row[0] for row in columns],
                low=[row[1] for row in columns],
                high=[row[2] for row in columns],
            )
        ],
        limits=[Limit(label="full agreement", role="reference", value=1.0)],
    )
