"""A few damaged bundles; ``make sanitize`` tries more."""

from __future__ import annotations

import pytest
from fuzz_bundle import fuzz


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_bundle_is_refused_or_answers(seed: int) -> None:
    refused, answered = fuzz(40, seed)
    assert refused > answered
