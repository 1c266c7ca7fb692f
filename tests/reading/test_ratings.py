"""Lists of ratings and counts of two judges, as people write them."""

from __future__ import annotations

import pytest

from effort import processor_seconds
from havoc.reading.ratings import read_judgement_counts, read_rated_lists


@pytest.mark.parametrize(
    ("text", "names", "first"),
    [
        ("Ida: P F F P; Olaf: P P F P", ["Ida", "Olaf"], "PFFP"),
        ("cam=y,n,y,y man=y,y,y,n gold standard=y,n,y,n", ["cam", "man", "gold standard"], "ynyy"),
        ("desk=[ng,ok,ng] belt=[ok,ok,ng]", ["desk", "belt"], "ngokng"),
        ('{"Eve": [0, 1, 1, 0], "Ida": [0, 1, 0, 0]} same calls?', ["Eve", "Ida"], "0110"),
        ("K b g g g, L g g b g, M b b g g", ["K", "L", "M"], "bggg"),
        ("truth dent,ok,chip,ok. Leo dent,dent,chip,ok.", ["truth", "Leo"], "dentokchipok"),
        ("Wim GGBG Tia GBBG", ["Wim", "Tia"], "GGBG"),
        ("(day/night): gg gb bb gg bg", ["day", "night"], "ggbgb"),
        ("first look r r a r, second look r a a r", ["first look", "second look"], "rrar"),
        ("Look 1: x y y x; look 2: x x y y", ["Look 1", "look 2"], "xyyx"),
        ("five wafers, two persons: 1 2 / 1 1", [], ""),
        ("4 cups, 3 persons: 2 2 1 / 3 3 3 / 1 1 2 / 2 2 2", ["", "", "", ""], "221"),
        ("the lines A, B, C ran 5.1 5.2 5.3 and 5.4 5.5 5.6", [], ""),
    ],
)
def test_lists_of_ratings(text: str, names: list[str], first: str) -> None:
    lists = read_rated_lists(text)
    assert [item.name for item in lists] == names
    assert "".join(lists[0].ratings if lists else []) == first


@pytest.mark.parametrize(
    "text",
    [
        "80 rims: both ok 60, both ng 9, Jo ok Al ng 7, Jo ng Al ok 4.",
        "both said ok: 60. Both said ng: 9. A ok, B ng: 7. A ng, B ok: 4",
        "both ok 60, both ng 9, only checker 1 ok 7, only checker 2 ok 4",
        "60 ok with both, 9 ng with both, 7 ok only with the laser, 4 only with the touch probe",
    ],
)
def test_counts_of_two_judges(text: str) -> None:
    assert read_judgement_counts(text) == ([[60, 7], [4, 9]], ["ok", "ng"])


@pytest.mark.parametrize(
    "text", ["both sorted 60 lids, both ok 40", "both ok 60, both ng 9, Jo ok Al ng 7"]
)
def test_half_a_table_is_none(text: str) -> None:
    assert read_judgement_counts(text) is None


@pytest.mark.parametrize(
    "piece", ["g ", "g,", "ok=", "both ok 1 ", "only a ", "gg ", "A", "[[", "1 2 / "]
)
def test_long_texts_are_read_quickly(piece: str) -> None:
    text = piece * (50_000 // len(piece))
    with processor_seconds(10):
        read_rated_lists(text)
        read_judgement_counts(text)
