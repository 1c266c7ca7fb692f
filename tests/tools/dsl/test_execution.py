"""Running scripts: references become data, statements become results."""

from __future__ import annotations

import pytest
from scipy import stats

from havoc.errors import InputError
from havoc.reading.table import Column, Table
from havoc.tools.dsl import execute_script, parse_script


def table(source: str = "bore.csv", **columns: list[float | None] | list[str | None]) -> Table:
    return Table(
        source=source,
        columns=[
            Column(
                name=name,
                kind="text" if any(isinstance(value, str) for value in values) else "number",
                values=values,
            )
            for name, values in columns.items()
        ],
    )


LONG = table(
    y=[12.1, 12.3, 11.9, 12.8, 12.6, 13.0],
    line=["A", "A", "A", "B", "B", "B"],
    operator=["p", "q", "r", "p", "q", "r"],
)
DATA = {
    "runs": LONG,
    "one": table(diameter=[9.9, 10.1, 10.0, None, 10.2]),
    "wide": table(a=[1.0, 2.0, 4.0, None], b=[2.0, 3.0, 5.0, 8.0]),
    "holes": table(a=[1.0, None, 4.0, 5.0], b=[2.0, 3.0, None, 8.0]),
    "bore.csv": table(d=[1.0, 2.0, 4.0]),
}


def run(text: str) -> dict[str, object]:
    (result,) = execute_script(parse_script(text), DATA)
    return result.quantities


def test_a_column() -> None:
    assert run("DESCRIBE @bore.csv.d")["mean"] == pytest.approx(7 / 3)
    assert run("TEST t one_sample @one.diameter MU 10")["n"] == 4
    assert run("TEST t one_sample @one MU 10")["n"] == 4


def test_labels_split_a_column() -> None:
    peer = stats.ttest_ind([12.1, 12.3, 11.9], [12.8, 12.6, 13.0], equal_var=False)
    result = run("TEST t two_sample @runs.y BY @runs.line")
    assert result["t"] == pytest.approx(peer.statistic)
    assert (result["name1"], result["name2"]) == ("A", "B")
    anova = run("STATS anova_one_way @runs.y BY @runs.operator")
    assert anova["group_count"] == 3


def test_a_whole_table() -> None:
    anova = run("STATS anova_one_way @wide")
    assert anova["F"] == pytest.approx(stats.f_oneway([1, 2, 4], [2, 3, 5, 8]).statistic)
    # rows of a wide table are subgroups where the tool has a parameter for them
    chart = run("SPC xbar_r DATA @wide")
    assert chart["points"] == 4


def test_references_inside_values() -> None:
    anova = run("STATS anova_one_way GROUPS {first: @wide.a, second: [1, 2, 3]}")
    assert anova["group_count"] == 2


def test_columns_of_different_length_are_not_paired_wrongly() -> None:
    assert run("TEST t two_sample A=@wide.a B=@wide.b")["n1"] == 3
    with pytest.raises(InputError, match="row 2 of column 'a' is empty"):
        run("TEST t paired A=@holes.a B=@holes.b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("DESCRIBE @nothing", "line 1, @nothing: there is no data named 'nothing'.*--data"),
        ("DESCRIBE @runs.z", "there is no column 'z'; it has y, line, operator"),
        ("MANN_WHITNEY @wide GROUP2 [1]", "line 1, bore.csv: group1 takes one column.*a, b"),
        ("TEST t two_sample @runs.y BY @runs.operator", "compares two groups.*p, q, r"),
        ("TEST t two_sample @runs.y BY @one.diameter", "BY takes two columns of the same data"),
        ("DESCRIBE [1]\nTEST t one_sample [1, 2]", "line 2, t_test_one_sample: mu0 is missing"),
        ("TEST t one_sample [1, x] MU 2", "expected float, got str"),
        ("TEST t one_sample [1, 2] MU 2 ALPHA 7", "line 1.*alpha.*< 1"),
    ],
)
def test_errors_name_the_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        execute_script(parse_script(text), DATA)
    assert "\n" not in str(caught.value)


def test_statements_run_in_order() -> None:
    results = execute_script(parse_script("DESCRIBE [1, 2]\nTEST t one_sample [1, 2, 4] MU 0"))
    assert [result.operation for result in results] == ["describe", "t_test_one_sample"]
