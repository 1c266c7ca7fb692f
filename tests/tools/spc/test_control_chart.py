"""Control charts against R (qcc), the NIST handbook and published tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"


def reference(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text())


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("control_chart", arguments).quantities


def agrees(found: dict[str, Any], case: dict[str, Any], *, skip: tuple[str, ...] = ()) -> None:
    for name, expected in case["expected"].items():
        if name in skip:
            continue
        assert found[name] == pytest.approx(
            expected["value"], rel=expected.get("rtol", 0), abs=expected.get("atol", 0)
        ), name


def test_xbar_r_chart_of_piston_rings_agrees_with_qcc() -> None:
    case = reference("xbarr-piston")
    agrees(chart(kind="xbar_r", subgroups=case["data"]["subgroups"]), case)


def test_xbar_s_chart_of_piston_rings_agrees_with_qcc() -> None:
    case = reference("xbars-piston")
    agrees(chart(kind="xbar_s", subgroups=case["data"]["subgroups"]), case)


def test_individuals_chart_agrees_with_the_handbook() -> None:
    case = reference("imr-handbook")
    agrees(chart(kind="i_mr", data=case["data"]["y"]), case)


def test_p_chart_agrees_with_montgomery() -> None:
    case = reference("p-orangejuice")
    agrees(chart(kind="p", defectives=case["data"]["D"], sample_size=case["data"]["n"]), case)


def test_u_chart_agrees_with_montgomery() -> None:
    case = reference("u-pc")
    agrees(chart(kind="u", defects=case["data"]["x"], sample_size=case["data"]["n"]), case)


def test_c_chart_agrees_with_montgomery() -> None:
    case = reference("c-circuit")
    found = chart(kind="c", defects=case["data"]["x"])
    agrees(found, case, skip=("out_of_limits",))
    assert sorted(found["out_of_limits"]) == sorted(case["expected"]["out_of_limits"]["value"])


def test_ewma_chart_agrees_with_the_handbook() -> None:
    case = reference("ewma-handbook")
    agrees(chart(kind="ewma", data=case["data"]["y"], **case["params"]), case)


def test_cusum_chart_agrees_with_the_handbook() -> None:
    case = reference("cusum-handbook")
    agrees(chart(kind="cusum", data=case["data"]["y"], **case["params"]), case)
