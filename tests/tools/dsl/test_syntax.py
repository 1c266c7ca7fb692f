"""The language: what it reads, and how it says what it cannot read."""

from __future__ import annotations

import pytest

from effort import processor_seconds
from havoc.errors import InputError
from havoc.tools.dsl import Reference, Script, Statement, parse_script
from havoc.tools.dsl.syntax import LIST_LIMIT, SCRIPT_LIMIT


def only(text: str) -> Statement:
    (statement,) = parse_script(text).statements
    return statement


def test_statements_of_the_documentation() -> None:
    assert only(
        "DOE box_behnken FACTORS temp[150..200] C, pressure[1..5] bar, time[10..30] min "
        "CENTER 3 SEED 1"
    ) == Statement(
        "box_behnken",
        {
            "factors": [
                {"name": "temp", "low": 150, "high": 200, "unit": "C"},
                {"name": "pressure", "low": 1, "high": 5, "unit": "bar"},
                {"name": "time", "low": 10, "high": 30, "unit": "min"},
            ],
            "center_points": 3,
            "seed": 1,
        },
    )
    assert only("SPC xbar_r DATA @bore SUBGROUP 5 RULES nelson") == Statement(
        "control_chart",
        {"kind": "xbar_r", "data": Reference(("bore",)), "subgroup_size": 5, "rules": "nelson"},
    )
    assert only("TEST t two_sample A=[12.1, 12.3] B=[12.8, 12.6] ALPHA 0.05") == Statement(
        "t_test_two_sample",
        {
            "group1": [12.1, 12.3],
            "name1": "A",
            "group2": [12.8, 12.6],
            "name2": "B",
            "alpha": 0.05,
        },
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1.5", 1.5),
        ("-2", -2),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("95%", 0.95),
        ('"a \\"b\\" \\u00b5"', 'a "b" µ'),
        ("'x^2'", "x^2"),
        ("plain-word", "plain-word"),
        ("true", True),
        ("null", None),
        ("[1 2, -3]", [1, 2, -3]),
        ("[[1, 2], [3]]", [[1, 2], [3]]),
        ("{n: 10, mean: 1.5, sd: 2}", {"n": 10, "mean": 1.5, "sd": 2}),
        ("@bore.csv.diameter", Reference(("bore", "csv", "diameter"))),
        ('@"my file.csv"."Air flow"', Reference(("my file.csv", "Air flow"))),
        ("@runs.y BY @runs.line", Reference(("runs", "y"), by=("runs", "line"))),
        ("line{old, NEW, 3}", {"name": "line", "levels": ["old", "NEW", 3]}),
        ("t[-5..-1.5 m/s]", {"name": "t", "low": -5, "high": -1.5, "unit": "m/s"}),
        ('"air flow"[0..1 "std m3"]', {"name": "air flow", "low": 0, "high": 1, "unit": "std m3"}),
        ("t[1..2] °C", {"name": "t", "low": 1, "high": 2, "unit": "°C"}),
    ],
)
def test_values(written: str, value: object) -> None:
    assert only(f"RUN t_test_one_sample mu0={written}").arguments["mu0"] == value


def test_statements_end_with_the_line_unless_it_continues() -> None:
    script = parse_script(
        "# a comment\n"
        "TEST t one_sample DATA [1,\n2,\n# inside\n3] MU 2   # after\n"
        "  ALPHA 0.01\n"
        "\n"
        "DESCRIBE DATA [1, 2]; DESCRIBE DATA [3]\n"
    )
    assert [statement.operation for statement in script.statements] == [
        "t_test_one_sample",
        "describe",
        "describe",
    ]
    assert script.statements[0].arguments == {"data": [1, 2, 3], "mu0": 2, "alpha": 0.01}
    assert [statement.line for statement in script.statements] == [2, 8, 8]


def test_a_script_with_a_margin_means_the_same() -> None:
    text = "DESCRIBE DATA [1, 2]\nDESCRIBE DATA [3]"
    margined = "\n".join(f"    {line}" for line in text.split("\n"))
    assert parse_script(margined) == parse_script(text)
    with pytest.raises(InputError, match="line 2, column 15: describe"):
        parse_script("    DESCRIBE [1]\n    DESCRIBE  NOTHING 1")


def test_sources_and_empty_scripts() -> None:
    assert parse_script("") == Script()
    assert parse_script("\n# nothing\n;\n") == Script()
    script = parse_script('DATA bore = "bore.csv"\nDATA "line 2" = "b/c.csv"\n')
    assert script.sources == {"bore": "bore.csv", "line 2": "b/c.csv"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo", "line 1, column 1: found 'foo' where a statement"),
        ("TEST t two_sample A=[1, 2", "line 1, column 26: found the end of the script where"),
        ("DESCRIBE\nTEST t A=[1,, 2]", r"line 2, column 13: found ',' where a value .* or \]"),
        ("DOE x FACTORS t[1..] C", r"line 1, column 20: found '\]' where a number was expected"),
        ("DOE x FACTORS t[1,2]", r"line 1, column 18: found ',' where \.\. was expected"),
        ('RUN a NAME "abc', "line 1, column 12: found a quotation mark that is not closed"),
        ("DESCRIBE [1] foo", "found the word 'foo' where a keyword in capitals.*capitals"),
        ("DESCRIBE DATA [1.2.3]", r"line 1, column 16: found '1\.2\.3\]'"),
        ("DESCRIBE DATA [1-2]", r"line 1, column 16: found '1-2\]'"),
        ("DESCRIBE DATA [1e999]", "line 1, column 16: 1e999 is too large"),
        ('RUN a NAME1 "a\\q"', "line 1, column 13: a backslash"),
        ("DSL_BEGIN DESCRIBE [1]", "where DSL_END or"),
        ("FOO x", "line 1, column 1: FOO is neither a family nor an operation"),
        ("TEST foo", "line 1, column 1: TEST has no operation 'foo'"),
        ("TEST anova_one_wy", "did you mean anova_one_way"),
        ("DOE", "DOE needs an operation; such as"),
        ("DESCRIBE NOTHING 3", "line 1, column 10: describe has no keyword NOTHING; it takes DATA"),
        ("DESCRIBE NAME AB", "NAME needs a value"),
        ("DESCRIBE trim=0.1 TRIM 0.2", "line 1, column 19: TRIM is given twice"),
        ("DESCRIBE [1] [2]", "describe has no parameter left"),
        ("TEST t two_sample A=[1]", "cannot take A as a group"),
        ("DESCRIBE DATA " + "[" * 40, "column 31: brackets nest deeper than 16"),
    ],
)
def test_errors_name_line_column_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_script(text)
    assert "\n" not in str(caught.value)


def test_bounds() -> None:
    with pytest.raises(InputError, match="characters, more than"):
        parse_script(" " * (SCRIPT_LIMIT + 1))
    with pytest.raises(InputError, match="values, more than"):
        parse_script(f"DESCRIBE DATA [{'1,' * LIST_LIMIT}1]")
    with pytest.raises(InputError, match="a number of"):
        parse_script(f"DESCRIBE DATA [{'1' * 400}]")
    for hostile in ("[" * 100_000, '"' + "a\\" * 200_000, "@" + "a." * 200_000):
        with pytest.raises(InputError), processor_seconds(3):
            parse_script("DESCRIBE DATA " + hostile)


def test_a_word_in_capitals_is_a_keyword_and_a_unit_inside_brackets_is_not() -> None:
    with pytest.raises(InputError, match=r"no keyword RPM.*written in quotes"):
        parse_script("DOE full_factorial FACTORS speed[1..2] RPM 3")
    statement = only("DOE full_factorial FACTORS speed[1..2 RPM], b[1..2]")
    assert statement.arguments["factors"][0]["unit"] == "RPM"  # type: ignore[index,call-overload]


def test_every_operation_can_be_written() -> None:
    from havoc.tools.declaration import registry

    for name in registry:
        assert only(f"RUN {name}").operation == name
        assert only(name.upper()).operation == name
