"""Special control charts in scripts, by their kind and by the names that people use."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.tools import aliases
from havoc.tools.dsl import execute_script, format_script, parse_script


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SPC laney_p DEFECTIVES [3, 9, 4] SAMPLE_SIZE [90, 95, 99]", {"kind": "laney_p"}),
        ("SPC g [510, 320, 45]", {"kind": "g", "data": [510, 320, 45]}),
        ("SPC t DATA [28.5, 9, 5] EVENT_LIMITS nelson", {"kind": "t", "event_limits": "nelson"}),
        (
            "SPC short_run DATA [10.1, 9.9, 25.2] PARTS [A, A, B] NOMINALS {A: 10, B: 25}",
            {"parts": ["A", "A", "B"], "nominals": {"A": 10, "B": 25}},
        ),
        ("SPC moving_average DATA [1, 2, 3, 2] SPAN 2", {"span": 2}),
        ("SPC three_way DATA [1, 2, 3, 2, 1, 4] SUBGROUP 2", {"subgroup_size": 2}),
        ("SPC i_mr DATA [1, 2, 3, 6, 7, 5] STAGES [4]", {"stages": [4]}),
        ("CHECK_SPC Laney-P chart, n=200, DATA=[12, 15, 9]", {"defectives": [12, 15, 9]}),
    ],
)
def test_a_line_draws_its_chart_and_is_written_back(line: str, expected: dict[str, Any]) -> None:
    script = parse_script(line)
    (statement,) = script.statements
    assert statement.operation == "control_chart"
    assert expected.items() <= statement.arguments.items()
    assert parse_script(format_script(script)).statements[0].arguments == statement.arguments
    execute_script(script)


def test_phase_one_is_a_statement() -> None:
    (statement,) = parse_script("SPC phase_one DATA [1, 2, 1, 2] REMOVE with_cause").statements
    assert (statement.operation, statement.arguments["remove"]) == ("phase_one", "with_cause")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("P-prime chart", "laney_p"),
        ("laney_u_chart", "laney_u"),
        ("I-MR-R/S", "three_way"),
        ("Between/within chart", "three_way"),
        ("DNOM", "short_run"),
        ("zone_chart", "zone"),
    ],
)
def test_names_that_people_use(name: str, kind: str) -> None:
    assert aliases.chart_kind(name) == kind


def test_a_z_mr_chart_is_a_standardised_short_run() -> None:
    operation, given = aliases.resolve("z_mr_chart", {"data": [1.0, 2.0]})
    assert (operation, given["kind"]) == ("control_chart", "short_run")
    assert given["short_run_method"] == "z"
