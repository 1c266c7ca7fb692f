"""No text keeps a reader busy: every pattern is linear in the length of what it reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

READERS = """
import json, sys
from havoc.errors import InputError
from havoc.reading import count_rows, counts, crossed_cells, factor_names, factors, grid
from havoc.reading import notation, prose, roles
from havoc.reason import patterns, wording
readers = {
    "normalise": notation.normalise, "blocks": prose.read_blocks, "scalars": roles.read_scalars,
    "counts": counts.read_counts, "factors": factors.read_factors, "names": factor_names.read_names,
    "tables": grid.find_tables, "rules": patterns.hits, "masked": wording.masked,
    "cells": crossed_cells.crossed_cells, "count_rows": count_rows.read_count_rows,
}
sys.path.insert(0, sys.argv[2])
from hostile_texts import UNITS, long_text
for unit in UNITS:
    text = long_text(unit, 20_000)
    print(json.dumps(unit), flush=True)
    try:
        readers[sys.argv[1]](text)
    except InputError:
        pass
"""


@pytest.mark.parametrize(
    "reader",
    [
        "normalise",
        "blocks",
        "scalars",
        "counts",
        "factors",
        "names",
        "tables",
        "rules",
        "masked",
        "cells",
        "count_rows",
    ],
)
def test_no_pattern_is_worse_than_linear(reader: str) -> None:
    """Seventy texts of 20,000 characters: seconds if linear, hours if one pattern is not."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", READERS, reader, str(Path(__file__).parent)],
            capture_output=True,
            text=True,
            timeout=120,
        )
    except subprocess.TimeoutExpired as expired:
        last = (expired.stdout or b"").decode().splitlines()[-1]
        pytest.fail(f"{reader} hangs on a repetition of {json.loads(last)!r}")
    assert done.returncode == 0, done.stderr
