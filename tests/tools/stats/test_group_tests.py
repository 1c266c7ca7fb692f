"""What every hypothesis test owes: a readable answer, a chart, a second route, a schema."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest

from havoc.charts import ChartSpec
from havoc.formatting import figure
from havoc.tools import registry

GROUPS = {"Press 1": [5.1, 5.2, 5.0, 5.4], "Press 2": [5.6, 5.5, 5.7, 5.9], "3": [5.1, 5.3, 5.2]}
PAIR = {"group1": [3.0, 5.1, 4.2, 6.0, 2.2], "group2": [4.1, 7.3, 5.0, 9.2, 6.1]}
SUMMARIES = {
    "group1": {"n": 16, "mean": 3.0, "sd": 0.31},
    "group2": {"n": 14, "mean": 3.3, "sd": 0.52},
}
CELLS = {
    "factor_a": ["a", "a", "a", "b", "b", "b", "a", "b"],
    "factor_b": ["x", "y", "x", "y", "x", "y", "y", "x"],
    "response": [1.0, 2.2, 1.3, 4.1, 2.9, 4.4, 2.5, 3.2],
}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("describe", {"data": [5.1, None, 5.3, 5.2], "name": "M12", "unit": "mm", "trim": 0.2}),
    ("describe", {"data": [5.0]}),
    ("describe", {"groups": {**GROUPS, "one": [4.9]}, "percentiles": [5]}),
    ("anova_one_way", {"groups": GROUPS, "unit": "mm"}),
    ("anova_one_way", {"groups": GROUPS, "equal_var": False}),
    ("anova_one_way", {"groups": GROUPS, "control": "Press 2"}),
    ("anova_one_way", {"groups": {"a": [1, 2, 3], "b": [1, 3, 2]}, "posthoc": "none"}),
    ("anova_two_way", CELLS),
    ("anova_two_way", {**CELLS, "interaction": False}),
    ("multiple_comparison", {"groups": GROUPS}),
    ("multiple_comparison", {"groups": GROUPS, "method": "games_howell"}),
    ("multiple_comparison", {"groups": GROUPS, "method": "dunnett"}),
    ("multiple_comparison", {"p_values": [0.01, 0.2]}),
    ("chi_square_independence", {"table": [[12, 5, 3], [20, 4, 9]]}),
    ("chi_square_independence", {"table": [[40, 10], [30, 20]], "rows": ["L1", "L2"]}),
    ("chi_square_fit", {"observed": [18, 11, 12, 10, 19]}),
    ("chi_square_fit", {"observed": [31, 18, 8, 3], "distribution": "poisson"}),
    ("fisher_exact", {"table": [[5, 4], [1, 9]]}),
    ("fisher_exact", {"table": [[11, 0], [3, 7]], "alternative": "greater"}),
    ("proportion_one", {"successes": 9, "trials": 150, "p0": 0.03}),
    ("proportion_one", {"successes": 0, "trials": 299}),
    ("proportion_two", {"successes1": 7, "trials1": 120, "successes2": 18, "trials2": 130}),
    ("proportion_two", {"successes1": 0, "trials1": 12, "successes2": 0, "trials2": 13}),
    ("poisson_rate", {"count": 23, "exposure": 500, "rate0": 0.03}),
    ("poisson_rate", {"count": 0, "exposure": 36}),
    ("poisson_rate", {"count1": 14, "exposure1": 2000, "count2": 6, "exposure2": 1800}),
    ("poisson_rate", {"count1": 3, "count2": 0, "alternative": "greater"}),
    ("mann_whitney", PAIR),
    ("mann_whitney", {**PAIR, "alternative": "less"}),
    ("wilcoxon_signed_rank", PAIR),
    ("wilcoxon_signed_rank", {"data": [28, 33, 41, 29, 35, 60, 31, 38], "mu0": 30}),
    ("kruskal_wallis", {"groups": GROUPS}),
    ("friedman", {"groups": {"a": [6, 5, 7, 6], "b": [8, 7, 9, 7], "c": [5, 6, 4, 5]}}),
    ("sign_test", {"positive": 10, "negative": 2}),
    ("sign_test", {"data": [6, 7, 4, 8, 9, 6, 5, 7, 6], "mu0": 5, "alternative": "greater"}),
    ("normality", {"data": [4.1, 4.3, 4.2, 4.5, 4.0, 4.4, 4.2, 4.3, 5.9]}),
    ("normality", {"data": [4.1, 4.3, 4.2]}),
    ("equal_variance", {"groups": GROUPS}),
    ("equal_variance", SUMMARIES),
    ("equal_variance", {**PAIR, "alternative": "less"}),
    ("equal_variance", {"data": PAIR["group1"], "sigma0": 0.5}),
    ("outlier_test", {"data": [14.1, 14.0, 14.2, 14.1, 14.9, 14.0, 14.1]}),
    ("outlier_test", {"data": [5, 6, 5, 7, 6, 5, 12], "method": "dixon"}),
    (
        "outlier_test",
        {"data": [float(i % 7) for i in range(30)] + [40.0, 45.0], "method": "generalized_esd"},
    ),
    ("outlier_test", {"data": [5, 6, 5, 7, 6, 5, 12], "method": "iqr"}),
    ("equivalence_test", {**SUMMARIES, "low": -1, "high": 1}),
    ("equivalence_test", {**PAIR, "margin": 0.1, "paired": True}),
    ("equivalence_test", {"data": [99.6, 100.4, 100.9], "mu0": 100, "low": -2}),
    (
        "equivalence_test",
        {"successes1": 90, "trials1": 100, "successes2": 88, "trials2": 100, "margin": 0.1},
    ),
    ("t_test_paired", PAIR),
    ("t_test_paired", {"differences": {"n": 15, "mean": 0.12, "sd": 0.2}}),
    ("t_test_paired", {"differences": [0.4, 0.1, 0.6, 0.3, -0.1, 0.5, 0.2]}),
]
IDS = [f"{operation}-{number}" for number, (operation, _) in enumerate(CALLS)]
REFERENCE = re.compile(r"\{\{([^{}:]+)(?::([^{}]*))?\}\}")


def filled(template: str, quantities: dict[str, Any]) -> str:
    """The text with every reference looked up; raises if one is missing."""

    def look_up(match: re.Match[str]) -> str:
        value: Any = quantities
        for step in match[1].strip().split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
        return figure(value, match[2] or "")

    return REFERENCE.sub(look_up, template)


@pytest.mark.parametrize(("operation", "arguments"), CALLS, ids=IDS)
def test_answer_refers_to_quantities_only(operation: str, arguments: dict[str, Any]) -> None:
    result = registry.execute(operation, arguments)
    narrative = registry.get(operation).narrate(result.outcome)
    texts = [narrative.conclusion, *narrative.details]
    texts += [part for pair in narrative.key_figures for part in pair]
    for text in texts:
        assert not re.search(r"\d", REFERENCE.sub("", text)), text
        shown = filled(text, {**result.quantities, "unit": result.outcome.unit})
        assert "{" not in shown
        assert "not available" not in shown
    assert narrative.conclusion[0].isupper() or narrative.conclusion.startswith("{{")


def test_second_routes_agree_and_every_operation_has_one() -> None:
    checked = set()
    for operation, arguments in CALLS:
        outcome = registry.execute(operation, arguments).outcome
        for check in registry.get(operation).verify(outcome, arguments):
            assert check.agrees, (operation, arguments, check)
            checked.add(operation)
    assert checked == {operation for operation, _ in CALLS}


@pytest.mark.parametrize(("operation", "arguments"), CALLS, ids=IDS)
def test_result_and_charts_are_plain_data(operation: str, arguments: dict[str, Any]) -> None:
    result = registry.execute(operation, arguments)
    json.loads(msgspec.json.encode(result.to_json()))
    for chart in result.outcome.charts:
        assert msgspec.json.decode(msgspec.json.encode(chart), type=ChartSpec) == chart
        for panel in chart.panels:
            for series in panel.series:
                assert len(series.x) == len(series.y)
                assert len(series.low) == len(series.high)
                assert len(series.low) in (0, len(series.y))
                assert all(abs(value) < float("inf") for value in [*series.y, *series.high])
    schema = registry.get(operation).schema()
    jsonschema.validate(json.loads(json.dumps(arguments)), schema)


@pytest.mark.parametrize(("operation", "arguments"), CALLS, ids=IDS)
def test_a_test_says_its_level_and_verdict(operation: str, arguments: dict[str, Any]) -> None:
    quantities = registry.execute(operation, arguments).quantities
    if operation == "describe" or quantities.get("p_value") is None:
        return
    assert quantities["significant"] == (quantities["p_value"] < quantities["alpha"])


def test_paired_differences_in_every_form() -> None:
    differences = [a - b for a, b in zip(PAIR["group1"], PAIR["group2"], strict=True)]
    pairs = registry.execute("t_test_paired", PAIR).quantities
    for form in (
        differences,
        {"n": 5, "mean": pairs["mean_difference"], "sd": pairs["sd_difference"]},
    ):
        found = registry.execute("t_test_paired", {"differences": form}).quantities
        for quantity in ("t", "df", "p_value", "ci_low", "ci_high"):
            assert found[quantity] == pytest.approx(pairs[quantity])


def test_small_tests_do_not_load_the_heavy_libraries() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from havoc.tools import registry;"
        "[registry.get(name) for name in ('describe', 'anova_one_way', 'proportion_two',"
        " 'mann_whitney', 'normality', 'anova_two_way', 'equal_variance')];"
        "print([m for m in ('statsmodels', 'pandas', 'matplotlib', 'sympy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
