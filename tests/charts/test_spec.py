"""Charts survive the way through JSON."""

from __future__ import annotations

import math

import msgspec
import pytest

import chart_examples as examples
from havoc.charts import ChartSpec, Panel, Series, decimate, read_chart


@pytest.mark.parametrize("make", examples.ALL, ids=lambda make: make.__name__)
def test_a_chart_is_the_same_after_json(make: object) -> None:
    chart = make()  # type: ignore[operator]
    assert read_chart(msgspec.json.decode(msgspec.json.encode(chart))) == chart


def test_a_missing_value_comes_back_as_a_gap() -> None:
    chart = ChartSpec(
        kind="run",
        title="",
        panels=[Panel(series=[Series(name="y", x=[1.0, 2.0], y=[math.nan, 2.0])])],
    )
    again = read_chart(msgspec.json.decode(msgspec.json.encode(chart)))
    assert math.isnan(again.panels[0].series[0].y[0])
    assert again.panels[0].series[0].y[1] == 2.0


def test_an_unknown_role_is_refused() -> None:
    plain = msgspec.to_builtins(examples.control_chart())
    plain["panels"][0]["limits"][0]["role"] = "javascript:"
    with pytest.raises(msgspec.ValidationError):
        read_chart(plain)


def test_decimation_keeps_the_ends() -> None:
    kept = decimate(10_001, 100)
    assert len(kept) == 100
    assert (kept[0], kept[-1]) == (0, 10_000)
    assert decimate(5, 100) == [0, 1, 2, 3, 4]
