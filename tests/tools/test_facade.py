"""The façade: two tool names over all operations, and the older names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.aliases import RENAMED, aliases, chart_kind, resolve
from havoc.tools.facade import envelope, execute_all, execute_json, facade_of, facade_schemas


def call(tool: str, operation: str, **arguments: Any) -> dict[str, Any]:
    return {"tool": tool, "args": {"operation": operation, **arguments}}


MATH, DESIGN = "python_math", "dsl_executor"
A, B = [12.1, 12.3, 11.9, 12.0], [12.8, 12.6, 13.0, 12.7]


@pytest.mark.parametrize(
    ("older", "operation"),
    [
        (call(MATH, "t_test", group1=A, group2=B), "t_test_two_sample"),
        (call(MATH, "t_test", group1=A, group2=B, paired=True), "t_test_paired"),
        (call(MATH, "t_test", group1=A, popmean=12), "t_test_one_sample"),
        (call(MATH, "anova", groups=[A, B]), "anova_one_way"),
        (call(MATH, "regression", x=A, y=B), "regression_linear"),
        (call(MATH, "regression", x=A, y=B, degree=2), "regression_polynomial"),
        (call(MATH, "regression", x=[[1, 2, 3, 4, 6], [2, 1, 1, 2, 3]], y=[1, 2, 3, 5, 4]),
         "regression_multiple"),
        (call(MATH, "correlation", x=A, y=B, method="spearman"), "correlation"),
        (call(MATH, "chi_square", observed=[[40, 10], [30, 20]]), "chi_square_independence"),
        (call(MATH, "chi_square", observed=[10, 20, 30]), "chi_square_fit"),
        (call(MATH, "proportion_test", x=[12, 6], n=[250, 260]), "proportion_two"),
        (call(MATH, "proportion_test", x=12, n=250), "proportion_one"),
        (call(MATH, "proportion_test", x=[8, 9, 7], n=50), "chi_square_independence"),
        (call(MATH, "nonparametric", method="mann_whitney", group1=A, group2=B), "mann_whitney"),
        (call(DESIGN, "factorial", factors=["a", "b"]), "full_factorial"),
        (call(DESIGN, "fractional", factors=5, runs=16), "fractional_factorial"),
        (call(DESIGN, "box_behnken", factors=3), "box_behnken"),
        (call(DESIGN, "central_composite", factors=3), "central_composite"),
        (call(DESIGN, "imr_chart", data=A), "control_chart"),
        (call(DESIGN, "xbar_r_chart", data=A, subgroup_size=2), "control_chart"),
        (call(DESIGN, "control_chart", chart_type="I_MR", data=A, seed=3), "control_chart"),
    ],
)  # fmt: skip
def test_older_names_run(older: dict[str, Any], operation: str) -> None:
    assert execute_json(json.dumps(older)).operation == operation
    assert envelope(older)["status"] == "success"


def test_figures_are_those_of_the_operation() -> None:
    told = envelope(call(MATH, "t_test", group1=A, group2=B))
    peer = stats.ttest_ind(A, B, equal_var=False)
    assert told["result"]["statistic"] == told["result"]["t"] == pytest.approx(peer.statistic)
    assert told["result"]["pvalue"] == pytest.approx(peer.pvalue)
    assert told["metadata"]["operation"] == "t_test_two_sample"
    assert told["error"] is None
    runs = envelope(call(DESIGN, "box_behnken", factors=3))["result"]["runs"]
    assert runs == 15


def test_every_operation_belongs_to_one_facade_and_every_alias_to_an_operation() -> None:
    schemas = facade_schemas()
    listed = [name for facade in schemas.values() for name in facade["operations"]]
    assert sorted(listed) == registry.list()
    assert "rag_helper" not in schemas
    assert facade_of("box_behnken") == DESIGN and facade_of("describe") == MATH
    assert not set(aliases()) & set(registry)
    assert {target for target, _ in RENAMED.values()} <= set(registry)


def test_a_script() -> None:
    script = {"tool": DESIGN, "args": {"script": "DESCRIBE [1, 2]\nDESCRIBE [3, 4]"}}
    assert [result.operation for result in execute_all(script)] == ["describe", "describe"]
    assert len(envelope(script)["result"]) == 2
    with pytest.raises(InputError, match="2 statements"):
        execute_json(script)
    with pytest.raises(InputError, match="cannot open files"):
        execute_json({"tool": DESIGN, "args": {"script": 'DATA a = "/etc/passwd"\nDESCRIBE @a'}})
    with pytest.raises(InputError, match="no other argument"):
        execute_json({"tool": DESIGN, "args": {"script": "DESCRIBE [1]", "alpha": 1}})


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"tool": "rag_helper", "args": {"query": "x"}}, "not_found", "not called here"),
        ({"tool": "shell"}, "not_found", "there is no tool 'shell'"),
        (call(MATH, "nope"), "not_found", "there is no operation 'nope'"),
        (call(MATH, "box_behnken", factors=3), "failure", "call dsl_executor"),
        ({"tool": MATH, "args": {}}, "failure", "args need an operation"),
        ({"tool": MATH, "args": []}, "failure", "call: expected|Expected"),
        ({"tool": MATH, "arguments": {}}, "failure", "unknown field"),
        ("{", "failure", "not valid JSON"),
        ("[" * 100_000, "failure", "not valid JSON"),
        (call(MATH, "t_test", group1=[1], group2=[2]), "failure", "at least 2|needed"),
        (call(MATH, "t_test", group1=A, group2=B, beta=1), "failure", "unknown argument beta"),
        (call(DESIGN, "control_chart", kind="i_mr", data=A, ucl=3), "failure", "only one control"),
        (call(DESIGN, "p_chart", data=A, ucl=3, lcl=1), "failure", "control limits can be given"),
    ],
)
def test_errors_are_told_in_the_envelope(given: Any, status: str, message: str) -> None:
    told = envelope(given)
    assert told["status"] == status and told["result"] is None
    with pytest.raises(InputError, match=message):
        execute_json(given)
    assert "\n" not in told["error"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("XBar_R", "xbar_r"),
        ("X-bar chart", "xbar_r"),
        ("x\u0304-S", "xbar_s"),
        ("I-MR control chart", "i_mr"),
        ("imr_chart", "i_mr"),
        ("NP", "np"),
        ("pareto", None),
    ],
)
def test_names_of_charts(said: str, kind: str | None) -> None:
    assert chart_kind(said) == kind


def test_spellings_do_not_collide() -> None:
    with pytest.raises(InputError, match="mu0 is given twice"):
        resolve("t_test", {"group1": A, "mu": 1, "mu0": 2})


def test_the_tags_of_a_model_are_allowed() -> None:
    text = f"<tool>{json.dumps(call(MATH, 'describe', data=A))}</tool>"
    assert execute_json(text).operation == "describe"
