"""``havoc monitor`` as a user meets it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from havoc.cli import main
from havoc.reading.wide_file import open_wide
from havoc.tools import registry
from havoc.tools.spc.monitoring import (
    Watch,
    expected_false_alarms,
    mark_those_that_stand_out,
    watch_characteristic,
)


def write(path: Path, values: np.ndarray, *, time: bool = True) -> Path:
    names = [f"c{i}" for i in range(values.shape[1])]
    lines = [",".join((["time"] if time else []) + names)]
    for number, row in enumerate(values.tolist()):
        cells = ["" if cell != cell else f"{cell:.4f}" for cell in row]
        lines.append(",".join(([f"2026-01-01 {number}"] if time else []) + cells))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    values = np.random.default_rng(1).normal(10, 1, size=(120, 30))
    values[60:, 7] += 4
    return write(tmp_path / "wide.csv", values)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["monitor", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["monitor", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    return captured.err


def summary(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(printed(capsys, *arguments, "--json"))
    return body


def test_the_worst_characteristic_comes_first(
    wide: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(capsys, str(wide))
    assert (
        "of 30 characteristics are out of control (i_mr charts of 120 rows, rules: nelson)" in text
    )
    rows = text[text.index("---") :].splitlines()
    assert rows[1].split()[:2] == ["c7", "*"]
    assert "1 stand out (marked *)" in text


def test_every_line_is_that_of_the_control_chart(
    wide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "summary.csv"
    printed(capsys, str(wide), "--out", str(out), "--rules", "western_electric")
    with out.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 30
    with wide.open(newline="") as file:
        columns = list(zip(*csv.reader(file), strict=True))[1:]
    for line, column in zip(lines, columns, strict=True):
        chart = registry.execute(
            "control_chart", {"kind": "i_mr", "data": [float(cell) for cell in column[1:]]}
        ).to_json()
        assert line["characteristic"] == column[0]
        assert float(line["ucl"]) == pytest.approx(chart["ucl"])
        assert int(line["points_beyond_limits"]) == chart["out_of_limits_count"]
        assert int(line["violations"]) == chart["violations_count"]
        assert (line["status"] == "in control") == chart["in_control"]
        rules = dict(item.split(":") for item in line["rules"].split())
        assert {name: int(count) for name, count in rules.items()} == chart["rule_counts"]


def test_small_memory_reads_more_blocks_and_changes_nothing(wide: Path) -> None:
    file = open_wide(wide)
    whole = list(file.columns(file.numeric, 10**9))
    blocks = list(file.columns(file.numeric, 1))
    assert [column.name for column in whole] == [column.name for column in blocks]
    for one, other in zip(whole, blocks, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


def test_missing_values_keep_the_numbers_of_the_rows(tmp_path: Path) -> None:
    values = np.random.default_rng(2).normal(size=(50, 1))
    values[[3, 10], 0] = np.nan
    values[20, 0] = 9
    column = next(open_wide(write(tmp_path / "x.csv", values)).columns([1], 10**6))
    line = watch_characteristic("c0", column.values, Watch(rules="limits"))
    assert (line.n, line.missing) == (48, 2)
    assert 21 in line.points and line.first_signal == 21


def test_subgroups_with_a_missing_value_stay_where_they_are(tmp_path: Path) -> None:
    values = np.random.default_rng(3).normal(size=100)
    values[[7, 8]] = np.nan
    values[60:65] += 5
    line = watch_characteristic("x", values, Watch(kind="xbar_s", subgroup_size=5, rules="limits"))
    assert line.points == [13]
    whole = watch_characteristic(
        "x", np.nan_to_num(values), Watch(kind="xbar_r", subgroup_size=5, rules="limits")
    )
    assert whole.points == [13]


def test_what_cannot_be_charted_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = np.random.default_rng(4)
    rows = ["good,flat,late text,empty"]
    for i in range(60):
        late = "broken" if i == 55 else f"{source.normal():.3f}"
        rows.append(f"{source.normal():.3f},5.0,{late},")
    path = tmp_path / "mixed.csv"
    path.write_text("\n".join(rows) + "\n")
    body = summary(capsys, str(path))
    assert (body["characteristics"], body["not_charted"]) == (3, 2)
    text = printed(capsys, str(path))
    assert "flat: all 60 values equal 5" in text
    assert "late text: value 56 is 'broken', not a number" in text


def test_a_decimal_comma_is_read(tmp_path: Path) -> None:
    path = tmp_path / "comma.csv"
    path.write_text("a;b\n" + "".join(f"1{i},5;2,{i}\n" for i in range(9)))
    file = open_wide(path)
    column = next(file.columns([0], 10**6))
    assert column.values[:2].tolist() == [10.5, 11.5]


def test_a_file_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("1,2\n3,4\n5,6\n")
    file = open_wide(path)
    assert file.names == ["column 1", "column 2"] and file.rows == 3


def test_columns_are_chosen_by_pattern(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = summary(capsys, str(wide), "--columns", "c1*", "c7")
    assert body["characteristics"] == 12
    assert "did you mean c7" in refused(capsys, str(wide), "--columns", "c77")


def test_a_name_that_is_a_formula_is_written_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "f.csv", tmp_path / "out.csv"
    path.write_text("=1+1,b\n" + "".join(f"{i % 7},{i % 5}\n" for i in range(30)))
    printed(capsys, str(path), "--out", str(out))
    assert out.read_text().splitlines()[1].startswith("'=1+1,")


def test_json_lines_are_complete(
    wide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "summary.json"
    printed(capsys, str(wide), "--out", str(out), "--kind", "xbar_r", "--subgroup-size", "4")
    lines = json.loads(out.read_text())
    assert len(lines) == 30 and lines[7]["status"] == "out of control"


def test_the_bar_goes_to_standard_error(wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["monitor", str(wide), "--progress", "--json"]) == 0
    captured = capsys.readouterr()
    assert "30/30" in captured.err
    json.loads(captured.out)


def test_the_share_of_false_alarms_is_that_of_stable_columns() -> None:
    values = np.random.default_rng(5).normal(size=(100, 300))
    for watch in (
        Watch(rules="limits"),
        Watch(rules="western_electric"),
        Watch(rules="nelson"),
        Watch(kind="xbar_r", subgroup_size=5, rules="limits"),
        Watch(kind="xbar_s", subgroup_size=5, rules="limits"),
    ):
        expected = expected_false_alarms(100, watch)
        found = np.mean(
            [watch_characteristic("x", v, watch).status == "out of control" for v in values.T]
        )
        assert expected == pytest.approx(found, abs=0.13), watch


def test_those_that_stand_out_are_the_shifted_ones(tmp_path: Path) -> None:
    values = np.random.default_rng(6).normal(size=(200, 400))
    values[100:, :20] += 3
    lines = [watch_characteristic(f"c{i}", v, Watch()) for i, v in enumerate(values.T)]
    mark_those_that_stand_out(lines)
    marked = {line.name for line in lines if line.stands_out}
    assert len(marked & {f"c{i}" for i in range(20)}) >= 18
    assert len(marked) <= 24
    assert all(line.p_beyond == pytest.approx(1) for line in lines if not line.points_count)


BAD = [
    (["--kind", "xbar_r"], "subgroup-size"),
    (["--subgroup-size", "5"], "does not fit"),
    (["--rules", "nelson_9"], "no run rule"),
    (["--baseline", "1"], "baseline"),
    (["--memory", "0"], "memory"),
    (["--n-sigma", "-2"], "n-sigma"),
    (["--columns", "nothing"], "no column"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_bad_options_are_named(
    wide: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert message in refused(capsys, str(wide), *options)


FILES = [
    (b"", "is empty"),
    (b"a,b\n", "has a header and no rows"),
    (b"a,b\n1,2\n3\n", "row 3 has 1 cells"),
    (b"PK\x03\x04....", "is no text file"),
    (b"a,b\nx,y\n", "has no column of numbers"),
]


@pytest.mark.parametrize(("content", "message"), FILES)
def test_bad_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    assert message in refused(capsys, str(path))
    assert "cannot be read" in refused(capsys, str(tmp_path / "missing.csv"))


def test_a_row_too_short_further_down_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "short.csv"
    path.write_text("a,b\n" + "1,2\n" * 80 + "3\n" + "1,2\n" * 5)
    assert "row" in refused(capsys, str(path))


def test_an_output_that_cannot_be_written_leaves_the_old_one(
    wide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is a directory" in refused(capsys, str(wide), "--out", str(tmp_path))
    assert not list(tmp_path.glob(".havoc-*"))


def test_memory_stays_bounded_over_many_columns(tmp_path: Path) -> None:
    """A file of 60 MB in text and 32 MB in values, read with 4 MB at once."""
    path = tmp_path / "large.csv"
    rows, columns = 2000, 2000
    with path.open("w") as file:
        file.write(",".join(f"c{i}" for i in range(columns)) + "\n")
        line = ",".join(f"{v:.4f}" for v in np.random.default_rng(1).normal(10, 1, columns)) + "\n"
        for _ in range(rows):
            file.write(line)
    program = (
        "import resource, sys\n"
        "from havoc.reading.wide_file import open_wide\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"file = open_wide({str(path)!r})\n"
        "count = sum(1 for _ in file.columns(file.numeric[:100], 4_000_000))\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(count, after - before)\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    count, grown = map(int, found.stdout.split())
    assert count == 100
    unit = 1024 if sys.platform != "darwin" else 1
    assert grown * unit < 400_000_000
