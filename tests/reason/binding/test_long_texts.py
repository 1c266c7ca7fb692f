"""No text keeps a binder busy: what a pattern costs does not explode with its length."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hostile_texts import UNITS, long_text

from effort import TooMuchWork, processor_seconds
from havoc.errors import HavocError
from havoc.reading.question import read_question
from havoc.reason.binding import BINDERS, bind

LENGTH = 2_000
MOST = 2.0
"""Seconds of one binder on one text. The slowest needs a tenth; a pattern that is cubic
in the length of the text needs five times as much."""


@pytest.mark.parametrize("unit", UNITS, ids=[repr(unit)[:16] for unit in UNITS])
def test_every_binder_is_done_with_a_long_text(unit: str) -> None:
    reading = read_question("t test " + long_text(unit, LENGTH))
    for operation in BINDERS:
        with suppress(HavocError), processor_seconds(MOST, operation):
            bind(operation, reading)


def test_the_bound_stops_a_pattern_that_explodes() -> None:
    with pytest.raises(TooMuchWork), processor_seconds(0.2):
        re.search(r"(?:a+)+b", "a" * 60)
