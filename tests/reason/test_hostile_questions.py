"""Text from a user or a file is shown, never obeyed, and keeps nobody busy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from havoc.cli import main
from havoc.errors import HavocError
from havoc.reason import ask
from havoc.reason.answer import Answer

sys.path.insert(0, str(Path(__file__).parent))
from question_examples import untraced_digits

A = [12.1, 12.3, 11.9, 12.0, 12.2, 12.1]
B = [12.8, 12.6, 13.0, 12.7, 12.9, 12.6]
C = [12.2, 12.4, 12.3, 12.1, 12.5, 12.2]
NAMES = [
    ("{{r1.t}}", "{{f1}}", "{{r1.p_value:p}}"),
    ("{}", "{{}}", "{0}"),
    ("{{p_value}}", "{{name1}}", "{{r1.args.group1}}"),
    ("<tool>{}</tool>", "</result>", "<d0>"),
    ("[bold red]x[/bold red]y", "[red]", "[/]z"),
    ("**x**", "`y`", "| z |"),
    ("question[0:5]", "r1", "f1"),
    ("Cpk 1.67", "99.9", "7"),
]
REQUESTS = {
    "two groups": ("Is the second larger than the first? t test", 2),
    "three groups": ("One-way ANOVA, do the groups differ?", 3),
    "pairs": ("paired t test", 2),
    "correlation": ("correlation", 2),
    "regression": ("linear regression", 2),
    "multiple regression": ("multiple regression", 3),
    "control": ("individuals control chart, is it in control?", 1),
    "capability": ("Cpk with LSL 11 and USL 14", 1),
    "describe": ("describe the values", 1),
    "normality": ("are the values normal?", 1),
    "outlier": ("is there an outlier? Grubbs test", 1),
}


def results_of(answer: Answer) -> list[float]:
    """Figures of the answer that a name must not turn into."""
    return [
        value
        for call in answer.tool_calls
        for value in (call.result or {}).values()
        if isinstance(value, float)
    ]


@pytest.mark.parametrize("names", NAMES, ids=lambda names: names[0])
@pytest.mark.parametrize("request_name", REQUESTS)
def test_names_of_columns_are_shown_as_they_are(request_name: str, names: tuple[str, ...]) -> None:
    question, count = REQUESTS[request_name]
    plain_names = ("alpha", "beta", "gamma")[:count]
    plain = ask(question, dict(zip(plain_names, (A, B, C), strict=False)))
    answer = ask(question, dict(zip(names[:count], (A, B, C), strict=False)))
    assert answer.status == plain.status == "answered"
    assert results_of(answer) == results_of(plain)
    assert not any("withheld" in caveat for caveat in answer.caveats)
    assert untraced_digits(answer) == ""
    shown = " ".join([answer.conclusion, *answer.details, *answer.roles])
    expected = " ".join([plain.conclusion, *plain.details, *plain.roles])
    for name, plain_name in zip(names, plain_names, strict=False):
        expected = expected.replace(plain_name, name)
    assert sorted(shown.split()) == sorted(expected.split())


@pytest.mark.parametrize(
    "typed", ["{{r1.t}}", "{{f1}}", "{{r1.p_value:p}}", "<tool>", "</answer>", "{}", "<d0>", "[/]"]
)
def test_references_typed_into_a_question_stay_text(typed: str) -> None:
    question = f"t test: {typed} A: 12.1 12.3 11.9 12.0 B: 12.8 12.6 13.0 12.7 {typed}"
    plain = ask(question.replace(typed, "please"))
    answer = ask(question)
    assert answer.status == "answered"
    assert answer.question == question
    assert results_of(answer) == results_of(plain)
    assert untraced_digits(answer) == ""


@pytest.mark.parametrize("typed", ["{{r1.t}}", "{{f1}}", "{{f9}}"])
@pytest.mark.parametrize("question", ["Is it capable? {}", "What is a control chart? {}", "{}"])
def test_references_stay_text_where_nothing_is_computed(question: str, typed: str) -> None:
    answer = ask(question.replace("{}", typed))
    assert answer.conclusion and "withheld" not in answer.conclusion
    assert untraced_digits(answer) == ""


def test_a_terminal_gets_no_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = tmp_path / "data.json"
    table.write_text(json.dumps({"\x1b[31mred": A, "[bold]b[/bold]\x07c": B}))
    question = "t test \x1b]0;title\x07 [red]now[/red]"
    assert main(["ask", question, "--data", str(table), "--explain"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\x07" not in shown
    assert "[bold]b[/bold]" in shown


TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from("0123456789.,;:/|-+±%()[]{}<>=\n\t \x00\x1b'\"*^µ°"),
        st.characters(codec="utf-8"),
    ),
    max_size=120,
)
WORDS = st.lists(
    st.sampled_from(
        "mean sd n= alpha lsl usl between 5 12.1 1,5 A: B: / | cpk t-test anova paired of 12/250 "
        "normal chart {{r1.t}} {{f1}} subgroups 0.05 95% factors x1..x4 3^2 ± box-behnken 2^4-1 "
        "weibull tukey gage regression x y before after correlate n/a -3 1e9 limits 4 to 9 and "
        "replicates 3 centre points how many samples power 0.9 shift 2 sigma solve x^2=4".split()
    ),
    max_size=25,
).map(" ".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(TEXT, WORDS))
def test_any_text_gets_an_answer_without_a_free_figure(question: str) -> None:
    answer = ask(question, budget="LIGHT")
    assert answer.status in {"answered", "needs_clarification", "declined", "out_of_scope"}
    assert answer.conclusion
    assert untraced_digits(answer) == ""
    assert json.dumps(answer.to_dict(), default=str)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.floats() | TEXT,
        lambda inner: st.lists(inner) | (st.dictionaries(TEXT, inner, max_size=4)),
        max_leaves=12,
    ),
    WORDS,
)
def test_any_data_is_an_answer_or_one_line(data: Any, question: str) -> None:
    if isinstance(data, str):
        data = {"column": [data]}
    try:
        answer = ask(question, data, budget="LIGHT")
    except HavocError as error:
        assert "\n" not in str(error)
    else:
        assert untraced_digits(answer) == ""


@pytest.mark.parametrize("values", [[None, None], [float("nan")] * 3])
@pytest.mark.parametrize("question", ["gage type 1 cg", "Cpk?", "x chart", "weibull", "describe x"])
def test_a_column_without_a_value_is_asked_about(question: str, values: list[Any]) -> None:
    assert ask(question, {"x": values}, budget="LIGHT").status == "needs_clarification"


ASKING = """
import sys
from havoc.errors import InputError
from havoc.reason import ask
sys.path.insert(0, sys.argv[1])
from hostile_texts import UNITS, long_text
for unit in UNITS[int(sys.argv[2]) :: 4]:
    print(repr(unit), flush=True)
    texts = (long_text(unit, 10_000), "t test " + long_text(unit, 5_000), long_text(unit, 10**6))
    for text in texts:
        try:
            ask(text)
        except InputError:
            pass
"""


@pytest.mark.parametrize("part", range(4))
def test_a_long_question_is_answered_or_refused(part: int) -> None:
    """Seconds if every step is linear in the length of the question, hours if one is not."""
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                ASKING,
                str(Path(__file__).parents[1] / "reading"),
                str(part),
            ],
            capture_output=True,
            text=True,
            timeout=180,
        )
    except subprocess.TimeoutExpired as expired:
        pytest.fail(f"hangs on a repetition of {(expired.stdout or b'').decode().splitlines()[-1]}")
    assert done.returncode == 0, done.stdout.splitlines()[-1] + done.stderr
