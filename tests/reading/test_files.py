"""Files and objects as tables."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from effort import processor_seconds
from havoc.errors import InputError
from havoc.reading import delimited_file, limits
from havoc.reading import workbook as workbook_reader
from havoc.reading.delimited_file import read_delimited
from havoc.reading.files import read_table, table_from_object
from havoc.reading.table import Table


def content(table: Table) -> dict[str, list[Any]]:
    return {column.name: list(column.values) for column in table.columns}


def read(tmp_path: Path, name: str, data: str | bytes, **options: Any) -> Table:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_table(path, **options)


def refused(tmp_path: Path, name: str, data: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, name, data)
    message = str(caught.value)
    assert "\n" not in message
    assert name in message
    assert caught.value.remedy
    return message


# Text files


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path: Path, mark: str, end: str) -> None:
    lines = ["lot,temp (C),y", "A,180,7.1", "B,190,n/a", "A,200,8.0"]
    table = read(tmp_path, "a.csv", end.join(lines).replace(",", mark))
    assert content(table) == {
        "lot": ["A", "B", "A"],
        "temp": [180.0, 190.0, 200.0],
        "y": [7.1, None, 8.0],
    }
    assert table.columns[1].unit == "C"
    assert table.warnings == []
    assert table.header


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    table = read(tmp_path, "a.csv", "Länge;Güte\n0,5;a\n0,25;ü\n1,5;b\n".encode(encoding))
    assert content(table) == {"Länge": [0.5, 0.25, 1.5], "Güte": ["a", "ü", "b"]}
    assert bool(table.warnings) == (encoding == "cp1252")


def test_quoted_decimal_commas(tmp_path: Path) -> None:
    assert content(read(tmp_path, "a.csv", 'x,y\n"0,5",1\n"1,25",2\n')) == {
        "x": [0.5, 1.25],
        "y": [1.0, 2.0],
    }


def test_separator_line_of_a_spreadsheet(tmp_path: Path) -> None:
    assert content(read(tmp_path, "a.csv", "sep=;\nx;y\n1,5;2\n2,5;3\n"))["x"] == [1.5, 2.5]


def test_no_header(tmp_path: Path) -> None:
    table = read(tmp_path, "a.csv", "1,2\n3,4.5\n")
    assert not table.header
    assert content(table) == {"column 1": [1.0, 3.0], "column 2": [2.0, 4.5]}


def test_one_column_and_decimal_comma_lists(tmp_path: Path) -> None:
    assert content(read(tmp_path, "a.txt", "weight\n12.1\n12.2\n")) == {"weight": [12.1, 12.2]}
    assert content(read(tmp_path, "b.csv", "Wert\n12,5\n13,1\n")) == {"Wert": [12.5, 13.1]}
    table = read(tmp_path, "c.csv", "12,5\n13,1\n11,9\n")
    assert content(table) == {"column 1": [12.5, 13.1, 11.9]}
    assert table.warnings


def test_blank_aligned_text(tmp_path: Path) -> None:
    table = read(tmp_path, "a.txt", "temp   y\n180    7.1\n190    7.4\n")
    assert content(table) == {"temp": [180.0, 190.0], "y": [7.1, 7.4]}


def test_duplicate_and_empty_names(tmp_path: Path) -> None:
    table = read(tmp_path, "a.csv", "x,x,,x_2\n1,2,3,4\n5,6,7,8\n")
    assert [column.name for column in table.columns] == ["x", "x_3", "column 3", "x_2"]
    assert any("two columns" in warning for warning in table.warnings)
    assert table.column("X_2") is table.columns[3]


def test_offending_cells_are_missing_and_named(tmp_path: Path) -> None:
    rows = [f"{i},{i}.5" for i in range(10)]
    rows[3], rows[7] = "3,oops", "7,<LOD"
    table = read(tmp_path, "a.csv", "n,val\n" + "\n".join(rows))
    assert content(table)["val"][3] is None
    assert content(table)["val"][7] is None
    assert any("'val'" in w and "row 5 ('oops')" in w for w in table.warnings)
    assert any("'val'" in w and "row 9 ('<LOD') is censored" in w for w in table.warnings)


def test_numbers_among_labels_are_announced(tmp_path: Path) -> None:
    table = read(tmp_path, "a.csv", "id,y\n1,2\n2,3\nA,4\nB,5\n")
    assert content(table)["id"] == ["1", "2", "A", "B"]
    assert any("'id' was read as labels" in warning for warning in table.warnings)


def test_other_unit_in_one_cell_is_not_mixed_in(tmp_path: Path) -> None:
    table = read(tmp_path, "a.csv", "d\n12.1 mm\n12.2 mm\n12.3 mm\n1.21 cm\n")
    assert content(table)["d"] == [12.1, 12.2, 12.3, None]
    assert table.columns[0].unit == "mm"
    assert "row 5 ('1.21 cm')" in table.warnings[0]


def test_ambiguous_thousands_are_announced(tmp_path: Path) -> None:
    table = read(tmp_path, "a.tsv", "a\tb\n1,234\t1\n2,345\t2\n")
    assert content(table)["a"] == [1234.0, 2345.0]
    assert "read as 1234" in table.warnings[0]


@pytest.mark.parametrize("cell", ["=A1+1", "@cmd", "+cmd|' /C calc'!A0", "=HYPERLINK(1)"])
def test_formula_cells_are_never_computed(tmp_path: Path, cell: str) -> None:
    rows = [f"{i},a" for i in range(9)]
    table = read(tmp_path, "a.csv", "x,label\n" + "\n".join(rows) + f'\n"{cell}",b\n3,"{cell}"\n')
    assert content(table)["x"][9] is None
    assert content(table)["label"][10] == cell
    assert any("'x'" in w and "row 11" in w and "formula" in w for w in table.warnings)
    assert any("'label'" in w and "row 12" in w and "formula" in w for w in table.warnings)


def test_titles_ragged_rows_and_totals(tmp_path: Path) -> None:
    table = read(tmp_path, "a.csv", "Report\n\nx,y\n1,2\n3,4\n5\n6,7,8\n7,8\nTotal,29\n")
    assert content(table) == {"x": [1.0, 3.0, 5.0, 7.0], "y": [2.0, 4.0, None, 8.0]}
    for part in ("row 1 ('Report')", "row 6 has fewer", "row 7 has more", "row 9 ('Total')"):
        assert any(part in warning for warning in table.warnings)


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e309"])
def test_infinite_cells_are_errors(tmp_path: Path, cell: str) -> None:
    assert "row 3, column 'x'" in refused(tmp_path, "a.csv", f"x,y\n1,2\n{cell},3\n4,5\n5,6\n")


def test_refused_files(tmp_path: Path) -> None:
    assert "is empty" in refused(tmp_path, "a.csv", b"")
    assert "is empty" in refused(tmp_path, "b.csv", b"\xef\xbb\xbf \n\n")
    assert "no text file" in refused(tmp_path, "c.csv", bytes(range(256)) * 10)
    assert "no text file" in refused(tmp_path, "d.csv", "x,y\n1,2\n".encode("utf-16-le"))
    assert "header and no rows" in refused(tmp_path, "e.csv", "x,y\n,\n")
    assert "not closed" in refused(tmp_path, "f.csv", 'a,b\n"x,1\n2,3\n')
    assert "HTML" in refused(tmp_path, "g.xls", "<html><table><tr><td>1</td></tr></table></html>")
    for path, what in (
        (tmp_path, "is a directory"),
        (tmp_path / "no.csv", "no such file"),
        ("a\x00b", "cannot be read"),
    ):
        with pytest.raises(InputError, match=what):
            read_table(path)
    with pytest.raises(InputError, match="no workbook"):
        read(tmp_path, "h.csv", "x\n1\n2\n", sheet="one")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device file")
def test_device_files_are_refused() -> None:
    with pytest.raises(InputError, match="no regular file"):
        read_table("/dev/zero")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1\n")
    path.chmod(0)
    with pytest.raises(InputError, match="cannot be read"):
        read_table(path)


def test_sizes_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "columns" in refused(tmp_path, "a.csv", "1," * 10_001 + "1\n" + "2," * 10_001 + "2\n")
    with processor_seconds(5):
        assert "a line of more than" in refused(tmp_path, "b.csv", b"1," * 30_000_000)
    sparse = tmp_path / "c.csv"
    with sparse.open("wb") as file:
        file.truncate(limits.MAX_FILE_BYTES + 1)
    with pytest.raises(InputError, match="larger than"):
        read_table(sparse)
    monkeypatch.setattr(limits, "MAX_ROWS", 100)
    assert "rows" in refused(tmp_path, "d.csv", "1\n" * 2000)


# The fast way for large files


def large(header: str, row: str, rows: int = 8000) -> bytes:
    text = header + "".join(row.format(i=i, v=i / 7) for i in range(rows))
    return text.encode()


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast way begins early, and its sample is a small part of the file."""
    monkeypatch.setattr(delimited_file, "FAST_BYTES", 50_000)
    monkeypatch.setattr(delimited_file, "SAMPLE_BYTES", 10_000)


def slow(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Table:
    with monkeypatch.context() as patch:
        patch.setattr(delimited_file, "FAST_BYTES", 10**12)
        return read_delimited(data, "a.csv")


@pytest.mark.parametrize(
    "data",
    [
        large("x (mm),y\n", "{i},{v:.6f}\n"),
        large("", "{i};{v:.6f}\n"),
        large("lot,y\n", "lot {v:.0f},{v:.6f}\n"),
        large("lot,y\n", '"a, {v:.0f}",{v:.6f}\r\n'),
        large("\ufeffx,y\n", "{i},{v:.6f}\n"),
        large("x;y\n", "{i},5;{i}\n"),
        large("x,y\n", "{i},{v:.6f}\n") + b"1,n/a\nNA,2\n",
        large("x,y\n", "{i},{v:.6f}\n") + b"1,broken\n",
        large("x,y\n", "{i},{v:.6f}\n") + b"1,+5\n\n2,3\n,\n4,5\n",
        large("x,y\n", "{i},{v:.6f}\n") + b"1,2,3\n4\n",
        large("lot,y\n", "lot {v:.0f},{v:.6f}\n") + b"=A1,2\nTotal,9\n",
        large("lot,y\n", "lot {v:.0f},{v:.6f}\n") + b"na,2\n",
        large("x,y\n", "{i},{v:.6f}\n") + b'"1,234",2\n',
    ],
    ids=range(13),
)
@pytest.mark.usefixtures("small_limits")
def test_fast_way_reads_what_the_careful_way_reads(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(data) > delimited_file.FAST_BYTES
    assert read_delimited(data, "a.csv") == slow(data, monkeypatch)


@pytest.mark.usefixtures("small_limits")
def test_fast_way_is_taken_for_clean_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def careful(*args: object) -> Table:
        raise AssertionError("a clean file took the careful way")

    monkeypatch.setattr(delimited_file, "_read_carefully", careful)
    assert read_delimited(large("lot,y\n", "lot {v:.0f},{v:.6f}\n"), "a.csv").rows == 8000


@pytest.mark.usefixtures("small_limits")
def test_fast_way_names_the_infinite_cell() -> None:
    with pytest.raises(InputError, match="row 8002, column 'y'"):
        read_delimited(large("x,y\n", "{i},{v:.6f}\n") + b"1,1e999\n", "a.csv")


def test_a_million_rows_are_read_quickly(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(10, 1, 1_000_000)
    path = tmp_path / "big.csv"
    pd.DataFrame({"x": values, "y": -values}).to_csv(path, index=False, float_format="%.5f")
    with processor_seconds(20):
        table = read_table(path)
    assert table.rows == 1_000_000
    assert np.allclose(table.columns[0].values, values, atol=1e-5)


# Objects and JSON


def test_object_of_columns() -> None:
    table = table_from_object({"A": [1, 2.5], "B": ["x", None]}, "question")
    assert content(table) == {"A": [1.0, 2.5], "B": ["x", None]}
    assert table.source == "question"
    assert content(table_from_object({"n": [43], "mean": 97.07})) == {"n": [43.0], "mean": [97.07]}


def test_columns_of_different_length() -> None:
    table = table_from_object({"A": [1, 2, 3], "B": [4, 5], "alpha": 0.05})
    assert content(table) == {
        "A": [1.0, 2.0, 3.0],
        "B": [4.0, 5.0, None],
        "alpha": [0.05, None, None],
    }
    assert table.warnings


def test_rows_within_a_column() -> None:
    table = table_from_object({"subgroups": [[1, 2], [3, 4], [5]]})
    assert content(table) == {"subgroups 1": [1.0, 3.0, 5.0], "subgroups 2": [2.0, 4.0, None]}
    table = table_from_object({"Amy": [[5.0, 5.1]], "Ron": [[5.2, 5.3]]})
    assert list(content(table)) == ["Amy 1", "Amy 2", "Ron 1", "Ron 2"]
    assert list(content(table_from_object({"g": {"a": [1, 2], "b": [3, 4]}}))) == ["g a", "g b"]


def test_rows_and_records() -> None:
    assert content(table_from_object([[1, 2], [3, 4]])) == {
        "column 1": [1.0, 3.0],
        "column 2": [2.0, 4.0],
    }
    assert content(table_from_object([["x", "y"], [1, 2], [3, 4]])) == {
        "x": [1.0, 3.0],
        "y": [2.0, 4.0],
    }
    assert content(table_from_object([{"x": 1, "y": "a"}, {"x": 2}])) == {
        "x": [1.0, 2.0],
        "y": ["a", None],
    }
    assert content(table_from_object([1, 2, math.nan])) == {"column 1": [1.0, 2.0, None]}


def test_frames_and_arrays() -> None:
    frame = pd.DataFrame(
        {"a": [1, 2, None], "b": ["x", None, "z"], "c": pd.Categorical(list("pqp"))}
    )
    assert content(table_from_object(frame)) == {
        "a": [1.0, 2.0, None],
        "b": ["x", None, "z"],
        "c": ["p", "q", "p"],
    }
    assert content(table_from_object(np.arange(3)))["column 1"] == [0.0, 1.0, 2.0]
    assert content(table_from_object(np.eye(2)))["column 2"] == [0.0, 1.0]
    assert content(table_from_object({"x": np.arange(2.0)})) == {"x": [0.0, 1.0]}


@pytest.mark.parametrize(
    "obj",
    [
        None,
        5,
        "text",
        [],
        {},
        {"a": []},
        [[[1]]],
        {"a": [1, [2]]},
        {"a": [math.inf]},
        {"a": [10**400]},
        {"a": {"b": {"c": {"d": {"e": [1]}}}}},
        np.zeros((2, 2, 2)),
        object(),
    ],
)
def test_objects_that_are_no_tables(obj: object) -> None:
    with pytest.raises(InputError):
        table_from_object(obj)


def test_json_files(tmp_path: Path) -> None:
    expected = {"x": [1.0, None], "y": ["a", "b"]}
    assert content(read(tmp_path, "a.json", '{"x": [1, NaN], "y": ["a", "b"]}')) == expected
    assert (
        content(read(tmp_path, "b.json", '[{"x": 1, "y": "a"}, {"x": null, "y": "b"}]')) == expected
    )
    assert content(read(tmp_path, "c.jsonl", '{"x": 1, "y": "a"}\n\n{"y": "b"}\n')) == expected


def test_refused_json(tmp_path: Path) -> None:
    assert "no valid JSON" in refused(tmp_path, "a.json", "{bad")
    assert "nested too deeply" in refused(tmp_path, "b.json", "[" * 200_000)
    assert "given twice" in refused(tmp_path, "c.json", '{"x": [1], "x": [2]}')
    assert "not a finite number" in refused(tmp_path, "d.json", '{"x": [1, Infinity]}')
    assert "not a finite number" in refused(tmp_path, "e.json", '{"x": [1, 1e999]}')
    assert "too many digits" in refused(tmp_path, "f.json", '{"x": [' + "9" * 5000 + "]}")
    assert "line 2" in refused(tmp_path, "g.jsonl", '{"x": 1}\n{"x": \n')
    assert "not UTF-8" in refused(tmp_path, "h.json", b'{"x": ["\xff\xfe"]}')


# Parquet and workbooks


def test_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.5, None, 3.0], "n": [1, 2, 3], "lot": ["a", None, "b"]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert content(read_table(tmp_path / "a.parquet")) == {
        "x": [1.5, None, 3.0],
        "n": [1.0, 2.0, 3.0],
        "lot": ["a", None, "b"],
    }
    data = (tmp_path / "a.parquet").read_bytes()
    assert "Parquet" in refused(tmp_path, "b.parquet", data[:50] + data[80:])
    pd.DataFrame({"x": [[1, 2], [3]]}).to_parquet(tmp_path / "c.parquet")
    with pytest.raises(InputError, match="'x' holds lists"):
        read_table(tmp_path / "c.parquet")


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_workbook(tmp_path: Path) -> None:
    rows = [["Report"], [], ["lot", "d (mm)"], ["A", 12.1], ["B", None], ["A", 12.3]]
    path = workbook(tmp_path / "a.xlsx", {"Empty": [], "Data": rows, "More": [["x"], [1], [2]]})
    table = read_table(path)
    assert content(table) == {"lot": ["A", "B", "A"], "d": [12.1, None, 12.3]}
    assert table.columns[1].unit == "mm"
    assert any("sheet 'Data' was read" in w and "More" in w for w in table.warnings)
    assert any("row 1 ('Report')" in w for w in table.warnings)
    assert content(read_table(path, sheet="more")) == {"x": [1.0, 2.0]}
    with pytest.raises(InputError, match="Data, More"):
        read_table(path, sheet="none")


def test_workbook_formulas_and_errors_are_counted(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["x", "y"], [1, "=A2*2"], [2, "=A3*2"], [3, "#DIV/0!"]]
    table = read_table(workbook(tmp_path / "a.xlsx", {"Data": rows}))
    assert content(table)["x"] == [1.0, 2.0, 3.0]
    assert any(w.startswith("2 formula cell(s) without a stored value") for w in table.warnings)
    assert any(w.startswith("1 cell(s) hold an error") for w in table.warnings)


def repack(path: Path, change: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
    return out.getvalue()


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


def test_hostile_workbooks_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_reader, "MAX_UNPACKED_BYTES", 20_000_000)
    path = workbook(tmp_path / "a.xlsx", {"Data": [["x"], [1], [2]]})
    sheet = "xl/worksheets/sheet1.xml"
    bomb = repack(path, {sheet: SHEET % (b" " * 30_000_000)})
    assert len(bomb) < 200_000
    with processor_seconds(5):
        assert "unpacks to" in refused(tmp_path, "bomb.xlsx", bomb)
    # The directory may lie about the size: what comes out is counted.
    lie = bytearray(bomb)
    at = lie.rfind(b"PK\x01\x02", 0, lie.rfind(sheet.encode()))
    lie[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    assert "unpacks to" in refused(tmp_path, "lie.xlsx", bytes(lie))
    far = b'<row r="%d"><c r="%s%d"><v>1</v></c></row>'
    wide = far % (1, b"A", 1) + far % (1048576, b"XFD", 1048576)
    assert "more than" in refused(tmp_path, "wide.xlsx", repack(path, {sheet: SHEET % wide}))
    whole = path.read_bytes()
    assert "damaged" in refused(tmp_path, "cut.xlsx", whole[: len(whole) // 2])
    assert "workbook" in refused(
        tmp_path, "fake.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096
    )
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("a.txt", "1")
    assert "no XLSX" in refused(tmp_path, "zip.xlsx", plain.getvalue())
    cell = b'<row r="1"><c r="A1"><v>&b;</v></c></row>'
    entity = b'<!DOCTYPE a [<!ENTITY b "bbbb">]>' + SHEET % cell
    with pytest.raises(InputError):
        read(tmp_path, "entity.xlsx", repack(path, {sheet: entity}))


def test_a_long_text_used_often_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_reader, "MAX_TEXT_BYTES", 1_000_000)
    path = workbook(tmp_path / "a.xlsx", {"Data": [["x"], [1], [2]]})
    strings = b"<sst><si><t>" + b"x" * 20_000 + b"</t></si></sst>"
    cell = b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>'
    cells = b"".join(cell % (i, i) for i in range(1, 99))
    data = repack(path, {"xl/worksheets/sheet1.xml": SHEET % cells})
    (tmp_path / "b.xlsx").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "b.xlsx", "a") as archive:
        archive.writestr("xl/sharedStrings.xml", strings)
    with pytest.raises(InputError, match="unpacks to"):
        read_table(tmp_path / "b.xlsx")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_workbooks_never_crash(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "whole.xlsx"
    if not path.exists():
        workbook(path, {"Data": [["x", "y"], [1, 2], [3, 4]]})
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(tmp_path, "damaged.xlsx", bytes(raw))
    except InputError as error:
        assert "\n" not in str(error)


# Round trips and any input at all


NAME = st.text(alphabet="abcdefghxyzäö", min_size=2, max_size=6)
VALUES = st.lists(
    st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=3, max_size=8
).filter(lambda values: any(value is not None for value in values))


@given(st.dictionaries(NAME, VALUES, min_size=2, max_size=5), st.sampled_from(",;\t|"))
def test_csv_round_trip(columns: dict[str, list[float | None]], mark: str) -> None:
    rows = max(map(len, columns.values()))
    whole = {name: values + [None] * (rows - len(values)) for name, values in columns.items()}
    lines = [row for row in zip(*whole.values(), strict=True) if any(v is not None for v in row)]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerow(whole)
    writer.writerows([["NA" if v is None else repr(v) for v in row] for row in lines])
    table = read_delimited(out.getvalue().encode(), "a.csv")
    kept = {name: [row[i] for row in lines] for i, name in enumerate(whole)}
    assert content(table) == kept


@given(st.dictionaries(NAME, VALUES, min_size=1, max_size=5))
def test_json_round_trip(columns: dict[str, list[float | None]]) -> None:
    rows = max(map(len, columns.values()))
    whole = {name: values + [None] * (rows - len(values)) for name, values in columns.items()}
    assert content(table_from_object(json.loads(json.dumps(columns)))) == whole


def table_or_one_line(data: bytes) -> None:
    try:
        table = read_delimited(data, "a.csv")
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert len({len(column.values) for column in table.columns}) == 1
        assert len({column.name.casefold() for column in table.columns}) == len(table.columns)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_table_or_one_line(data: bytes) -> None:
    table_or_one_line(data)


@given(st.text(alphabet='ab1.,;|\t\n -+:="', max_size=200))
def test_any_text_gives_a_table_or_one_line(text: str) -> None:
    table_or_one_line(text.encode())


def test_heavy_libraries_are_loaded_only_when_needed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    code = (
        "import sys; from havoc.reading.files import read_table; read_table(sys.argv[1]);"
        "import havoc.reading.grid;"
        "print(sorted({'pandas', 'pyarrow', 'python_calamine', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.csv")], capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
