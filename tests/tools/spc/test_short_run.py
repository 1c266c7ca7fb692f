"""Short-run charts against their definitions and the charts they come down to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]
DATA = [10.02, 9.99, 25.05, 25.01, 4.98, 5.03, 10.06]
PARTS = ["A", "A", "B", "B", "C", "C", "A"]
NOMINALS = {"A": 10, "B": 25, "C": 5}


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("control_chart", arguments).quantities


def test_deviations_are_charted_as_individuals(run: Run) -> None:
    found = run("control_chart", kind="short_run", data=DATA, parts=PARTS, nominals=NOMINALS)
    deviations = [x - NOMINALS[p] for x, p in zip(DATA, PARTS, strict=True)]
    plain = chart(kind="i_mr", data=deviations)
    for name in ("center", "lcl", "ucl", "mr_ucl", "sigma_within"):
        assert found[name] == pytest.approx(plain[name])
    assert found["deviations"] == pytest.approx(deviations)
    assert [item["part"] for item in found["part_figures"]] == ["A", "B", "C"]


def test_nominals_come_named_listed_or_not_at_all(run: Run) -> None:
    named = run("control_chart", kind="short_run", data=DATA, parts=PARTS, nominals=NOMINALS)
    listed = run(
        "control_chart", data=DATA, parts=PARTS, nominals=[NOMINALS[part] for part in PARTS]
    )
    assert listed["kind"] == "short_run" and listed["ucl"] == named["ucl"]
    only = run(
        "control_chart",
        kind="short_run",
        data=DATA,
        nominals=[NOMINALS[part] for part in PARTS],
    )
    assert only["ucl"] == named["ucl"]
    means = run("control_chart", kind="short_run", data=DATA, parts=PARTS)
    assert means["part_figures"][0]["center"] == pytest.approx(np.mean([10.02, 9.99, 10.06]))
    assert means["center"] == pytest.approx(0, abs=1e-12)
    noted = run("control_chart", kind="short_run", data=named["deviations"])
    assert noted["ucl"] == pytest.approx(named["ucl"])


def test_a_part_far_from_its_nominal_is_seen_only_with_nominals() -> None:
    data = [10.0, 10.1, 9.9, 10.1, 22.0, 22.1, 21.9, 22.0, 10.0, 9.9, 10.1, 10.0]
    parts = ["A"] * 4 + ["B"] * 4 + ["A"] * 4
    assert not chart(kind="short_run", data=data, parts=parts, nominals={"A": 10, "B": 20})[
        "in_control"
    ]
    result = registry.execute("control_chart", {"kind": "short_run", "data": data, "parts": parts})
    assert result.quantities["in_control"]
    assert any("own mean" in warning for warning in result.outcome.warnings)


def test_sigma_of_the_z_chart_by_part_run_and_pool(run: Run) -> None:
    data, parts = [1.0, 2.0, 10.0, 14.0, 1.5, 4.0], ["A", "A", "B", "B", "A", "A"]
    by_part = run("control_chart", kind="short_run", data=data, parts=parts, short_run_method="z")
    sigmas = [item["sigma"] for item in by_part["part_figures"]]
    assert sigmas == pytest.approx([(1 + 0.5 + 2.5) / 3 / 1.128, 4 / 1.128])
    pooled = chart(
        kind="short_run", data=data, parts=parts, short_run_method="z", part_sigma="constant"
    )
    assert pooled["part_figures"][0]["sigma"] == pytest.approx((1 + 0.5 + 2.5 + 4) / 4 / 1.128)
    by_run = chart(kind="short_run", data=data, parts=parts, short_run_method="z", part_sigma="run")
    expected = [-0.5 * 1.128, 0.5 * 1.128, -2 / (4 / 1.128), 2 / (4 / 1.128), -0.564, 0.564]
    assert by_run["z"] == pytest.approx(expected)
    given_sigma = chart(kind="short_run", data=data, parts=parts, short_run_method="z", sigma=2)
    assert given_sigma["z"][2] == pytest.approx((10 - 12) / 2)


def test_parts_that_vary_differently_are_said_to() -> None:
    generator = np.random.default_rng(5)
    data = [*generator.normal(10, 0.1, 20), *generator.normal(50, 3, 20)]
    parts = ["A"] * 20 + ["B"] * 20
    result = registry.execute("control_chart", {"kind": "short_run", "data": data, "parts": parts})
    (check,) = (item for item in result.outcome.assumptions if item.name == "parts vary alike")
    assert check.status == "violated"


@given(
    shift=st.floats(-1e4, 1e4),
    data=st.lists(st.integers(-50, 50), min_size=6, max_size=20).filter(
        lambda values: len(set(values)) > 2
    ),
)
@settings(max_examples=40, deadline=None)
def test_moving_a_part_with_its_nominal_changes_nothing(shift: float, data: list[int]) -> None:
    parts = ["A" if i % 2 else "B" for i in range(len(data))]
    values = [float(x) for x in data]
    moved = [x + shift if p == "A" else x for x, p in zip(values, parts, strict=True)]
    plain = chart(kind="short_run", data=values, parts=parts, nominals={"A": 0, "B": 3})
    again = chart(kind="short_run", data=moved, parts=parts, nominals={"A": shift, "B": 3})
    assert again["ucl"] == pytest.approx(plain["ucl"], abs=1e-7)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"parts": PARTS[:3]}, "3 parts for 7 points"),
        ({"parts": PARTS, "nominals": {"A": 10}}, "part B has no nominal"),
        ({"parts": PARTS, "nominals": [1.0, 2, 3, 4, 5, 6, 7]}, "two nominals"),
        ({"parts": PARTS, "nominals": [10.0]}, "1 nominals for 7 points"),
        ({"nominals": {"A": 1}}, "not which value belongs"),
        ({"short_run_method": "z"}, "needs the part"),
        ({"parts": PARTS, "part_sigma": "run"}, "one sigma for all"),
        (
            {"parts": ["A"] * 6 + ["B"], "short_run_method": "z"},
            "part B has a single value",
        ),
        (
            {"parts": PARTS, "short_run_method": "z", "part_sigma": "run"},
            "run 4 has a single value",
        ),
        (
            {"data": [1, 1, 2, 3], "parts": ["A", "A", "B", "B"], "short_run_method": "z"},
            "part A does not vary",
        ),
        (
            {
                "data": [-1, 1, 2, 3],
                "parts": ["A", "A", "B", "B"],
                "short_run_method": "z",
                "part_sigma": "relative",
            },
            "takes logarithms",
        ),
        ({"kind": "i_mr", "parts": PARTS}, "has no parts"),
        ({"data": None}, "no data given"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        chart(**{"kind": "short_run", "data": DATA, **arguments})
