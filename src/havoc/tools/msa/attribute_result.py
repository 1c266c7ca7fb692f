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


class AttributeAgreement(Outcome):
    """``kappa`` is Cohen's for two raters, Fleiss's for more, or of one rater and the standard.

    ``agreement`` is the observed share of agreement (pairs of raters for Fleiss),
    ``all_agree`` the share of units on which all raters agree; ``z`` and
    ``p_value`` test chance agreement (one-sided), the interval is for kappa.
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
    details.extend(
        f"{{{{against_standard.{i}.rater}}}} agrees with the standard on "
        f"{{{{against_standard.{i}.agreed}}}} of {{{{against_standard.{i}.n}}}} units."
        for i in range(min(len(result.against_standard or []), 8))
    )
    test = " (z = {{z}}, p {{p_value:p}})" if result.z is not None else ""
    who = {
        "cohen": "the two raters",
        "standard": "rater and standard",
        "fleiss": "the {{raters}} raters",
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


def chart(result: AttributeAgreement) -> ChartSpec:
    rows = result.against_standard or []
    return ChartSpec(
        kind="attribute_agreement",
        title=f"{result.name}: share of units judged as the standard says",
        panels=[
            Panel(
                x_label="rater",
                y_label="agreement",
                x_scale="category",
                series=[
                    Series(
                        name="agreement",
                        kind="points",
                        x=[row.rater for row in rows],
                        y=[row.agreement for row in rows],
                        low=[row.ci_low for row in rows],
                        high=[row.ci_high for row in rows],
                    )
                ],
                limits=[Limit(label="full agreement", role="reference", value=1.0)],
            )
        ],
    )
