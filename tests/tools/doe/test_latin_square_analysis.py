"""Latin squares: several squares, efficiency, missing runs, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry

TOOL = registry.get("latin_square_analysis")
LETTERS = "ABCDBCDACDABDABC"
ROWS = [row for row in range(1, 5) for _ in range(4)]
COLUMNS = [1, 2, 3, 4] * 4
VALUES = [10.2, 7.1, 5.3, 10.9, 14.0, 10.1, 9.8, 12.2, 7.4, 11.1, 11.5, 9.2, 8.8, 12.4, 10.6, 9.1]
SQUARE = {"rows": ROWS, "columns": COLUMNS, "treatment": list(LETTERS), "response": VALUES}


def test_efficiencies_follow_the_mean_squares() -> None:
    result = TOOL(**SQUARE)
    rows, columns = result.anova[0].ms, result.anova[1].ms
    assert result.relative_efficiency_randomized == pytest.approx(
        (rows + columns + 3 * result.ms_error) / (5 * result.ms_error)
    )
    assert result.relative_efficiency_rows == pytest.approx(
        (columns + 3 * result.ms_error) / (4 * result.ms_error)
    )


def two_squares() -> dict:
    shifted = [value + 3 + 0.1 * place for place, value in enumerate(VALUES)]
    return {
        "rows": ROWS * 2,
        "columns": COLUMNS * 2,
        "treatment": list(LETTERS) * 2,
        "response": VALUES + shifted,
        "square": [1] * 16 + [2] * 16,
    }


@pytest.mark.parametrize(
    ("nested_rows", "nested_columns", "df_error"),
    [(False, False, 21), (True, False, 18), (True, True, 15)],
)
def test_replicated_squares_have_the_degrees_of_freedom_of_the_book(
    nested_rows: bool, nested_columns: bool, df_error: int
) -> None:
    # Montgomery 4.2: (p-1)[n(p+1)-3], (p-1)(np-2) and (p-1)[n(p-1)-1] for n = 2, p = 4.
    result = TOOL(**two_squares(), rows_nested=nested_rows, columns_nested=nested_columns)
    assert result.df_error == df_error
    assert result.squares == 2
    parts = [row.ss for row in result.anova if row.source != "total"]
    assert sum(parts) == pytest.approx(result.ss_total)


def test_a_missing_run_leaves_the_treatment_means_near() -> None:
    values: list[float | None] = list(VALUES)
    values[6] = None
    result = TOOL(**{**SQUARE, "response": values})
    total = sum(value for value in VALUES if value != VALUES[6])
    row = sum(VALUES[4:8]) - VALUES[6]
    column = sum(VALUES[2::4]) - VALUES[6]
    own = sum(v for v, t in zip(VALUES, LETTERS, strict=True) if t == LETTERS[6]) - VALUES[6]
    # Montgomery, equation 4.24.
    assert result.missing[0].estimate == pytest.approx(
        (4 * (row + column + own) - 2 * total) / (3 * 2)
    )
    assert result.relative_efficiency_rows is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"treatment": list("ABCDBCDACDABDABD")}, "not a Latin square"),
        ({"treatment": list("AAAAAAAAAAAAAAAA")}, "every run has the level"),
        ({"rows": ROWS[:-1]}, "15 rows but 16"),
        ({"response": [1.0] * 16}, "nothing to explain"),
        ({"response": [None] * 12 + VALUES[:4]}, "missing"),
        ({"greek": list("αβγδβαδγγδαβδγβα")}, "Greek letters"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TOOL(**{**SQUARE, **change})


def test_asked_with_columns_of_other_names() -> None:
    answer = ask(
        "Latin square results: do the tyres differ in wear?",
        {
            "car": [f"c{row}" for row in ROWS],
            "position": [f"p{column}" for column in COLUMNS],
            "tyre": list(LETTERS),
            "wear": VALUES,
        },
    )
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert call.args["treatment"] == list(LETTERS)
    assert "tyre" in answer.conclusion


def test_figures_do_not_depend_on_the_order_of_runs() -> None:
    order = np.random.default_rng(4).permutation(16)
    shuffled = {name: [column[place] for place in order] for name, column in SQUARE.items()}
    assert pytest.approx(TOOL(**SQUARE).F) == TOOL(**shuffled).F
