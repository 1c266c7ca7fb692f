"""Documents and the older keyword lines read into the same tree as statements."""

from __future__ import annotations

import math
from typing import Any

import pytest

from havoc.errors import InputError
from havoc.tools.dsl import parse_document, parse_script, run_document


@pytest.mark.parametrize(
    ("document", "statement"),
    [
        (
            {"STAT_TEST": {"test_type": "ttest", "data_a": [1, 2, 3], "data_b": [2, 3, 5]}},
            "TEST t two_sample GROUP1 [1, 2, 3] GROUP2 [2, 3, 5]",
        ),
        (
            {"STAT_TEST": {"data_a": "@bore.a", "data_b": "@bore.b", "equal_var": True}},
            "TEST t two_sample GROUP1 @bore.a GROUP2 @bore.b EQUAL_VAR",
        ),
        (
            {
                "STAT_TEST": {
                    "test_type": "anova",
                    "formula": "y ~ line",
                    "data_frame": {"y": [1, 2, 3, 5], "line": ["p", "p", "q", "q"]},
                    "alpha": 0.01,
                }
            },
            "STATS anova_one_way p=[1, 2] q=[3, 5] ALPHA 0.01",
        ),
        (
            {
                "STAT_TEST": {
                    "test_type": "anova",
                    "formula": "y ~ line",
                    "data_frame": "@runs",
                }
            },
            "STATS anova_one_way @runs.y BY @runs.line",
        ),
        (
            {
                "STAT_TEST": {
                    "test_type": "regression",
                    "formula": "y ~ a",
                    "data_frame": [{"y": 1, "a": 2}, {"y": 2, "a": 4}],
                }
            },
            "STATS regression_linear x=[2, 4] y=[1, 2]",
        ),
        (
            {"STAT_TEST": {"test_type": "chi_square", "data_a": [[10, 20], [30, 5]]}},
            "TEST chi_square_independence TABLE [[10, 20], [30, 5]]",
        ),
        (
            {
                "DOE": {
                    "operation": "box_behnken",
                    "factors": [{"name": name, "levels": [1, 2, 3]} for name in "abc"],
                    "center_points": 3,
                }
            },
            "DOE box_behnken FACTORS a[1..3], b[1..3], c[1..3] CENTER 3",
        ),
        (
            {
                "DOE": {
                    "operation": "factorial",
                    "factors": [{"name": "a", "levels": [-1, 1]}, {"name": "b", "levels": 3}],
                }
            },
            "DOE full_factorial FACTORS a{-1, 1}, {name: b, n_levels: 3}",
        ),
        (
            {
                "SPC": {
                    "chart_type": "XBar_R",
                    "data": [1, 2, 3, 4, 5, 6],
                    "subgroup_size": 3,
                    "rules": ["WECO_1", "WECO_2", "WECO_3", "WECO_4"],
                }
            },
            "SPC xbar_r DATA [1, 2, 3, 4, 5, 6] SUBGROUP 3 RULES western_electric",
        ),
        (
            {"SPC": {"chart_type": "NP", "data": [1, 2], "subgroup_size": 50, "rules": ["WECO_1"]}},
            "SPC np DEFECTIVES [1, 2] SAMPLE_SIZE 50 RULES western_electric_1",
        ),
        (
            {"EVAL_SPC": {"data_source": "bore.d"}},
            "SPC xbar_r DATA @bore.d SUBGROUP 5 RULES western_electric",
        ),
        (
            {"MATH": {"expression": "x^2", "variables": {"x": 3}, "symbolic": False}},
            'MATH evaluate "x^2" VALUES {x: 3}',
        ),
        ({"MATH": {"expression": "x + x", "symbolic": True}}, 'MATH simplify "x + x"'),
        (
            {"DESIGN_DOE": {"type": "factorial", "factors": ["a", "b"], "response": "yield"}},
            "DOE full_factorial FACTORS a, b",
        ),
    ],
)
def test_a_document_is_the_statement(document: dict[str, Any], statement: str) -> None:
    assert parse_document(document) == parse_script(statement)


@pytest.mark.parametrize(
    ("line", "statement"),
    [
        (
            "DSL_BEGIN CHECK_SPC X-bar chart, n=5, DATA=@bore DSL_END",
            "SPC xbar_r SUBGROUP 5 DATA @bore",
        ),
        ("CHECK_SPC p chart, n=50, DATA=[1, 2]", "SPC p DEFECTIVES [1, 2] SAMPLE_SIZE 50"),
        ("CHECK_SPC I-MR chart, DATA=@b.d, RULES=nelson", "SPC i_mr DATA @b.d RULES nelson"),
        (
            "EVAL_DOE factorial 2^3, RESPONSE=yield, FACTOR=temp,pressure,time",
            "DOE full_factorial FACTORS temp, pressure, time",
        ),
        ("EVAL_DOE fractional 2^(5-2)", "DOE fractional_factorial N_FACTORS 5 RUNS 8"),
        (
            "EVAL_DOE factorial 2^2, DATA=@runs, RESPONSE=y, FACTOR=a,b",
            "DOE doe_analyze RESPONSE @runs.y FACTORS {a: @runs.a, b: @runs.b}",
        ),
        (
            "RUN_TTEST alpha=0.05, two-tailed, A=[12.1, 12.3], B=[12.8, 12.6]",
            "TEST t two_sample A=[12.1, 12.3] B=[12.8, 12.6] ALPHA 0.05 ALTERNATIVE two_sided",
        ),
        (
            "RUN_TTEST paired, less, A=[1, 2], B=[3, 4]",
            "TEST t paired A=[1, 2] B=[3, 4] ALTERNATIVE less",
        ),
        ("RUN_TTEST DATA=[1, 2, 3], MU=2", "TEST t one_sample [1, 2, 3] MU0 2"),
    ],
)
def test_an_older_line_is_the_statement(line: str, statement: str) -> None:
    assert parse_script(line) == parse_script(statement)


def test_given_limits_become_center_and_sigma() -> None:
    (statement,) = parse_script("CHECK_SPC X-bar chart, n=4, UCL=13, LCL=7, DATA=@b").statements
    assert statement.arguments["mean"] == 10
    # limits at 10 ± 3 sigma / sqrt(4), so sigma is 2
    assert statement.arguments["sigma"] == pytest.approx(2.0)
    with pytest.raises(InputError, match="only one control limit"):
        parse_script("CHECK_SPC X-bar chart, n=4, UCL=13, DATA=@b")


def test_yaml_and_json_are_the_same_document() -> None:
    yaml = "# a test\nSTAT_TEST:\n  test_type: ttest\n  data_a: [1, 2, 3]\n  data_b: [2, 3, 5.5]\n"
    json = '{"STAT_TEST": {"test_type": "ttest", "data_a": [1, 2, 3], "data_b": [2, 3, 5.5]}}'
    assert parse_script(yaml) == parse_script(json)


def test_the_first_command_wins() -> None:
    document = {"SPC": {"chart_type": "C", "data": [1]}, "STAT_TEST": {"data_a": [1, 2]}}
    assert parse_document({**document, "STAT_TEST": {"data_a": [1], "mu": 3}}).statements[
        0
    ].operation == ("t_test_one_sample")


def test_the_envelope() -> None:
    envelope = run_document({"STAT_TEST": {"data_a": [1, 2, 3], "data_b": [2, 3, 5]}})
    assert envelope.success and envelope.error is None
    assert envelope.description == "Two-sample t test"
    assert math.isclose(envelope.payload["t"], -1.2649110640673518)
    failed = run_document({"STAT_TEST": {"data_a": [1, 1], "data_b": [1, 1]}})
    assert not failed.success and failed.payload == {}
    assert "constant" in (failed.error or "")


LAUGHS = "STAT_TEST:\n  data_a: &a [1, 2]\n  data_b: [*a, *a, *a]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"STAT_TEST": {"data_a": [1, }}', "line 1, column 30: not valid JSON"),
        ("STAT_TEST:\n  data_a: [1, 2\n", "line 3, column 1: not valid YAML"),
        (LAUGHS, "line 3, column 12: aliases"),
        ("STAT_TEST: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("STAT_TEST:\n  data_a: [.inf]", "no finite number"),
        ('{"STAT_TEST": {"data_a": [NaN]}}', "NaN is no number"),
        ("STAT_TEST:\n  data_a: 2020-01-01", "neither a number nor a text"),
        ('{"A": 1}', "no command in the document"),
        ('{"SPC": 3}', "SPC: its fields are missing"),
        ('{"SPC": {"chart_type": "Z"}}', "there is no chart 'Z'"),
        ('{"STAT_TEST": {"test_type": "nope"}}', "there is no operation 'nope'"),
        ('{"STAT_TEST": {"data_a": [1], "data_b": [2], "beta": 1}}', "has no field beta"),
        ('{"STAT_TEST": {"test_type": "anova", "formula": "y ~ a*b"}}', "more than sums"),
        ('{"STAT_TEST": ' + "[" * 5000 + "]" * 5000 + "}", "nests"),
        ("STAT_TEST: " + "[" * 5000, "nests|not valid"),
    ],
)
def test_bad_documents(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_script(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("CHECK_SPC nothing chart", "needs a chart"),
        ("CHECK_SPC p chart, FOO=3", "has no setting foo"),
        ("EVAL_DOE factorial", "needs factors"),
        ("EVAL_DOE factorial 2^3, FACTOR=a,b", "3 factors, but 2 are named"),
        ("RUN_TTEST two-tailed", "needs data"),
        ("RUN_TTEST sideways, A=[1, 2]", "does not understand 'sideways'"),
        ("RUN_TTEST A=[1], A=[2]", "A is given twice"),
    ],
)
def test_bad_older_lines(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_script(line)
    assert "line 1, column" in str(caught.value)
