"""Do the figures of an answer match expected ones?

An expectation is ``{"value", "rtol", "atol", "match"}`` as in
``tests/reference/README.md``. A quantity is looked up by name in the results of
the answering calls; ``SYNONYMS`` lists names that mean the same quantity.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SYNONYMS: dict[str, tuple[str, ...]] = {
    "W": ("shapiro_W",),
    "rho": ("spearman_rho",),
    "upper": ("ci_high",),
    "n_per_group": ("n",),
    "mean_diff": ("mean_difference",),
    "pa": ("pa", "probability_of_acceptance"),
    "F": ("F", "probability_of_failure", "cdf"),
    "stationary_point": ("stationary_point_coded",),
    "factors": ("n_factors",),
}


def lookup(results: Sequence[Mapping[str, Any]], name: str) -> Iterator[Any]:
    """Every value that a result holds under ``name``, its synonyms, or as an effect."""
    for candidate in (name, *SYNONYMS.get(name, ()), f"effect_{name}"):
        for result in results:
            if result.get(candidate) is not None:
                yield result[candidate]
            for nested in ("effects_by_name", "effects", "aliases", "by_name"):
                inner = result.get(nested)
                if isinstance(inner, Mapping) and candidate in inner:
                    yield inner[candidate]
    if name.startswith("effect_"):
        yield from lookup(results, name.removeprefix("effect_"))
    if name.startswith("aliases_"):
        yield from lookup(results, name.removeprefix("aliases_"))
    if name.startswith(("coef_", "se_")):
        kind, _, position = name.partition("_")
        for result in results:
            values = result.get("coefficients" if kind == "coef" else "std_errors")
            if isinstance(values, list) and position.isdigit():
                offset = int(position) - (0 if result.get("has_intercept", True) else 1)
                if 0 <= offset < len(values):
                    yield values[offset]
    scenario = re.fullmatch(r"r(\d+)_(\d+)", name)
    if scenario:
        for result in results:
            if (result.get("n_factors"), result.get("runs")) == (
                int(scenario[1]),
                int(scenario[2]),
            ):
                yield result.get("resolution")
    accepted = re.fullmatch(r"pa_(\d+(?:\.\d+)?)pct", name)
    if accepted:
        for result in results:
            for row in result.get("by_quality") or []:
                if math.isclose(100 * row["p"], float(accepted[1])):
                    yield row["pa"]
    for prefix, field in (("tukey_diff_", "difference"), ("tukey_padj_", "p_adjusted")):
        if name.startswith(prefix):
            pair = name.removeprefix(prefix)
            for result in results:
                for item in result.get("comparisons") or []:
                    if item.get("pair") == pair:
                        yield item[field]


def matches(value: Any, expected: Any) -> bool:
    """Does ``value`` meet the expectation?"""
    if not isinstance(expected, Mapping) or "value" not in expected:
        return _same_words(value, expected)
    wanted = expected["value"]
    kind = expected.get("match")
    if kind == "set":
        return _as_set(value) == _as_set(wanted)
    if kind == "exact":
        return bool(value == wanted)
    rtol, atol = float(expected.get("rtol", 0.0)), float(expected.get("atol", 0.0))
    if isinstance(wanted, list):
        return (
            isinstance(value, list)
            and len(value) == len(wanted)
            and all(_close(a, b, rtol, atol) for a, b in zip(value, wanted, strict=True))
        )
    return _close(value, wanted, rtol, atol)


def _close(value: Any, wanted: Any, rtol: float, atol: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return bool(value == wanted)
    difference = abs(float(value) - float(wanted))
    return difference <= atol + max(rtol, 1e-12) * abs(float(wanted)) or math.isclose(
        float(value), float(wanted), rel_tol=1e-12
    )


def _as_set(value: Any) -> set[Any]:
    items = value if isinstance(value, list) else [value]
    return {
        tuple(round(float(x), 9) for x in item)
        if isinstance(item, list)
        else _sorted_word(str(item))
        for item in items
    }


def _sorted_word(word: str) -> str:
    return word if "=" in word else "".join(sorted(word))


def _same_words(value: Any, expected: Any) -> bool:
    if isinstance(expected, Mapping):
        return isinstance(value, Mapping) and all(
            key in value and _as_set(value[key]) >= _as_set(wanted)
            for key, wanted in expected.items()
        )
    return bool(value == expected)


def missing_figures(results: Sequence[Mapping[str, Any]], expected: Mapping[str, Any]) -> list[str]:
    """Names of the expected quantities that no result meets."""
    return [
        name
        for name, wanted in expected.items()
        if not any(matches(value, wanted) for value in lookup(results, name))
        and not (
            name == "aliases" and any(matches(result.get("aliases"), wanted) for result in results)
        )
    ]
