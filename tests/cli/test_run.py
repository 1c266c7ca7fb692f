"""``havoc run``: values as they are typed, results as they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from havoc.cli import main
from havoc.cli.run import _unambiguous
from havoc.cli.values import value_of
from havoc.errors import InputError
from havoc.tools.declaration import registry
from havoc.tools.signature import signature


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = main(["run", *arguments, "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    body: dict[str, Any] = json.loads(captured.out)
    return body


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["run", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    "typed",
    [
        ["-1,2,-3"],
        ["-1 2 -3"],
        ["-1", "2", "-3"],
        ["[-1, 2, -3]"],
        [" -1;2;-3"],
        ["-1,", "2,", "-3"],
    ],
)
def test_lists_as_people_type_them(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    body = run(capsys, "t_test_one_sample", "--data", *typed, "--mu0", "-2")
    assert body["args"] == {"data": [-1, 2, -3], "mu0": -2}


def test_summaries_flags_and_names(capsys: pytest.CaptureFixture[str]) -> None:
    body = run(
        capsys,
        "t_test_two_sample",
        "--group1=n=10, mean=10.5, sd=0.4",
        "--group2",
        '{"n": 10, "mean": 10.1, "sd": 0.5}',
        "--equal-var",
        "--name1",
        "line A",
        "--alternative",
        "two-sided",
    )
    assert body["args"]["group1"] == {"n": 10, "mean": 10.5, "sd": 0.4}
    assert body["args"]["equal_var"] is True and body["args"]["name1"] == "line A"
    assert body["result"]["t"] == pytest.approx(1.9754585, rel=1e-6)
    again = run(
        capsys,
        "t_test_two_sample",
        *("--group1", "n=10,mean=10.5,sd=0.4", "--group2", "n=10,mean=10.1,sd=0.5"),
        *("--equal_var", "no"),
    )
    assert again["args"]["equal_var"] is False


def test_groups_rows_and_factors(capsys: pytest.CaptureFixture[str]) -> None:
    anova = run(capsys, "anova_one_way", "--groups", "A=1 2 3; line B=2,4,6", "--posthoc", "none")
    assert anova["args"]["groups"] == {"A": [1, 2, 3], "line B": [2, 4, 6]}
    chart = run(capsys, "control_chart", "--subgroups", "1 2 3; 2 3 5; 1 1 2")
    assert chart["args"]["subgroups"] == [[1, 2, 3], [2, 3, 5], [1, 1, 2]]
    design = run(capsys, "full_factorial", "--factors", "temp:150..200:C, line:old|new")
    assert design["args"]["factors"] == [
        {"name": "temp", "low": 150, "high": 200, "unit": "C"},
        {"name": "line", "levels": ["old", "new"]},
    ]
    named = run(capsys, "full_factorial", "--factors", "temp, time")
    assert named["args"]["factors"] == ["temp", "time"]


def test_named_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    body = run(capsys, "evaluate", "--expression", "x^2 + y", "--values", "x=3, y=1")
    assert body["args"]["values"] == {"x": 3, "y": 1}


def test_columns_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bore.csv"
    file.write_text("diameter,line\n10.1,A\n9.9,B\n10.3,A\n")
    body = run(capsys, "describe", "--data", f"@{file}:diameter")
    assert body["args"]["data"] == [10.1, 9.9, 10.3]
    assert run(capsys, "describe", "--data", f"@{file}")["args"] == body["args"]
    assert "no column 'x'; it has diameter, line" in error(capsys, "describe", f"--data=@{file}:x")
    assert "bore2.csv" in error(capsys, "describe", f"--data=@{tmp_path}/bore2.csv:x")


def test_the_text_begins_with_what_it_means(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "t_test_one_sample", "--data", "1 2 4", "--mu0", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "One-sample t test"
    assert lines[2].startswith("The mean of the sample differs from 20 (t = -")
    assert any(line.startswith("  p_value ") for line in lines)
    assert main(["run", "full_factorial", "--n-factors", "2"]) == 0
    assert "point_type" in capsys.readouterr().out


def test_listing_and_help_come_from_the_declaration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--list"]) == 0
    listing = capsys.readouterr().out
    assert all(f"  {name} " in listing for name in registry)
    for name in registry:
        with pytest.raises(SystemExit):
            main(["run", name, "--help"])
        text = capsys.readouterr().out
        declared = registry.get(name)
        assert declared.title in text and declared.source.split()[0] in text
        for parameter in signature(declared):
            assert f"--{parameter.replace('_', '-')} " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["t_test_one_sample", "--data", "1 x", "--mu0", "2"], "--data: 'x' is not a number"),
        (["t_test_one_sample", "--data", "1 2"], "arguments are required: --mu0"),
        (["t_test_one_sample", "--data", "1 2", "--mu0", "a"], "--mu0: cannot read 'a'; give"),
        (["t_test_one_sample", "--dat", "1"], "required: --data|unrecognized"),
        (["describe", "--data", "[1, 2"], "--data: not valid JSON"),
        (["describe", "--data", "[" * 50_000], "--data: not valid JSON"),
        (["describe", "--data", "1 2", "--trim", "7"], "describe trim: expected"),
        (["describe", "--data", "1e999"], "not a finite number|inf"),
        (["t_test_one_sample", "--data", "1 2", "--mu0", "1", "--alpha", "7"], "alpha"),
    ],
)
def test_bad_values(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    import re

    assert re.search(message, error(capsys, *arguments))


def test_a_huge_text_is_refused() -> None:
    data = signature(registry.get("describe"))["data"]
    with pytest.raises(InputError, match="characters are too many"):
        value_of("1 " * 5_000_000, data)
    assert len(value_of("1 " * 200_000, data)) == 200_000


def test_negative_numbers_are_no_options() -> None:
    assert _unambiguous(["--a_b=c_d", "-1,2", "-.5", "--x", "-y"]) == [
        "--a-b=c_d",
        " -1,2",
        " -.5",
        "--x",
        "-y",
    ]


def test_a_number_is_no_name_of_a_factor(capsys: pytest.CaptureFixture[str]) -> None:
    said = error(capsys, "full_factorial", "--factors", "40")
    assert "--factors" in said and "name the factors" in said
