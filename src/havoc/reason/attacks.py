"""Which counter-analyses a method gets: calls that could change its conclusion.

Each attacker is a function from the arguments and the outcome of an executed call to
the calls to make, with the reading of what they give; :data:`ATTACKS` names the
attacker of every method that has one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from havoc.tools.result import Outcome

Stance = Literal["supports", "weakens", "overturns", "neutral"]


class Attack(msgspec.Struct, kw_only=True):
    """A call that could change the conclusion, and how its outcome is read."""

    operation: str
    args: dict[str, Any]
    why: str
    read: Callable[[Outcome, Outcome], tuple[Stance, str]]


Attacker = Callable[[dict[str, Any], Outcome], list[Attack]]


# readings of outcomes -------------------------------------------------------------


def _same_decision(primary: Outcome, other: Outcome, label: str) -> tuple[Stance, str]:
    first, second = getattr(primary, "significant", None), getattr(other, "significant", None)
    if first is None or second is None:
        return "neutral", f"{label} gives p {{{{p_value:p}}}}"
    if first == second:
        return "supports", f"{label} comes to the same decision (p {{{{p_value:p}}}})"
    return "overturns", f"{label} comes to the other decision (p {{{{p_value:p}}}})"


def _decision(label: str) -> Callable[[Outcome, Outcome], tuple[Stance, str]]:
    return lambda primary, other: _same_decision(primary, other, label)


def _violated(ok: str, bad: str) -> Callable[[Outcome, Outcome], tuple[Stance, str]]:
    def read(primary: Outcome, other: Outcome) -> tuple[Stance, str]:
        if getattr(other, "significant", False):
            return "weakens", f"{bad} (p {{{{p_value:p}}}})"
        return "supports", f"{ok} (p {{{{p_value:p}}}})"

    return read


def _values(args: dict[str, Any], name: str) -> list[float] | None:
    values = args.get(name)
    return values if isinstance(values, list) and len(values) >= 3 else None


def _without_extreme(values: list[float]) -> list[float]:
    """The values without the one farthest from the median."""
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2]
    position = max(range(len(values)), key=lambda index: abs(values[index] - middle))
    return values[:position] + values[position + 1 :]


def _copy(args: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: args[name] for name in names if name in args}


# attackers ------------------------------------------------------------------------

_TWO = ("group1", "group2", "alternative", "alpha", "name1", "name2", "unit")


def _attack_two_sample(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    first, second = _values(args, "group1"), _values(args, "group2")
    attacks: list[Attack] = []
    if first is None or second is None:
        return attacks
    attacks.append(
        Attack(
            operation="mann_whitney",
            args=_copy(args, _TWO),
            why="the rank test, which needs no normal distribution",
            read=_decision("The rank test (Mann-Whitney)"),
        )
    )
    if args.get("alternative", "two_sided") != "two_sided":
        attacks.append(
            Attack(
                operation="t_test_two_sample",
                args={**args, "alternative": "two_sided"},
                why="the same test without a direction chosen in advance",
                read=_decision("The two-sided test"),
            )
        )
    attacks.append(
        Attack(
            operation="t_test_two_sample",
            args={**args, "equal_var": not args.get("equal_var", False)},
            why="the other treatment of unequal variances",
            read=_decision(
                "Pooling the variances" if not args.get("equal_var") else "Welch's test"
            ),
        )
    )
    if len(first) >= 4 and len(second) >= 4:
        attacks.append(
            Attack(
                operation="t_test_two_sample",
                args={
                    **args,
                    "group1": _without_extreme(first),
                    "group2": _without_extreme(second),
                },
                why="the most extreme value of each group left out",
                read=_decision("Leaving out the most extreme value of each group"),
            )
        )
    return attacks


def _attack_one_sample(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    values = _values(args, "data")
    if values is None:
        return []
    attacks = [
        Attack(
            operation="wilcoxon_signed_rank",
            args=_copy(args, ("data", "mu0", "alternative", "alpha", "unit")),
            why="the signed-rank test, which needs no normal distribution",
            read=_decision("The signed-rank test"),
        ),
        Attack(
            operation="normality",
            args=_copy(args, ("data", "alpha")),
            why="is the sample compatible with a normal distribution?",
            read=_violated(
                "The sample is compatible with a normal distribution",
                "The sample does not look normal",
            ),
        ),
    ]
    if len(values) >= 4:
        attacks.append(
            Attack(
                operation="t_test_one_sample",
                args={**args, "data": _without_extreme(values)},
                why="the most extreme value left out",
                read=_decision("Leaving out the most extreme value"),
            )
        )
    return attacks


def _attack_paired(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    first, second = _values(args, "group1"), _values(args, "group2")
    if first is None or second is None:
        return []
    differences = [a - b for a, b in zip(first, second, strict=True)]
    attacks = [
        Attack(
            operation="wilcoxon_signed_rank",
            args=_copy(args, _TWO),
            why="the signed-rank test on the same pairs",
            read=_decision("The signed-rank test"),
        ),
        Attack(
            operation="normality",
            args={"data": differences, "name": "the differences"},
            why="are the differences compatible with a normal distribution?",
            read=_violated(
                "The differences are compatible with a normal distribution",
                "The differences do not look normal",
            ),
        ),
    ]
    if args.get("alternative", "two_sided") != "two_sided":
        attacks.insert(
            1,
            Attack(
                operation="t_test_paired",
                args={**args, "alternative": "two_sided"},
                why="the same test without a direction chosen in advance",
                read=_decision("The two-sided test"),
            ),
        )
    return attacks


def _attack_anova(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    groups = args.get("groups", {})
    if not all(isinstance(values, list) and len(values) >= 3 for values in groups.values()):
        return []
    common = _copy(args, ("groups", "alpha"))
    return [
        Attack(
            operation="equal_variance",
            args=common,
            why="do the groups scatter alike?",
            read=_violated("The groups scatter alike", "The groups do not scatter alike"),
        ),
        Attack(
            operation="kruskal_wallis",
            args=common,
            why="the rank test, which needs no normal distribution",
            read=_decision("The rank test (Kruskal-Wallis)"),
        ),
        Attack(
            operation="anova_one_way",
            args={**args, "equal_var": not args.get("equal_var", True)},
            why="the other treatment of unequal variances",
            read=_decision(
                "Welch's analysis" if args.get("equal_var", True) else "The classical analysis"
            ),
        ),
    ]


def _attack_mann_whitney(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    if _values(args, "group1") is None or _values(args, "group2") is None:
        return []
    return [
        Attack(
            operation="t_test_two_sample",
            args=_copy(args, _TWO),
            why="the t test on the means",
            read=_decision("Welch's t test"),
        )
    ]


def _attack_signed_rank(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    names = ("group1", "group2", "data", "mu0", "alternative", "alpha")
    return [
        Attack(
            operation="sign_test",
            args=_copy(args, names),
            why="the sign test, which needs no symmetric distribution",
            read=_decision("The sign test"),
        )
    ]


def _attack_kruskal(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    return [
        Attack(
            operation="anova_one_way",
            args=_copy(args, ("groups", "alpha")),
            why="the analysis of variance on the means",
            read=_decision("The analysis of variance"),
        )
    ]


def _attack_proportions(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    table = [
        [args["successes1"], args["trials1"] - args["successes1"]],
        [args["successes2"], args["trials2"] - args["successes2"]],
    ]
    return [
        Attack(
            operation="fisher_exact",
            args={"table": table, **_copy(args, ("alternative", "alpha"))},
            why="the exact test, which needs no large counts",
            read=_decision("Fisher's exact test"),
        )
    ]


def _attack_correlation(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    other = "spearman" if args.get("kind", "pearson") == "pearson" else "pearson"
    attacks = [
        Attack(
            operation="correlation",
            args={**args, "kind": other},
            why="the other kind of correlation",
            read=_decision(f"The {other.title()} coefficient"),
        )
    ]
    x, y = args["x"], args["y"]
    if len(x) >= 6:
        kept = _without_influential(x, y)
        attacks.append(
            Attack(
                operation="correlation",
                args={**args, "x": kept[0], "y": kept[1]},
                why="the point farthest from the others left out",
                read=_decision("Leaving out the farthest point"),
            )
        )
    return attacks


def _without_influential(x: list[float], y: list[float]) -> tuple[list[float], list[float]]:
    middle_x, middle_y = sorted(x)[len(x) // 2], sorted(y)[len(y) // 2]
    width_x = (max(x) - min(x)) or 1.0
    width_y = (max(y) - min(y)) or 1.0
    position = max(
        range(len(x)),
        key=lambda i: ((x[i] - middle_x) / width_x) ** 2 + ((y[i] - middle_y) / width_y) ** 2,
    )
    return x[:position] + x[position + 1 :], y[:position] + y[position + 1 :]


def _attack_regression(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    residuals = list(getattr(outcome, "residuals", []) or [])
    if len(residuals) < 4 or max(residuals) - min(residuals) < 1e-12 * (
        max(map(abs, args["y"])) or 1
    ):
        return []
    return [
        Attack(
            operation="normality",
            args={"data": residuals, "name": "the residuals"},
            why="are the residuals compatible with a normal distribution?",
            read=_violated(
                "The residuals are compatible with a normal distribution",
                "The residuals do not look normal",
            ),
        )
    ]


def _attack_capability(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    values = args.get("data") or [value for group in args.get("subgroups") or [] for value in group]
    attacks: list[Attack] = []
    if len(values) < 3:
        return attacks
    chart = (
        {"subgroups": args["subgroups"]}
        if args.get("subgroups")
        else {"data": values, **_copy(args, ("subgroup_size",))}
    )
    attacks.append(
        Attack(
            operation="control_chart",
            args={"kind": "auto", **chart, "rules": "western_electric"},
            why="is the process stable, as an index needs?",
            read=_stability,
        )
    )
    attacks.append(
        Attack(
            operation="normality",
            args={"data": values},
            why="is the distribution normal, as the index assumes?",
            read=_violated(
                "The values are compatible with a normal distribution",
                "The values do not look normal, so the index can mislead",
            ),
        )
    )
    if len(values) >= 5:
        attacks.append(
            Attack(
                operation="outlier_test",
                args={"data": values},
                why="does one value carry the result?",
                read=_violated(
                    "No single value stands out", "One value stands out and may carry the result"
                ),
            )
        )
    return attacks


def _stability(primary: Outcome, other: Outcome) -> tuple[Stance, str]:
    if getattr(other, "in_control", True):
        return "supports", "The control chart shows no sign of instability ({{points}} points)"
    return (
        "weakens",
        "The control chart shows instability ({{violations_count}} rule violations), so the index "
        "describes no predictable process",
    )


def _attack_chart(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    # a short run is judged as its plotted points, which are free of the parts' sizes
    points = getattr(outcome, "deviations", None) or getattr(outcome, "z", None)
    values = points or args.get("data")
    if not isinstance(values, list) or len(values) < 8 or max(values) == min(values):
        return []
    attacks = [
        Attack(
            operation="correlation",
            args={"x": values[:-1], "y": values[1:], "x_name": "value", "y_name": "next value"},
            why="do neighbouring values depend on each other (autocorrelation)?",
            read=_violated(
                "Neighbouring values are not correlated",
                "Neighbouring values are correlated, so the limits may be too tight",
            ),
        )
    ]
    # counts and times between events are skewed by nature, and their limits know it;
    # values before and after a change are two distributions
    if "stages" in args:
        return []
    if args.get("kind") in {"g", "t"}:
        return attacks
    attacks.append(
        Attack(
            operation="normality",
            args={"data": values},
            why="are the values compatible with a normal distribution?",
            read=_violated(
                "The values are compatible with a normal distribution",
                "The values do not look normal, which affects the false alarms of single-value "
                "charts",
            ),
        )
    )
    return attacks


def _attack_table(args: dict[str, Any], outcome: Outcome) -> list[Attack]:
    table = args.get("table") or []
    if len(table) != 2 or any(len(row) != 2 for row in table):
        return []
    return [
        Attack(
            operation="fisher_exact",
            args={"table": [[int(value) for value in row] for row in table]},
            why="the exact test, which needs no large counts",
            read=_decision("Fisher's exact test"),
        )
    ]


ATTACKS: dict[str, Attacker] = {
    "t_test_two_sample": _attack_two_sample,
    "t_test_one_sample": _attack_one_sample,
    "t_test_paired": _attack_paired,
    "anova_one_way": _attack_anova,
    "mann_whitney": _attack_mann_whitney,
    "wilcoxon_signed_rank": _attack_signed_rank,
    "kruskal_wallis": _attack_kruskal,
    "proportion_two": _attack_proportions,
    "correlation": _attack_correlation,
    "regression_linear": _attack_regression,
    "regression_multiple": _attack_regression,
    "regression_polynomial": _attack_regression,
    "capability": _attack_capability,
    "control_chart": _attack_chart,
    "chi_square_independence": _attack_table,
}
