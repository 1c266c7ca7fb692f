"""Lists of numbers in prose: what was written is read, from where it stood."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from havoc.reading import notation
from havoc.reading.question import Reading, read_question

DECIMALS = st.decimals(
    min_value="0.01", max_value="9999", places=2, allow_nan=False, allow_infinity=False
).map(str)
SIGNED = st.decimals(
    min_value="-999", max_value="999", places=1, allow_nan=False, allow_infinity=False
).map(str)
LISTS = st.lists(DECIMALS, min_size=3, max_size=12)
LABELS = st.sampled_from(
    [
        "A",
        "B",
        "left line",
        "oven 2",
        "before",
        "after",
        "supplier",
        "old",
        "new",
        "press_7",
        "Zürich",
    ]
)
SEPARATORS = st.sampled_from([" ", ", ", "; ", "  ", ",", " / ", " | "])


def values(reading: Reading) -> list[list[float | None]]:
    return [item.values for item in reading.series]


def check_sources(question: str, reading: Reading) -> None:
    """The place of every list holds its values, in their order and no others."""
    for series in reading.series:
        place = re.fullmatch(r"question\[(\d+):(\d+)\]", series.source)
        assert place
        part = notation.normalise(question)[int(place[1]) : int(place[2])]
        written = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", part)]
        assert [abs(number) for number in written] == [abs(number) for number in series.numbers]


@given(LABELS, LABELS, LISTS, LISTS, SEPARATORS, st.sampled_from([": ", " = ", ":\n"]))
def test_two_labelled_lists(
    first: str, second: str, one: list[str], two: list[str], separator: str, sign: str
) -> None:
    assume(first != second)
    assume(separator != " | " or "\n" not in sign)  # rows of a table
    question = (
        f"Do they differ? {first}{sign}{separator.join(one)}. {second}{sign}{separator.join(two)}."
    )
    reading = read_question(question)
    assert values(reading) == [[float(item) for item in one], [float(item) for item in two]]
    assert [series.name for series in reading.series] == [first, second]
    check_sources(question, reading)


@given(LABELS, LISTS, st.sampled_from([" ", "; ", "\n", " / "]))
def test_decimal_commas(label: str, numbers: list[str], separator: str) -> None:
    question = f"mean of {label}: {separator.join(item.replace('.', ',') for item in numbers)}"
    reading = read_question(question)
    assert [value for series in values(reading) for value in series] == [
        float(item) for item in numbers
    ]
    check_sources(question, reading)


@given(st.lists(SIGNED, min_size=2, max_size=12), st.sampled_from([" ", ", ", "; "]))
def test_signed_values(numbers: list[str], separator: str) -> None:
    reading = read_question(f"deviations: {separator.join(numbers)}")
    assert values(reading) == [[float(item) for item in numbers]]


@given(LISTS, st.sampled_from(["mm", "µm", "°C", "%", "kg", "MPa"]), st.booleans())
def test_units(numbers: list[str], unit: str, every: bool) -> None:
    text = (
        " ".join(f"{item} {unit}" for item in numbers) if every else (f"{' '.join(numbers)} {unit}")
    )
    (series,) = read_question(f"mean of {text}").series
    assert series.values == [float(item) for item in numbers]
    assert series.unit == unit


@given(LISTS, st.data())
def test_missing_values_keep_their_place(numbers: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(min_value=1, max_value=len(numbers) - 1))
    written = data.draw(st.sampled_from(["n/a", "NA", "missing", "n.d.", "<LOD"]))
    shown = [*numbers[:place], written, *numbers[place:]]
    (series,) = read_question(f"readings: {', '.join(shown)}").series
    expected: list[float | None] = [float(item) for item in numbers]
    expected.insert(place, None)
    assert series.values == expected
    assert series.missing == 1


@given(st.lists(st.lists(DECIMALS, min_size=3, max_size=3), min_size=2, max_size=8))
def test_rows_of_subgroups(rows: list[list[str]]) -> None:
    written = [" ".join(row) for row in rows]
    for text in (
        " / ".join(written),
        "; ".join(written),
        str([[float(x) for x in r] for r in rows]),
    ):
        reading = read_question(f"control chart for {text}")
        assert values(reading) == [[float(item) for item in row] for row in rows], text
        assert reading.blocks[0].rows


@given(LISTS, st.sampled_from(["alpha 0.05", "LSL 1.5", "at 95% confidence", "n=15", "seed 7"]))
def test_a_role_beside_a_list_takes_nothing_of_it(numbers: list[str], role: str) -> None:
    for question in (f"mean of {' '.join(numbers)}, {role}", f"{role}: {' '.join(numbers)}"):
        reading = read_question(question)
        read = [value for series in values(reading) for value in series]
        assert read == [float(item) for item in numbers], question


def test_a_list_of_one_value_a_line() -> None:
    for text in ("values: 1.5\n2.5\n3.5\n4.5", "values:\n1.5\n2.5\n3.5\n4.5"):
        reading = read_question(text)
        columns = [column.values for table in reading.tables for column in table.columns]
        assert [*columns, *values(reading)] == [[1.5, 2.5, 3.5, 4.5]], text
    reading = read_question("Sample 1\n1.5\n2.5\n3.5")
    assert [table.columns[0].values for table in reading.tables] == [[1.5, 2.5, 3.5]]


def test_labels_with_numbers() -> None:
    reading = read_question("head 1 5.0 5.1 5.2 head 2 5.4 4.6 5.5")
    assert [(item.name, item.values) for item in reading.series] == [
        ("head 1", [5.0, 5.1, 5.2]),
        ("head 2", [5.4, 4.6, 5.5]),
    ]
    reading = read_question("Oven 1: 181 182 183, Oven 2: 185 186 184")
    assert [(item.name, item.values) for item in reading.series] == [
        ("Oven 1", [181, 182, 183]),
        ("Oven 2", [185, 186, 184]),
    ]
    reading = read_question("panels 1-4: 41 43 40 39; panels 5-8: 45 47 44 46")
    assert [(item.name, item.values) for item in reading.series] == [
        ("panels 1-4", [41, 43, 40, 39]),
        ("panels 5-8", [45, 47, 44, 46]),
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1,200 1,300 1,250", [1200, 1300, 1250]),
        ("1,2 1,3 1,25", [1.2, 1.3, 1.25]),
        ("1,2,3", [1, 2, 3]),
        ("1.5,2.5,3.5", [1.5, 2.5, 3.5]),
        ("1.2e3 1.3e3", [1200, 1300]),
        ("−1 2 −3", [-1, 2, -3]),
        ("5k 6k 7k", [5000, 6000, 7000]),
        (".5 .6 .7", [0.5, 0.6, 0.7]),
        ("12.1 and 12.2", [12.1, 12.2]),
        ("12.1, 12.2 and 12.3", [12.1, 12.2, 12.3]),
        ("1\u00a0mm 2\u202fmm 3 mm", [1, 2, 3]),
        ("5 1e999 6", [5, None, 6]),
    ],
)
def test_ways_of_writing(written: str, read: list[float]) -> None:
    assert values(read_question(f"values: {written}")) == [read]


@given(st.text(max_size=200))
def test_positions_never_move(text: str) -> None:
    assert len(notation.normalise(text)) == len(text)
    reading = read_question(text)
    assert len(reading.plain) == len(reading.remaining) == len(text)
    for slot in reading.slots:
        for start, end in re.findall(r"question\[(\d+):(\d+)\]", slot.source):
            assert 0 <= int(start) < int(end) <= len(text)
    for scalar in reading.scalars:
        assert 0 <= scalar.start < scalar.end <= len(text)
