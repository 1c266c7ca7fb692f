"""Older and shorter names of operations, resolved by their arguments.

``t_test`` with one group and ``mu0`` is the one-sample test, with ``paired``
the paired one. ``resolve`` returns a registered operation and arguments in the
names of its parameters; a registered operation passes through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from havoc.errors import InputError
from havoc.tools.declaration import registry
from havoc.tools.signature import signature

Arguments = dict[str, Any]


class UnknownOperation(InputError):
    """Neither an operation nor an older name of one."""


Resolved = tuple[str, Arguments]

# Other spellings of a parameter, used where the operation has no parameter of that name.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "alpha_level": ("alpha",),
    "center": ("center_points",),
    "center_point": ("center_points",),
    "centre_points": ("center_points",),
    "chart_type": ("kind",),
    "confidence_level": ("confidence",),
    "data_a": ("group1", "data", "x"),
    "data_b": ("group2", "y"),
    "degrees": ("degree",),
    "equal_variance": ("equal_var",),
    "expr": ("expression",),
    "function": ("expression",),
    "method": ("kind",),
    "mu": ("mu0",),
    "popmean": ("mu0",),
    "sample": ("data",),
    "values": ("data",),
    "var": ("variable",),
    "variables": ("values",),
    "target_mean": ("mu0",),
    "x": ("predictors", "data"),
    "y": ("response",),
}

CHART_KINDS: dict[str, str] = {
    "xbarr": "xbar_r",
    "xbar": "xbar_r",
    "xr": "xbar_r",
    "xbarrange": "xbar_r",
    "xbars": "xbar_s",
    "xs": "xbar_s",
    "imr": "i_mr",
    "ximr": "i_mr",
    "xmr": "i_mr",
    "i": "i_mr",
    "individuals": "i_mr",
    "individual": "i_mr",
    "p": "p",
    "np": "np",
    "c": "c",
    "u": "u",
    "g": "g",
    "t": "t",
    "ewma": "ewma",
    "cusum": "cusum",
    "t2": "t2",
    "hotellingt2": "t2",
    "generalizedvariance": "generalized_variance",
    "mewma": "mewma",
    "laneyp": "laney_p",
    "pprime": "laney_p",
    "laneyu": "laney_u",
    "uprime": "laney_u",
    "shortrun": "short_run",
    "dnom": "short_run",
    "zmr": "short_run",
    "ma": "moving_average",
    "movingaverage": "moving_average",
    "zone": "zone",
    "threeway": "three_way",
    "imrr": "three_way",
    "imrrs": "three_way",
    "betweenwithin": "three_way",
}


def chart_kind(text: str) -> str | None:
    """The kind of control chart that ``XBar_R``, ``X-bar chart`` or ``imr_chart`` name."""
    return CHART_KINDS.get(_letters(text))


def chart_settings(text: str) -> Arguments:
    """What a name says beyond the kind: a Z-MR chart is a standardised short run."""
    return {"short_run_method": "z"} if _letters(text) == "zmr" else {}


def _letters(text: str) -> str:
    letters = re.sub(r"[^a-z0-9]", "", text.lower().replace("x\u0304", "xbar"))
    return re.sub(r"(control)?chart$", "", letters)


def resolve(name: str, arguments: Mapping[str, Any]) -> Resolved:
    """The registered operation that ``name`` means for these arguments, and its arguments."""
    given = dict(arguments)
    wanted = re.sub(r"[\s-]+", "_", name.strip().lower())
    kind = chart_kind(wanted) if wanted.endswith("chart") else None
    if kind is not None and wanted not in registry:
        operation, given = _control_chart({"kind": kind, **chart_settings(wanted), **given})
    elif wanted in _BY_ARGUMENTS:
        operation, given = _BY_ARGUMENTS[wanted](given)
    else:
        operation, fixed = RENAMED.get(wanted, (wanted, {}))
        given = {**fixed, **given}
    if operation not in registry:
        try:
            registry.get(operation)
        except InputError as error:
            raise UnknownOperation(error.what, remedy=error.remedy) from None
    return operation, renamed(operation, given)


def renamed(operation: str, arguments: Arguments) -> Arguments:
    """Arguments under the names of the operation's parameters, with a few older shapes."""
    parameters = signature(registry.get(operation))
    result: Arguments = {}
    for name, value in arguments.items():
        spelled = name
        if name not in parameters:
            options = SPELLINGS.get(name, ())
            spelled = next((option for option in options if option in parameters), name)
        if spelled == "factors" and type(value) is int and "n_factors" in parameters:
            spelled = "n_factors"
        if spelled in result:
            raise InputError(
                f"{spelled} is given twice", where=operation, remedy="keep one of them"
            )
        parameter = parameters.get(spelled)
        if parameter is not None and parameter.takes_groups and not parameter.takes_rows:
            value = _as_groups(value, "x" if spelled == "predictors" else "")
        result[spelled] = value
    return result


def _as_groups(value: Any, prefix: str) -> Any:
    """A list of lists as groups named by their number."""
    if isinstance(value, Sequence) and value and all(isinstance(row, list) for row in value):
        return {f"{prefix}{number}": row for number, row in enumerate(value, start=1)}
    return value


# --- names that the arguments decide ------------------------------------------------------


def _t_test(given: Arguments) -> Resolved:
    paired = bool(given.pop("paired", False))
    second = given.keys() & {"group2", "data_b"}
    if second:
        return ("t_test_paired" if paired else "t_test_two_sample"), given
    if "group1" in given:
        given["data"] = given.pop("group1")
    return "t_test_one_sample", given


def _anova(given: Arguments) -> Resolved:
    two_way = given.keys() & {"factor_a", "factor_b"}
    return ("anova_two_way" if two_way else "anova_one_way"), given


def _regression(given: Arguments) -> Resolved:
    degree = given.get("degree", given.get("degrees"))
    predictors = given.get("x", given.get("predictors"))
    if degree not in (None, 1):
        return "regression_polynomial", given
    nested = isinstance(predictors, Mapping) or (
        isinstance(predictors, Sequence)
        and bool(predictors)
        and isinstance(predictors[0], Sequence)
        and not isinstance(predictors[0], str)
    )
    if nested:
        return "regression_multiple", given
    given.pop("degree", None)
    return "regression_linear", given


def _chi_square(given: Arguments) -> Resolved:
    table = given.get("table", given.get("observed"))
    nested = isinstance(table, Sequence) and bool(table) and isinstance(table[0], Sequence)
    if nested:
        given["table"] = given.pop("table", None) or given.pop("observed")
        return "chi_square_independence", given
    return "chi_square_fit", given


def _proportion(given: Arguments) -> Resolved:
    """``successes`` and ``trials`` (or ``x`` and ``n``) of one, two or more samples."""
    for short, name in (("x", "successes"), ("n", "trials")):
        if short in given:
            given[name] = given.pop(short)
    if given.keys() & {"successes1", "trials1", "successes2", "trials2"}:
        return "proportion_two", given
    successes, trials = given.get("successes"), given.get("trials")
    if not isinstance(successes, list):
        return "proportion_one", given
    totals = trials if isinstance(trials, list) else [trials] * len(successes)
    if len(successes) > 2 or len(totals) != len(successes):
        return "chi_square_independence", {**given, "trials": totals}
    del given["successes"], given["trials"]
    if len(successes) == 1:
        return "proportion_one", {**given, "successes": successes[0], "trials": totals[0]}
    pair: Arguments = {}
    for number, (count, total) in enumerate(zip(successes, totals, strict=True), start=1):
        pair |= {f"successes{number}": count, f"trials{number}": total}
    return "proportion_two", {**given, **pair}


def _control_chart(given: Arguments) -> Resolved:
    """``ucl`` and ``lcl`` of a chart of means or individuals as the mean and sigma they imply."""
    given.pop("seed", None)
    lower, upper = given.pop("lcl", None), given.pop("ucl", None)
    kind = given.get("kind", given.get("chart_type", "auto"))
    if isinstance(kind, str):
        given = {**chart_settings(kind), **given}
        kind = chart_kind(kind) or kind
    given.pop("chart_type", None)
    given["kind"] = kind
    if lower is None and upper is None:
        return "control_chart", given
    if lower is None or upper is None:
        raise InputError(
            "only one control limit is given", where="lcl, ucl", remedy="give both, or none"
        )
    if kind not in ("i_mr", "xbar_r", "xbar_s") or not upper > lower:
        raise InputError(
            "control limits can be given for charts of means and of individuals, lcl below ucl",
            where="lcl, ucl",
            remedy="leave them out, so that they are computed from the data",
        )
    size = given.get("subgroup_size", 1) if kind != "i_mr" else 1
    given["mean"] = (upper + lower) / 2
    given["sigma"] = (upper - lower) / 6 * size**0.5
    return "control_chart", given


def _nonparametric(given: Arguments) -> Resolved:
    method = given.pop("method", None)
    if isinstance(method, str) and method in registry:
        return method, given
    return ("mann_whitney" if "group2" in given else "kruskal_wallis"), given


_BY_ARGUMENTS: dict[str, Callable[[Arguments], Resolved]] = {
    "control_chart": _control_chart,
    "t_test": _t_test,
    "ttest": _t_test,
    "anova": _anova,
    "regression": _regression,
    "chi_square": _chi_square,
    "chi2": _chi_square,
    "proportion_test": _proportion,
    "nonparametric": _nonparametric,
}

# older name -> operation and the arguments that the older name implied
RENAMED: dict[str, tuple[str, Arguments]] = {
    "anova_oneway": ("anova_one_way", {}),
    "anova_twoway": ("anova_two_way", {}),
    "ccd": ("central_composite", {}),
    "doe_analyze_factorial": ("doe_analyze", {}),
    "equal_variances": ("equal_variance", {}),
    "factorial": ("full_factorial", {}),
    "fractional": ("fractional_factorial", {}),
    "gage_rr_crossed": ("gage_rr", {}),
    "integrate": ("integral", {}),
    "differentiate": ("derivative", {}),
    "linear_regression": ("regression_linear", {}),
    "multiple_regression": ("regression_multiple", {}),
    "normality_test": ("normality", {}),
    "one_way_anova": ("anova_one_way", {}),
    "paired_t_test": ("t_test_paired", {}),
    "pearson": ("correlation", {"method": "pearson"}),
    "polynomial_regression": ("regression_polynomial", {}),
    "process_capability": ("capability", {}),
    "proportion_test_one": ("proportion_one", {}),
    "proportion_test_two": ("proportion_two", {}),
    "sample_size": ("power_sample_size", {}),
    "spearman": ("correlation", {"method": "spearman"}),
    "summary": ("describe", {}),
    "two_way_anova": ("anova_two_way", {}),
    "welch_t_test": ("t_test_two_sample", {"equal_var": False}),
}


def aliases() -> list[str]:
    """Every older name that is understood, control charts (``imr_chart``) aside."""
    return sorted({*_BY_ARGUMENTS, *RENAMED} - {*registry})
