"""Technical words of other languages become English where they stand."""

from __future__ import annotations

import pytest

from havoc.reading.glossary import _PHRASES, _WORDS, in_english
from havoc.reading.notation import normalise
from havoc.reading.question import read_question


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Moyenne 4,2 écart-type 0,1", "mean 4.2 sd 0.1"),
        ("średnia 4,2 odchylenie standardowe 0,1", "mean 4.2 sd 0.1"),
        ("média 4,2 desvio padrão 0,1 LIE 3,9 LSE 4,5", "mean 4.2 sd 0.1 lsl 3.9 usl 4.5"),
        ("Mittelwert 4,2 Toleranz 0,3", "mean 4.2 tol 0.3"),
        ("tolérance 3,9 à 4,5", "tolerance 3.9 - 4.5"),
        ("tolerancja 3,9 do 4,5 mm", "tolerance 3.9 to 4.5 mm"),
        ("entre 3,9 et 4,5", "range 3.9 to 4.5"),
        ("NQA 1,5 nivel II", "aql 1.5 level II"),
        ("risque fournisseur 5 %, risque client 10 %", "producer risk 5 %, consumer risk 10 %"),
        ("3 défauts sur 20, muestra de 100", "3 defects on 20, sample of 100"),
        ("mini 98,5 %", "min 98.5 %"),
    ],
)
def test_words_are_translated_in_place(text: str, words: str) -> None:
    found = in_english(normalise(text))
    assert len(found) == len(text)
    assert found.split() == words.split()


@pytest.mark.parametrize(
    "text",
    [
        "the culture media 5 was stuck; patron of the arts, mini mill, I do 5 of these",
        "they lie 5 mm apart and the part is at least 3 long",
        "what do 12.1 and 12.3 mean",
    ],
)
def test_english_stays_as_it_is(text: str) -> None:
    assert in_english(text) == text


def test_no_english_word_is_longer_than_what_it_replaces() -> None:
    assert all(
        len(word) >= len(english) for english, words in _WORDS.items() for word in words.split()
    )
    assert all(len(english) <= 13 for _, english in _PHRASES)


def test_roles_are_read_from_another_language() -> None:
    reading = read_question("Średnia 8,02, odchylenie 0,03, n=40, LSL 7,9")
    found = {item.role: item.value for item in reading.scalars}
    assert found == {"mean": 8.02, "sd": 0.03, "n": 40.0, "lsl": 7.9}
