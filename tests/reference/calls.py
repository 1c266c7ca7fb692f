"""The reference cases as direct tool calls: operation names and arguments of ours."""

from __future__ import annotations

from typing import Any

Call = tuple[str, dict[str, Any]]


def call_of(case: dict[str, Any]) -> Call:
    """Our operation and its arguments for a reference case."""
    data, params = case["data"], case.get("params") or {}
    return BUILDERS[case["operation"]](data, params)


def _groups(data: dict[str, Any]) -> dict[str, list[float]]:
    groups: dict[str, list[float]] = {}
    for label, value in zip(data["group"], data["y"], strict=True):
        groups.setdefault(str(label), []).append(value)
    return groups


def _columns(data: dict[str, Any], *without: str) -> dict[str, Any]:
    return {name: values for name, values in data.items() if name not in without}


def _multiple(data: dict[str, Any], params: dict[str, Any]) -> Call:
    response = params.get("response", "y")
    return "regression_multiple", {
        "predictors": _columns(data, response),
        "y": data[response],
        "response": response,
    }


def _nonlinear(data: dict[str, Any], params: dict[str, Any]) -> Call:
    return "regression_nonlinear", {
        "x": data["x"],
        "y": data["y"],
        "formula": params["model"],
        "start": params["start"],
    }


def _linear(data: dict[str, Any], params: dict[str, Any]) -> Call:
    response = params.get("response", "y")
    predictor = next(name for name in data if name != response)
    return "regression_linear", {
        "x": data[predictor],
        "y": data[response],
        "intercept": params.get("intercept", True),
    }


def _factorial_analysis(data: dict[str, Any], params: dict[str, Any]) -> Call:
    response = "y" if "y" in data else "Yield"
    return "doe_analyze", {"factors": _columns(data, response), "response": data[response]}


def _power(data: dict[str, Any], params: dict[str, Any]) -> Call:
    if "groups" in data:
        return "power_sample_size", {
            "design": "anova",
            "groups": data["groups"][0],
            "between_var": data["between_var"][0],
            "within_var": data["within_var"][0],
            "power": params["power"],
            "alpha": params["alpha"],
        }
    return "power_sample_size", {
        "design": "two_sample_t",
        "effect": data["delta"][0],
        "sigma": data["sd"][0],
        "power": params["power"],
        "alpha": params["alpha"],
    }


def _fraction(data: dict[str, Any], params: Any) -> Call:
    if not params:
        return "fractional_factorial", {"n_factors": 6, "runs": 16}
    if "generators" in params:
        return "fractional_factorial", {"generators": params["generators"]}
    return "fractional_factorial", {"n_factors": params["factors"], "runs": params["runs"]}


def _composite(data: dict[str, Any], params: dict[str, Any]) -> Call:
    kind = {"CCI": "inscribed", "CCC": "rotatable"}[params["type"]]
    return "central_composite", {"n_factors": params["factors"], "alpha_type": kind}


def _simple(operation: str, *names: str, **renamed: str) -> Any:
    """The data columns of the same name, and parameters under another name."""

    def build(data: dict[str, Any], params: dict[str, Any]) -> Call:
        args = {name: data[name] for name in names if name in data}
        args |= {ours: data[theirs] for ours, theirs in renamed.items() if theirs in data}
        args |= {ours: params[theirs] for ours, theirs in renamed.items() if theirs in params}
        return operation, args

    return build


def _chart(kind: str, **renamed: str) -> Any:
    build = _simple("control_chart", "subgroups", **renamed)

    def with_kind(data: dict[str, Any], params: dict[str, Any]) -> Call:
        operation, args = build(data, params or {})
        return operation, {"kind": kind, **args}

    return with_kind


def _two_lists(operation: str, first: str, second: str, **extra: Any) -> Any:
    def build(data: dict[str, Any], params: dict[str, Any] | None) -> Call:
        names = list(data)
        args = {first: data[names[0]], second: data[names[1]], **extra}
        for name in ("alternative", "equal_var"):
            if name in (params or {}):
                args[name] = params[name]  # type: ignore[index]
        return operation, args

    return build


BUILDERS: dict[str, Any] = {
    "anova_oneway": lambda data, params: ("anova_one_way", {"groups": _groups(data)}),
    "anova_twoway": lambda data, params: (
        "anova_two_way",
        {
            "factor_a": data[params["factor_A"]],
            "factor_b": data[params["factor_B"]],
            "response": data["y"],
        },
    ),
    "attribute_agreement": _simple("attribute_agreement", "ratings"),
    "d_optimal": lambda data, params: (
        "d_optimal",
        {
            "n_factors": params["factors"],
            "model": params["model"],
            "runs": params["runs"],
            "levels": params["levels"],
        },
    ),
    "box_behnken": lambda data, params: (
        "box_behnken",
        {"n_factors": params["factors"], "center_points": params["center"]},
    ),
    "c_chart": _chart("c", defects="x"),
    "capability": _simple("capability", "subgroups", lsl="lsl", usl="usl", target="target"),
    "central_composite": _composite,
    "chi_square": _simple("chi_square_independence", "table"),
    "correlation": _two_lists("correlation", "x", "y"),
    "cusum_chart": _chart("cusum", data="y", target="target", k="k", h="h"),
    "describe": _simple("describe", data="y"),
    "desirability": lambda data, params: (
        "desirability",
        {
            "responses": [
                {
                    "name": "yield",
                    "value": 55,
                    "goal": "maximize",
                    "low": 30,
                    "target": 70,
                    "weight": 2,
                },
                {"name": "impurity", "value": 1.2, "goal": "minimize", "target": 1, "high": 3},
            ]
        },
    ),
    "doe_analyze_factorial": _factorial_analysis,
    "equal_variance": lambda data, params: ("equal_variance", {"groups": _groups(data)}),
    "ewma_chart": lambda data, params: (
        "control_chart",
        {
            "kind": "ewma",
            "data": data["y"],
            "lambda": params["lambda"],
            "target": params["target"],
            "sigma": params["sigma"],
        },
    ),
    "find_sampling_plan": lambda data, params: ("acceptance_sampling", dict(params)),
    "fractional_factorial": _fraction,
    "gage_linearity": _simple("gage_bias_linearity", "reference", "measured"),
    "gage_rr_crossed": lambda data, params: (
        "gage_rr",
        {
            "parts": data["part"],
            "operators": data["operator"],
            "data": data["y"],
            "tolerance": params["tolerance"],
        },
    ),
    "imr_chart": _chart("i_mr", data="y"),
    "kruskal_wallis": lambda data, params: ("kruskal_wallis", {"groups": data}),
    "mixture_simplex_lattice": lambda data, params: (
        "mixture",
        {
            "method": "simplex_lattice",
            "n_components": params["components"],
            "degree": params["degree"],
        },
    ),
    "normality_test": _simple("normality", data="y"),
    "oc_curve": lambda data, params: (
        "acceptance_sampling",
        {"n": data["n"][0], "c": data["c"][0], "p": params["p"]},
    ),
    "p_chart": _chart("p", defectives="D", sample_size="n"),
    "plackett_burman": lambda data, params: (
        "plackett_burman",
        {"n_factors": params["factors"]},
    ),
    "proportion_test": _simple("chi_square_independence", successes="x", trials="n"),
    "proportion_test_one": lambda data, params: (
        "proportion_one",
        {
            "successes": data["x"][0],
            "trials": data["n"][0],
            "p0": params["p0"],
            "alternative": params["alternative"],
        },
    ),
    "regression_linear": _linear,
    "regression_multiple": _multiple,
    "regression_nonlinear": _nonlinear,
    "regression_polynomial": lambda data, params: (
        "regression_polynomial",
        {"x": data["x"], "y": data["y"], "degree": params["degree"]},
    ),
    "response_surface": lambda data, params: (
        "response_surface",
        {
            "factors": _columns(data, "Block", "Yield"),
            "response": data["Yield"],
            "block": data["Block"],
        },
    ),
    "sample_size": _power,
    "t_test_one_sample": _simple("t_test_one_sample", data="y", mu0="mu"),
    "t_test_paired": _two_lists("t_test_paired", "group1", "group2"),
    "t_test_two_sample": _two_lists("t_test_two_sample", "group1", "group2"),
    "taguchi": lambda data, params: (
        "taguchi",
        {"n_factors": params["factors"], "n_levels": params["levels"]},
    ),
    "tolerance_interval": lambda data, params: (
        "tolerance_interval",
        {
            "n": data["n"][0],
            "mean": data["mean"][0],
            "sd": data["sd"][0],
            "confidence": params["confidence"],
            "coverage": params["coverage"],
        },
    ),
    "u_chart": _chart("u", defects="x", sample_size="n"),
    "weibull_fit": _simple("weibull_fit", "time", "event"),
    "wilcoxon_signed_rank": _two_lists("wilcoxon_signed_rank", "group1", "group2"),
    "xbar_r_chart": _chart("xbar_r"),
    "xbar_s_chart": _chart("xbar_s"),
}
