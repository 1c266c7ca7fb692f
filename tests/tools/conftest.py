"""What every result of these tools must satisfy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from havoc.tools import registry

_REFERENCE = re.compile(r"\{\{([^}:]+)(?::[^}]*)?\}\}")


def _resolve(quantities: Any, path: str) -> Any:
    for part in path.split("."):
        quantities = quantities[int(part)] if part.isdigit() else quantities[part]
    return quantities


@pytest.fixture
def run() -> Callable[..., dict[str, Any]]:
    """Run an operation; its text must resolve, its second route agree, its charts be sound."""

    def execute(operation: str, **arguments: Any) -> dict[str, Any]:
        tool = registry.get(operation)
        result = registry.execute(operation, arguments)
        quantities = result.quantities
        narrative = tool.narrate(result.outcome)
        figures = [text for pair in narrative.key_figures for text in pair]
        for text in [narrative.conclusion, *narrative.details, *figures]:
            assert not re.search(r"\d", _REFERENCE.sub("", text)), text
            for path in _REFERENCE.findall(text):
                assert _resolve(quantities, path) is not None, path
        for check in tool.verify(result.outcome, arguments):
            assert check.agrees, check
        for chart in result.outcome.charts:
            for panel in chart.panels:
                for series in panel.series:
                    assert len(series.x) == len(series.y)
                    assert all(0 <= flag.index < len(series.y) for flag in series.flags)
                    for limit in panel.limits:
                        if limit.values:
                            assert len(limit.values) == len(series.y)
        return quantities

    return execute
