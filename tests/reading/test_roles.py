"""What single numbers mean, counts, and the factors of a design."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.reading.counts import read_counts
from havoc.reading.factors import read_factors
from havoc.reading.notation import normalise
from havoc.reading.question import read_question
from havoc.reading.table import Table

NUMBERS = st.decimals(
    min_value="0.01", max_value="999", places=2, allow_nan=False, allow_infinity=False
).map(str)


def roles(question: str) -> list[tuple[str, float]]:
    return [(item.role, item.value) for item in read_question(question).scalars]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("LSL 9.5, USL 10.5", [("lsl", 9.5), ("usl", 10.5)]),
        ("lower spec limit is 9.5 and upper spec limit = 10.5", [("lsl", 9.5), ("usl", 10.5)]),
        ("between 9.5 and 10.5 mm", [("lsl", 9.5), ("usl", 10.5)]),
        ("tolerance limits 4.0 to 9.0", [("lsl", 4.0), ("usl", 9.0)]),
        ("spec 10 ± 0.2", [("lsl", 9.8), ("usl", 10.2), ("target", 10), ("margin", 0.2)]),
        ("spec 10 +/- 0.2", [("lsl", 9.8), ("usl", 10.2), ("target", 10), ("margin", 0.2)]),
        ("10 +0.3/-0.1 mm", [("lsl", 9.9), ("usl", 10.3), ("target", 10)]),
        ("alpha=0.01", [("alpha", 0.01)]),
        ("significance level 5 %", [("alpha", 5)]),
        ("at the 5% level", [("alpha", 5)]),
        ("at the 95% level", [("confidence", 95)]),
        ("95% confidence", [("confidence", 95)]),
        ("confidence 0.99", [("confidence", 0.99)]),
        ("AQL 1 % alpha 5 %", [("alpha", 5)]),
        ("n=15 mean 50.2 sd 1.1", [("n", 15), ("mean", 50.2), ("sd", 1.1)]),
        ("sigma 2, target 10", [("sd", 2), ("target", 10)]),
        ("power 90 %", [("power", 90)]),
        ("sd 3 power 0.9", [("sd", 3), ("power", 0.9)]),
        ("subgroups of 5", [("subgroup_size", 5)]),
        ("subgroup size 5: 10.1 10.2 10.3", [("subgroup_size", 5)]),
        ("subgroups: 10.1 10.2 10.3", []),
        ("three replicates and 4 centre points", [("replicates", 3), ("center_points", 4)]),
        ("lambda 0.2", [("lambda", 0.2)]),
        ("seed 42", [("seed", 42)]),
        ("LSL 1e999", []),
    ],
)
def test_known_roles(text: str, read: list[tuple[str, float]]) -> None:
    assert roles(text) == read


@pytest.mark.parametrize(
    "written",
    ["confidence 95", "at 95% confidence", "alpha 0.05", "power 0.9", "reps 3", "blocks=2"],
)
@given(st.lists(NUMBERS, min_size=3, max_size=8))
def test_a_role_takes_no_measured_value(written: str, numbers: list[str]) -> None:
    for question in (f"data {' '.join(numbers)} {written}", f"{written}: {' '.join(numbers)}"):
        read = [value for item in read_question(question).series for value in item.values]
        assert read == [float(number) for number in numbers], question


@given(
    st.sampled_from(["LSL", "USL", "target", "alpha", "mean", "sd", "n", "sigma"]),
    NUMBERS,
    st.sampled_from([" ", " = ", ": ", " of "]),
    st.text(alphabet="abc ,.;\n±µ", max_size=20),
)
def test_a_scalar_stands_where_it_says(role: str, number: str, sign: str, before: str) -> None:
    question = f"{before} {role}{sign}{number}"
    for scalar in read_question(question).scalars:
        part = normalise(question)[scalar.start : scalar.end]
        written = [float(item) for item in re.findall(r"\d+(?:\.\d+)?", part)]
        assert scalar.value in written


def test_a_bare_alpha_above_one_stays_as_it_is() -> None:
    (alpha,) = read_question("alpha 7").scalars
    assert alpha.fraction == 7
    (alpha,) = read_question("alpha 7 %").scalars
    assert alpha.fraction == pytest.approx(0.07)
    alpha = next(
        item for item in read_question("alpha 5, power 80").scalars if item.role == "alpha"
    )
    assert alpha.fraction == pytest.approx(0.05)
    (confidence,) = read_question("confidence 95").scalars
    assert confidence.fraction == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("12/250 bad and 30/260 bad", [(12, 250), (30, 260)]),
        ("9 bad of 200", [(9, 200)]),
        ("Of 500 vials, 23 were rejected", [(23, 500)]),
        ("x=26 n=200", [(26, 200)]),
        ("n1=200 x1=26, n2=210 x2=31", [(26, 200), (31, 210)]),
        ("14 bad, 186 good", [(14, 200)]),
        ("3 out of 40 failed; 5 out of 50 failed", [(3, 40), (5, 50)]),
        ("zero failures in 45 parts", [(0, 45)]),
        ("no counts here", []),
    ],
)
def test_known_counts(text: str, pairs: list[tuple[int, int]]) -> None:
    found = read_counts(text)
    assert [(item.successes, item.trials) for item in found] == pairs


@given(st.integers(min_value=0, max_value=500), st.integers(min_value=1, max_value=500))
def test_counts_in_every_wording(bad: int, good: int) -> None:
    total = bad + good
    for text in (
        f"{bad}/{total} defective",
        f"{bad} bad of {total}",
        f"{bad} out of {total} failed",
    ):
        (pair,) = read_counts(text)
        assert (pair.successes, pair.trials) == (bad, total)
        assert pair.source == f"question[{pair.start}:{pair.end}]"
        assert str(bad) in text[pair.start : pair.end] and str(total) in text[pair.start : pair.end]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["temperature", "pressure", "time", "speed", "feed_rate"]),
            st.integers(min_value=1, max_value=400),
            st.integers(min_value=1, max_value=400),
            st.sampled_from(["bar", "min", "°C", "rpm", "mm"]),
        ),
        min_size=2,
        max_size=5,
        unique_by=lambda item: item[0],
    ),
    st.sampled_from(["-", " - ", " to ", "..", "–"]),
)
def test_ranges_of_factors(written: list[tuple[str, int, int, str]], between: str) -> None:
    text = ", ".join(
        f"{name} {low}{between}{low + width} {unit}" for name, low, width, unit in written
    )
    found = read_factors(normalise(text))
    assert [(item.name, item.low, item.high, item.unit) for item in found] == [
        (name, low, low + width, unit) for name, low, width, unit in written
    ]
    for item in found:
        part = text[item.start : item.end]
        assert str(int(item.low or 0)) in part and str(int(item.high or 0)) in part


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("resin (A, B)", ["A", "B"]),
        ("catalyst low/high", ["low", "high"]),
        ("time: 5, 10, 15 min", [5.0, 10.0, 15.0]),
    ],
)
def test_levels_of_factors(text: str, levels: list[float | str]) -> None:
    (factor,) = read_factors(text)
    assert factor.levels == levels


def test_slots_of_columns_and_labels() -> None:
    from havoc.reading.files import table_from_object

    table: Table = table_from_object({"bore": [1.0, 2.0], "line": ["a", "b"]}, "data")
    slots = {slot.name: slot for slot in read_question("mean, LSL 0.5", [table]).slots}
    assert slots["bore"].kind == "column" and slots["line"].kind == "label"
    assert slots["bore"].source.endswith("#bore") and slots["bore"].length == 2
    assert slots["lsl"].kind == "number" and slots["lsl"].source == "question[10:13]"
