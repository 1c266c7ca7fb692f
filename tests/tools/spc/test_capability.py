"""Capability against R (qcc) and closed formulas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"


def study(**arguments: Any) -> dict[str, Any]:
    return registry.execute("capability", arguments).quantities


def test_piston_rings_agree_with_qcc() -> None:
    case = json.loads((CASES / "cap-piston.json").read_text())
    found = study(subgroups=case["data"]["subgroups"], **case["params"])
    for name, expected in case["expected"].items():
        assert found[name] == pytest.approx(expected["value"], rel=expected["rtol"]), name
