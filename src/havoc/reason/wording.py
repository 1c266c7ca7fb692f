"""Which operation a question asks for: wording rules, words and the shape of its data.

A linear classifier over three kinds of features: the hits of the hand-written
rules (``patterns``), words and character n-grams of the question with its figures
masked, and what ``reading`` found (how many lists, of equal length, limits …).
The weights are learned by ``benchmarks/train_wording.py`` from hand-written
questions by author; nothing here is random or learns while it runs.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib import resources
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.reading.question import Reading
from havoc.reason import patterns

STATUSES = ("concept", "declined", "out_of_scope", "unclear")
RULE_WEIGHT = 0.3
SHAPE_WEIGHT = 0.3
MAX_CHARACTERS = 3000

_WORD = re.compile(r"\b\w[\w\-']*\b|[±~%?]")
# Possessive, and from the first digit on: a run of many digits or blanks is read only once.
_FIGURE = r"(?:\d++(?:[.,]\d++)?|[.,]\d++)"
_SIGNED = rf"[-+]?(?<!\d){_FIGURE}"
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\{\{|\}\}|<[^<>]*>"), " "),
    (
        re.compile(rf"(?:{_SIGNED}(?:\s*+[,;/|]\s*+|\s++)){{2,}}[-+]?{_FIGURE}"),
        " LIST ",
    ),
    (re.compile(r"2\s*+\^\s*+[{(]?\s*+(?:\d|k)\s*+-\s*+\d[)}]?"), " FRACD "),
    (re.compile(r"\b[23]\s*+\^\s*+\d"), " FULLD "),
    (re.compile(r"(?<!\d)\d++\s*+(?:/|of|out of)\s*+\d+"), " RATIO "),
    (re.compile(rf"{_SIGNED}\s*+(?:-|–|to|\.\.)\s*+{_FIGURE}"), " RANGE "),
    (re.compile(r"[-+]?\d+(?:[.,]\d+)?|\.\d+"), " NUM "),
)


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """An operation (or status) with its probability."""

    name: str
    probability: float


def masked(text: str) -> str:
    """The question with its figures replaced by what kind of figure they are."""
    text = text.lower()
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    # after the figures are out: the request often stands behind the data
    return text[:MAX_CHARACTERS]


def features(
    reading: Reading, context_operation: str, idf: Mapping[str, float]
) -> dict[str, float]:
    """Sparse features by name: ``w:`` words, ``c:`` characters, ``r:`` rules, ``s:`` shape.

    Words and characters are weighted by ``idf`` (inverse document frequency) and
    scaled to unit length, each on its own.
    """
    text = masked(reading.text)
    if context_operation:
        text += f" CTX_{context_operation}"
    found = _unit_length(words(text), idf)
    found |= _unit_length(characters(text), idf)
    hits = patterns.hits(reading.text)
    found |= {f"r:{name}": RULE_WEIGHT for name in hits}
    found[f"s:hits={min(len(hits), 4)}"] = SHAPE_WEIGHT
    found |= {f"s:{name}": SHAPE_WEIGHT for name in shape(reading)}
    if context_operation:
        found[f"s:context={context_operation}"] = SHAPE_WEIGHT
    return found


def shape(reading: Reading) -> list[str]:
    """What kind of data there is, as names."""
    names = []
    series = [item for item in reading.series if len(item.values) > 1]
    names.append(f"lists={min(len(series), 4)}")
    if len(series) >= 2:
        lengths = {len(item.values) for item in series}
        names.append("equal" if len(lengths) == 1 else "unequal")
        if all(item.name for item in series):
            names.append("labelled")
    if series:
        longest = max(len(item.values) for item in series)
        names.append(f"longest={next(size for size in (2, 5, 12, 10**9) if longest <= size)}")
        values = [value for item in series for value in item.numbers]
        if values and all(value in {0.0, 1.0} for value in values[-len(series[-1].numbers) :]):
            names.append("binary")
        if values and all(value == int(value) for value in values):
            names.append("integers")
    if any(block.rows for block in reading.blocks):
        names.append("rows")
    for table in reading.tables:
        numbers = sum(column.kind == "number" for column in table.columns)
        texts = len(table.columns) - numbers
        names.append(f"table={min(numbers, 4)}n{min(texts, 3)}t")
    if reading.tables or series:
        names.append("data")
    names += sorted({f"role={item.role}" for item in reading.scalars})
    if len(reading.all("mean")) >= 2:
        names.append("two means")
    if len(reading.all("sd")) >= 2:
        names.append("two sds")
    if re.search(
        r"\d\s*[\w ]{0,20}(?:/|\bof\b|\bout of\b|\boutta\b|\bin\b|\bfrom\b)\s*\d", reading.plain
    ):
        names.append("ratio")
    # what was left aside stands as blanks, and must not count
    names.append(f"length={min(len(' '.join(reading.text.split())) // 40, 8)}")
    return names


def words(text: str) -> dict[str, float]:
    tokens = _WORD.findall(text)
    counts = Counter(tokens)
    counts.update(f"{first} {second}" for first, second in pairwise(tokens))
    return {f"w:{token}": 1 + math.log(count) for token, count in counts.items()}


def characters(text: str) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for word in text.split():
        padded = f" {word} "
        for size in (2, 3, 4, 5):
            if len(padded) <= size:
                counts[padded] += 1
                break
            counts.update(padded[start : start + size] for start in range(len(padded) - size + 1))
    return {f"c:{gram}": 1 + math.log(count) for gram, count in counts.items()}


def _unit_length(values: dict[str, float], idf: Mapping[str, float]) -> dict[str, float]:
    weighted = {name: value * idf[name] for name, value in values.items() if name in idf}
    norm = math.sqrt(sum(value * value for value in weighted.values())) or 1.0
    return {name: value / norm for name, value in weighted.items()}


def guess(reading: Reading, context_operation: str = "") -> list[Guess]:
    """Operations and statuses, most probable first."""
    return guess_with(shipped(), reading, context_operation)


def guess_with(
    weights: WordingWeights, reading: Reading, context_operation: str = ""
) -> list[Guess]:
    """``guess`` with other weights than those in the package."""
    found = features(reading, context_operation, weights.idf)
    known = [(weights.rows[name], value) for name, value in found.items() if name in weights.rows]
    rows = [row for row, _ in known]
    values = np.array([value for _, value in known], np.float32)
    scores = weights.bias + weights.scale * (values @ weights.weights[rows].astype(np.float32))
    exponent = np.exp((scores - scores.max()) * weights.sharpness)
    probabilities = exponent / exponent.sum()
    return [
        Guess(name=weights.classes[position], probability=float(probabilities[position]))
        for position in np.argsort(-probabilities)
    ]


class WordingWeights(msgspec.Struct, frozen=True):
    """Weights [features, classes] by the row of each feature, as codes to be multiplied with
    ``scale`` [classes]; ``idf`` by its name."""

    classes: list[str]
    rows: dict[str, int]
    idf: dict[str, float]
    weights: NDArray[np.int8] | NDArray[np.float32]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    sharpness: float


@cache
def shipped() -> WordingWeights:
    """The weights in the package."""
    path = resources.files("havoc.reason") / "wording.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        names = str(stored["names"]).split("\n")
        idf = stored["idf"].astype(float).tolist()
        return WordingWeights(
            classes=str(stored["classes"]).split("\n"),
            rows={name: row for row, name in enumerate(names)},
            idf=dict(zip(names, idf, strict=True)),
            weights=stored["weights"],
            scale=stored["scale"].astype(np.float32),
            bias=stored["bias"].astype(np.float32),
            sharpness=float(stored["sharpness"]),
        )
