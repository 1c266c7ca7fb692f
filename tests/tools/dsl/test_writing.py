"""Formatting: the text of a tree reads as the same tree."""

from __future__ import annotations

from typing import Any

import msgspec.inspect as inspection
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.tools.declaration import registry
from havoc.tools.dsl import Reference, Script, Statement, format_script, parse_script
from havoc.tools.signature import Parameter, signature

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["A", "AB", "mm", "true", "null", "two-sided", 'say "x"', "a\nb", "\x1b[1m"]),
)
NAMES = TEXTS.filter(bool)
NUMBERS = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
)
PARTS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
REFERENCES = st.builds(Reference, parts=PARTS, by=st.one_of(st.just(()), PARTS))
UNITS = st.sampled_from(["C", "mm", "m/s", "°C", "%", "PSI", "std m3", "two words"])
FACTORS = st.one_of(
    st.fixed_dictionaries(
        {"name": NAMES, "low": NUMBERS, "high": NUMBERS}, optional={"unit": UNITS}
    ),
    st.fixed_dictionaries(
        {"name": NAMES, "levels": st.lists(NUMBERS | TEXTS, min_size=1, max_size=3)},
        optional={"unit": UNITS},
    ),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | REFERENCES | FACTORS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3) | FACTORS,
    max_leaves=8,
)


def values_for(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Values such as reading gives for a parameter: a choice, a truth value, or anything."""
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.accepts(inspection.BoolType):
        return st.booleans()
    if parameter.accepts(inspection.ListType):
        return st.lists(VALUES, max_size=4) | REFERENCES
    return VALUES


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    operation = draw(st.sampled_from(registry.list()))
    parameters = signature(registry.get(operation))
    chosen = draw(st.lists(st.sampled_from(list(parameters)), unique=True, max_size=6))
    arguments = {name: draw(values_for(parameters[name])) for name in chosen}
    return Statement(operation, arguments)


SCRIPTS = st.builds(
    Script,
    statements=st.lists(statements(), max_size=3).map(tuple),
    sources=st.dictionaries(NAMES, TEXTS, max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(SCRIPTS)
def test_formatted_text_reads_as_the_same_tree(script: Script) -> None:
    text = format_script(script)
    once = parse_script(text)
    assert once == script
    assert format_script(once) == text


@pytest.mark.parametrize(
    ("written", "formatted"),
    [
        (
            "test  t-two_sample A=[1 2] B=[2 3] alpha=5%".replace("test", "TEST"),
            "TEST t_test_two_sample A=[1, 2] B=[2, 3] ALPHA 0.05\n",
        ),
        (
            "DOE box_behnken SEED 1 FACTORS a[1..2], b[1..2] C, c[3..4] CENTRE 3",
            "DOE box_behnken FACTORS a[1..2], b[1..2] C, c[3..4] CENTER 3 SEED 1\n",
        ),
        (
            "RUN control_chart kind=xbar_r data=@bore subgroup_size=5",
            "SPC xbar_r DATA @bore SUBGROUP 5\n",
        ),
        ('DATA a = "b.csv"\nDESCRIBE @a', 'DATA a = "b.csv"\nSTATS describe DATA @a\n'),
        ("STATS anova_one_way x=[1] y=[2]", "STATS anova_one_way x=[1] y=[2]\n"),
        ("SPC control_chart KIND cusum k=0.5", "SPC cusum k=0.5\n"),
    ],
)
def test_the_written_form(written: str, formatted: str) -> None:
    assert format_script(parse_script(written)) == formatted


def test_long_statements_are_folded() -> None:
    factors = ", ".join(f"factor{number}[{number}..{number + 1}]" for number in range(9))
    script = parse_script(f"DOE full_factorial FACTORS {factors} REPLICATES 2 CENTER 3 SEED 4")
    text = format_script(script)
    assert text.count("\n") > 1
    assert parse_script(text) == script


@pytest.mark.parametrize("name", ["AB", "true", "DATA", "BY", "X1", "a b", "plain", "C", "2", ""])
def test_a_text_is_quoted_where_it_would_read_as_something_else(name: str) -> None:
    script = Script((Statement("describe", {"data": [1], "name": name, "unit": name}),))
    assert parse_script(format_script(script)) == script


def test_control_characters_are_written_out() -> None:
    script = Script((Statement("describe", {"data": [1], "name": "\x1b[31m\u202ered"}),))
    assert "\\u001b" in format_script(script) and "\\u202e" in format_script(script)
