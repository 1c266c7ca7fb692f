"""Test items in documents: found as a search through all runs of words finds them."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.data.decontaminate import Decontaminator
from havoc.errors import InputError

ITEM = (
    "A machine fills bottles with a mean of 502 ml and a standard deviation of 3 ml; what "
    "share of the bottles holds less than 495 ml?"
)


def by_definition(document: list[str], items: list[list[str]], n: int) -> int | None:
    """The first item that shares n words in a row with the document (or is in it as a whole)."""
    for number, item in enumerate(items):
        size = min(n, len(item))
        runs = {tuple(item[i : i + size]) for i in range(len(item) - size + 1)}
        if runs & {tuple(document[i : i + size]) for i in range(len(document) - size + 1)}:
            return number
    return None


WORDS = st.sampled_from(["red", "green", "blue"])


@settings(max_examples=200)
@given(
    st.lists(WORDS, max_size=40),
    st.lists(st.lists(WORDS, min_size=6, max_size=12), min_size=1, max_size=6),
)
def test_the_same_as_by_definition(document: list[str], items: list[list[str]]) -> None:
    found = Decontaminator(texts=[" ".join(item) for item in items], n=8).match(" ".join(document))
    expected = by_definition(document, items, 8)
    assert (found.line - 1 if found else None) == expected


def test_case_punctuation_and_spacing_do_not_count() -> None:
    search = Decontaminator(texts=[ITEM])
    assert (
        search.match("Intro.\n\n" + ITEM.upper().replace(" ", "\n").replace(";", " --")) is not None
    )
    assert search.match(ITEM.replace("bottles", "cans").replace("deviation", "error")) is None


def test_part_of_an_item_is_enough_from_13_words_on() -> None:
    search = Decontaminator(texts=[ITEM])
    words = re.findall(r"\w+", ITEM)
    assert search.match("x " + " ".join(words[3:16]) + " y") is not None
    assert search.match("x " + " ".join(words[3:15]) + " y") is None


def test_a_short_item_must_be_there_as_a_whole() -> None:
    search = Decontaminator(texts=["What is the capital city of France?"])
    assert search.match("Quiz: what is the capital city of France? Paris.") is not None
    assert search.match("What is the capital city of Germany?") is None


def test_runs_of_figures_and_letters_are_no_match() -> None:
    numbers = ", ".join(map(str, range(20)))
    search = Decontaminator(texts=[f"Sum the even entries of the list [{numbers}] in Python."])
    assert search.match(f"range(20) gives {numbers}") is None
    assert Decontaminator(texts=["What is 3 + 4?", numbers]).unsearchable == 2


def test_files_of_test_sets(tmp_path: Path) -> None:
    rows = [
        {"question": ITEM, "text": "not this"},
        {"prompt": "Name the seven quality tools, please."},
    ]
    (tmp_path / "sub").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "sub/a_TEST.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "b_TEST.txt").write_text("First paragraph of six words here.\n\nSecond\n")
    search = Decontaminator([tmp_path])
    assert [file.name for file in search.files] == ["b_TEST.txt", "a_TEST.jsonl.gz"]
    assert search.unsearchable == 1
    assert str(search.match(ITEM)).endswith("a_TEST.jsonl.gz:1")
    assert str(search.match("So: name the seven quality tools, please!")).endswith(".gz:2")
    assert str(search.match("The first paragraph of six words here.")).endswith("b_TEST.txt")
    assert search.match("not this") is None


def test_without_test_sets_nothing_matches() -> None:
    assert Decontaminator().match(ITEM) is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", "", "holds no test item"),
        ("a.jsonl", '{"q": "x"}', r"a\.jsonl:1: .*none of the fields question.*it has: q"),
        ("a.jsonl", "{", r"a\.jsonl:1: is not JSON"),
        ("a.csv", "x", "holds no test set"),
    ],
)
def test_bad_test_sets(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        Decontaminator([tmp_path / name])


def test_a_missing_test_set(tmp_path: Path) -> None:
    for name in ("no.jsonl", "no"):
        with pytest.raises(InputError, match="does not exist"):
            Decontaminator([tmp_path / name])
