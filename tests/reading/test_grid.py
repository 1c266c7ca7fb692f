"""Tables pasted into a question."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import processor_seconds
from havoc.errors import InputError
from havoc.reading.grid import find_tables
from havoc.reading.table import Table

QUESTIONS = Path(__file__).parents[1] / "questions"
TABLE_AUTHORS = "abcde"


def only(text: str) -> Table:
    found = find_tables(text)
    assert len(found) == 1
    return found[0].table


def content(table: Table) -> dict[str, list[Any]]:
    return {column.name: list(column.values) for column in table.columns}


@pytest.mark.parametrize("mark", ["\t", ";", ",", " | ", "|", "   "])
def test_header_over_rows(mark: str) -> None:
    lines = [
        ["lot", "temp", "mfi"],
        ["K1", "200", "12.1"],
        ["K1", "210", "12.4"],
        ["K2", "220", "13"],
    ]
    text = "one way anova please\n" + "\n".join(mark.join(line) for line in lines) + "\nIs it so?"
    found = find_tables(text)[0]
    assert content(found.table) == {
        "lot": ["K1", "K1", "K2"],
        "temp": [200.0, 210.0, 220.0],
        "mfi": [12.1, 12.4, 13.0],
    }
    assert found.table.header
    assert text[found.start :].startswith("lot")
    assert text[: found.end].endswith("13")
    assert found.table.warnings == []


def test_markdown_table_with_ruler() -> None:
    table = only(
        "Data:\n\n| part | thickness (mm) |\n|-----:|:---|\n| 1 | 12.1 |\n| 2 | 12.3 |\n\nThanks"
    )
    assert content(table) == {"part": [1.0, 2.0], "thickness": [12.1, 12.3]}
    assert table.columns[1].unit == "mm"


def test_row_labels_under_an_empty_corner() -> None:
    table = only("counts\n\tscratch\tdent\nearly\t12\t5\nlate\t20\t4")
    assert content(table) == {"row": ["early", "late"], "scratch": [12.0, 20.0], "dent": [5.0, 4.0]}


def test_decimal_commas_under_semicolons() -> None:
    table = only("cool [s];shrink [%]\n10;1,92\n15;1,75\n20;1,61")
    assert content(table) == {"cool": [10.0, 15.0, 20.0], "shrink": [1.92, 1.75, 1.61]}
    assert [column.unit for column in table.columns] == ["s", "%"]


def test_header_at_the_end_of_a_sentence() -> None:
    text = "Does the error depend of the size? true,read\n5,5.2\n10,10.1"
    found = find_tables(text)[0]
    assert list(content(found.table)) == ["true", "read"]
    assert found.start == text.index("true")


def test_title_line_with_commas_is_no_header() -> None:
    table = only("Five washes, residue mg, wide format\nA,B,C\n5,7,4\n6,8,4")
    assert list(content(table)) == ["A", "B", "C"]


def test_blank_line_between_title_and_header() -> None:
    table = only(
        "Dear all, three suppliers in %:\n\nSupplier,Value\nNord,12.1\nPoly,13.9\n\nDo they differ?"
    )
    assert content(table) == {"Supplier": ["Nord", "Poly"], "Value": [12.1, 13.9]}


def test_blank_lines_between_all_rows() -> None:
    assert content(only("x\ty\n\n1\t2\n\n3\t4\n")) == {"x": [1.0, 3.0], "y": [2.0, 4.0]}


def test_quoted_mail_and_windows_line_ends() -> None:
    assert content(only("hello\r\n> x;y\r\n> 1;2\r\n> 3;4\r\n")) == {
        "x": [1.0, 3.0],
        "y": [2.0, 4.0],
    }


def test_signs_of_a_design_stay_text() -> None:
    table = only("A,B,y\n-,-,60\n+,-,72\n-,+,54\n+,+,68")
    assert content(table) == {
        "A": ["-", "+", "-", "+"],
        "B": ["-", "-", "+", "+"],
        "y": [60.0, 72.0, 54.0, 68.0],
    }


@pytest.mark.parametrize("label", ["Total", "Sum", "avg"])
def test_total_row_is_left_out_with_a_warning(label: str) -> None:
    table = only(f"Coil | um\nC1 | 35.2\nC2 | 34.8\nC3 | 35.0\n{label} | 105.0")
    assert table.rows == 3
    assert len(table.warnings) == 1
    assert label in table.warnings[0]


def test_statistics_below_each_other_are_no_foot() -> None:
    assert only("stat;value\nn;10\nmean;12.1\nsd;0.3").rows == 3


def test_total_column_is_left_out_only_if_it_is_the_sum() -> None:
    table = only("s\tok\tbad\tTotal\nA\t8\t2\t10\nB\t7\t3\t10")
    assert list(content(table)) == ["s", "ok", "bad"]
    assert "Total" in table.warnings[0]
    table = only("s\tok\tbad\tTotal\nA\t8\t2\t11\nB\t7\t3\t10")
    assert list(content(table)) == ["s", "ok", "bad", "Total"]


def test_ragged_rows_are_named() -> None:
    table = only("a;b;c\n1;2;3\n4;5\n6;7;8;9\n1;1;1")
    assert content(table)["c"] == [3.0, None, 1.0]
    assert any("row 3 has fewer" in warning for warning in table.warnings)
    assert any("row 4 has more" in warning for warning in table.warnings)


def test_missing_and_censored_cells() -> None:
    table = only("x,y\n1,n/a\n2,<LOD\n3,5\n4,6\n5,7\n6,oops\n7,8\n8,9")
    assert content(table)["y"] == [None, None, 5.0, 6.0, 7.0, None, 8.0, 9.0]
    assert any("row 3 ('<LOD') is censored" in warning for warning in table.warnings)
    assert any("row 7 ('oops') is not a number" in warning for warning in table.warnings)


def test_infinite_cell_is_an_error_that_names_the_place() -> None:
    with pytest.raises(InputError, match=r"row 3, column 'y'.*'inf'"):
        find_tables("x,y\n1,2\n2,inf\n3,4\n4,5")


def test_several_readings_in_a_cell() -> None:
    table = only("spindle\t40%\t65%\nS1\t18.1, 18.4\t19.9, 20.2\nS2\t17.8, 18.0\t18.3, 18.1")
    assert content(table) == {
        "spindle": ["S1", "S1", "S2", "S2"],
        "40%": [18.1, 18.4, 17.8, 18.0],
        "65%": [19.9, 20.2, 18.3, 18.1],
    }
    assert table.warnings


def test_rows_named_by_their_first_cell_are_turned() -> None:
    table = only("before\t12\t14\t11\t13\nafter\t10\t11\t9\t12")
    assert content(table) == {"before": [12.0, 14.0, 11.0, 13.0], "after": [10.0, 11.0, 9.0, 12.0]}
    assert table.warnings


def test_rows_without_header() -> None:
    table = only("subgroups of 3:\n25.01 25.02 24.99\n25.03 25.01 25.00")
    assert not table.header
    assert content(table)["column 1"] == [25.01, 25.03]


def test_records_with_a_label_and_pairs() -> None:
    table = only("batch no then ir then cap\nB1 21 2.51\nB2 24 2.47\nB3 20 2.52\nB4 27 2.41")
    assert [column.kind for column in table.columns] == ["text", "number", "number"]
    table = only("P1 5.4/5.2\nP2 6.1/5.9\nP3 7.8/7.9")
    assert content(table)["column 3"] == [5.2, 5.9, 7.9]


def test_ratings_by_appraiser() -> None:
    table = only("go no go\nlin g g n g n\nomar g n n g n\nagree?")
    assert content(table) == {"lin": list("ggngn"), "omar": list("gnngn")}


@pytest.mark.parametrize(
    ("text", "name", "values", "unit"),
    [
        ("summed up. cycle time secs\n31.2\n30.8\n33.5", "cycle time", [31.2, 30.8, 33.5], "secs"),
        ("thickness_um\n18\n21\n19", "thickness_um", [18.0, 21.0, 19.0], "um"),
        ("is there a problem with our numbers?\n12\n14\n13", "column 1", [12.0, 14.0, 13.0], ""),
        (
            "Weights from line 3 (order 778):\n12,1\n14,2\nn/a\n13,4",
            "column 1",
            [12.1, 14.2, None, 13.4],
            "",
        ),
        ("weight\n- 12.1\n- 12.3\n- 12.2\n", "weight", [12.1, 12.3, 12.2], ""),
    ],
)
def test_one_number_a_line(text: str, name: str, values: list[float], unit: str) -> None:
    table = only(text)
    assert content(table) == {name: values}
    assert table.columns[0].unit == unit


def test_decimal_comma_list_is_one_column() -> None:
    assert content(only("12,5\n13,1\n12,9")) == {"column 1": [12.5, 13.1, 12.9]}
    assert len(only("1,12\n2,15\n3,131").columns) == 2


def test_two_tables() -> None:
    first, second = find_tables("A\tB\n1\t2\n3\t4\n\nand then\nC\tD\n5\t6\n7\t8")
    assert list(content(first.table)) == ["A", "B"]
    assert list(content(second.table)) == ["C", "D"]


@pytest.mark.parametrize(
    "text",
    [
        "the mean of 12.1, 12.3, 11.9 and 12.0 is what?",
        "We made 12 parts, 3 of them bad.\nThe limit is 5, the mean 12.1, the sd 0.3.",
        "A: 12.1 12.3 11.9\nB: 12.6 12.9 12.8",
        "which differ\nA 5.1 5.2 5.0\nB 5.6 5.5 5.7\nC 5.1 5.3 5.2",
        "lathe 3: 10.02, 10.05\nlathe 7: 10.08, 10.06",
        "K1: 45,1 45,2 45,0\nK2: 45,3 45,4 45,3",
        "R1 12 15 11 | R2 22 25 14 | R3 13 12 16",
        "12.1, 12.3, 12.4,\n12.5, 12.6, 12.2,\n12.1",
        "we got 5 of 10\nand then 6 of 12",
        "Hello, Bob\nwe have 5, 6 and 7",
        "Ours: 13.2 13.5 12.9. Theirs: 13.0 13.4 12.9. Is there a gap? 99% please.",
        "sg1 5 6 7\nsg2 6 5\nsg3 7 6 8 5",
        "",
        "\n\n\n",
    ],
)
def test_prose_and_labelled_lists_are_no_tables(text: str) -> None:
    assert find_tables(text) == []


def test_escape_codes_do_not_reach_names_and_labels() -> None:
    table = only("na\x1b[31mme;y\nA\x07;1\nB\u202e;2")
    assert all(column.name.isprintable() for column in table.columns)
    assert content(table)[table.columns[0].name] == ["A", "B"]


def numbers_in(value: Any) -> Iterator[tuple[float, ...]]:
    """Every list of two or more numbers in the arguments of a question."""
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers_in(item)
    elif isinstance(value, list) and value and all(type(item) in (int, float) for item in value):
        if len(value) > 1:
            yield tuple(map(float, value))
    elif isinstance(value, list):
        for item in value:
            yield from numbers_in(item)


def looks_delimited(text: str) -> bool:
    """Two lines that follow each other with the same tabs, pipes or semicolons."""
    lines = text.split("\n")
    return any(
        mark in one and one.count(mark) == two.count(mark)
        for one, two in itertools.pairwise(lines)
        for mark in "\t|;"
    )


def test_tables_of_real_questions_are_read() -> None:
    asked = read = false = 0
    for author in TABLE_AUTHORS:
        for line in (QUESTIONS / f"author-{author}.jsonl").read_text("utf-8").splitlines():
            question = json.loads(line)
            found = find_tables(question["question"])
            if "\n" not in question["question"]:
                false += bool(found)
                continue
            if not looks_delimited(question["question"]):
                continue
            asked += 1
            have: Counter[float] = Counter()
            for item in found:
                for column in item.table.columns:
                    signs = {"+": 1.0, "-": -1.0}
                    have.update(
                        value if isinstance(value, float) else signs[value]
                        for value in column.values
                        if isinstance(value, float) or value in signs
                    )
            need: Counter[float] = Counter()
            for values in numbers_in(question["args"]):
                need |= Counter(values)
            # Labels coded by the author (failed = 1) and repeated row numbers are not in the text.
            coded = {0.0, 1.0}
            missing = {v for v, n in need.items() if have[v] < n} - coded
            labels = {v for v in missing if have[v] or f"{v:g}%" in question["question"]}
            read += bool(found) and not missing - labels
    assert false == 0
    assert asked > 80
    assert read == asked


CELL = st.one_of(
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: f"{v:.4f}"),
    st.integers(-9999, 9999).map(str),
)


@given(
    st.integers(2, 6).flatmap(
        lambda width: st.lists(
            st.lists(CELL, min_size=width, max_size=width), min_size=2, max_size=8
        )
    ),
    st.sampled_from(["\t", ";", "|", ","]),
)
def test_rows_of_numbers_come_back(rows: list[list[str]], mark: str) -> None:
    names = [f"v{index}" for index in range(len(rows[0]))]
    text = "Here it is:\n" + "\n".join(mark.join(row) for row in [names, *rows]) + "\nWhat now?"
    table = only(text)
    assert list(content(table)) == names
    assert [list(row) for row in zip(*content(table).values(), strict=True)] == [
        [float(cell) for cell in row] for row in rows
    ]


@given(st.text(alphabet="ab1.,;|\t\n -+:", max_size=200))
def test_any_text_is_read_and_spans_fit(text: str) -> None:
    end = 0
    for found in find_tables(text):
        assert end <= found.start < found.end <= len(text)
        assert len({len(column.values) for column in found.table.columns}) == 1
        end = found.end


MEGA = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "\t" * MEGA,
        "|" * MEGA,
        " " * MEGA,
        "," * MEGA,
        "1" * MEGA,
        "-" * MEGA,
        ". " * (MEGA // 2),
        ") " * (MEGA // 2) + ",x\n1,2\n3,4",
        "x" + " " * MEGA + "1\ny 2",
        "lin g g n g\n" * (MEGA // 12),
        "|---|---|\n" * (MEGA // 10),
        "the quick brown fox 5 of 7 jumps\n" * (MEGA // 33),
        ("1 " * 50 + "\n") * (MEGA // 101),
        "\t".join(["1"] * (MEGA // 2)),
        "a;b\n" * 150_000,
    ],
    ids=range(15),
)
def test_hostile_text_is_little_work(text: str) -> None:
    with processor_seconds(10):
        find_tables(text)


def test_endless_lines_are_refused() -> None:
    with pytest.raises(InputError, match="lines"):
        find_tables("1\n" * 300_000)
