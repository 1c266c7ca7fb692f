"""Arguments of a study of a gage that says only yes or no: sizes, and how often each was accepted."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_rows import UNIT_WORDS, Token, number_runs, numbers
from havoc.reading.number_words import as_digits
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.evidence import Binder, Evidence

_ACCEPTED = re.compile(r"accept|pass|^a$|^go$|count|\bok\b|good|yes|detect|found", re.IGNORECASE)
_SIZED = re.compile(r"ref|size|value|^x|master|dim|length|diameter", re.IGNORECASE)
_OUT_OF = re.compile(r"(?<=\d)(?P<over>\s?/\s?(?P<of>\d{1,4}))(?![\w.])")
_TRIALS = re.compile(
    r"(?<![\w.])(?P<times>\d{1,4})\s*(?:x\b|×|(?:\w+\s+)?(?:trials|times|repeats|offers|passes|attempts|shots|tries|checks|presentations|drops|each)\b)"
    r"|\b(?:out\s+of|of|trials|n|tot(?:al)?)\s*(?:=|:)?\s*(?P<of>\d{1,4})(?![\w.]*\d)",
    re.IGNORECASE,
)
_LIMIT_WORDS = re.compile(
    r"\b(?:limits?|threshold|lsl|usl|lower|upper|min|max|minimum|maximum|switch\w*|decide\w*|trip\w*|alarm|set|sorts?|"
    r"reject\w*|below|above|from|spec|nominal|point|edge|cut\w*|lim)\b[^\d\n]{0,24}$",
    re.IGNORECASE,
)
_TOLERANCE = re.compile(
    r"(?<!lower )(?<!upper )\b(?:tolerance|tol)\b\.?\s*(?:(?:width|is|of|zone|total|=|:)\s*){0,3}(\d++(?:\.\d++)?|\.\d++)",
    re.IGNORECASE,
)
_BIAS_LEVEL = re.compile(
    r"\bbias\w*\b[^\d\n;.?]{0,24}?(\d{1,2}(?:\.\d+)?)\s?%"
    r"|(?<![\w.])(\d{1,2}(?:\.\d+)?)\s?%\s+(?:test|bias|level|sig\w*)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    rf"(\d(?:\s?(?:{UNIT_WORDS})\b)?)(?:\s?[-–>=:→](?=\s?[\d.])|\s?(?:ok|good|accepted|passed|passes|acceptances)\b)",
    re.IGNORECASE,
)
"""A sign or an arrow between a size and its count ("9.90-0", "79.8>20"), or a word behind it."""
_LEAST = 4


class _Parts(msgspec.Struct, frozen=True):
    sizes: list[float]
    counts: list[float]
    sizes_source: str
    counts_source: str
    spans: list[tuple[int, int]] = []
    trials: int | None = None


def bind_attribute_gage(evidence: Evidence, binding: Binding) -> None:
    parts = _in_table(evidence) or _in_lists(evidence) or _in_pairs(evidence)
    if parts is None:
        raise NeedsInput(
            "an attribute gage study needs the size of every part and how often it was accepted",
            "which size has each part, and how often was it accepted?",
        )
    binding.set("reference", parts.sizes, parts.sizes_source)
    binding.set("acceptances", parts.counts, parts.counts_source)
    _trials(evidence, binding, parts)
    match = _TOLERANCE.search(evidence.text)
    if match:
        binding.set("tolerance", float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
    _limit(evidence, binding, parts)
    evidence.alpha(binding)
    level = _BIAS_LEVEL.search(evidence.text)
    if level and "alpha" not in binding.args:
        binding.set("alpha", float(level[1] or level[2]) / 100, f"question[{level.start()}:{level.end()}]")  # fmt: skip


def _in_table(evidence: Evidence) -> _Parts | None:
    for table in evidence.tables:
        columns = [column for column in table.columns if column.kind == "number"]
        counts = next((column for column in columns if _ACCEPTED.search(column.name)), None)
        rest = [column for column in columns if column is not counts]
        size = next((column for column in rest if _SIZED.search(column.name)), None)
        if counts is None and len(columns) == 2:
            size, counts = columns
        if counts is not None and (size is not None or len(rest) == 1):
            size = size if size is not None else rest[0]
            return _Parts(
                sizes=[value for value in size.present if isinstance(value, float)],
                counts=[value for value in counts.present if isinstance(value, float)],
                sizes_source=f"{table.source}#{size.name}",
                counts_source=f"{table.source}#{counts.name}",
            )
    return None


def _in_pairs(evidence: Evidence) -> _Parts | None:
    """ "9.90-0 9.93-2", "1.40:20, 1.44:19", "0.9 g 0; 0.94 2": a size and its count, over and over."""
    text = evidence.reading.plain
    over = [int(match["of"]) for match in _OUT_OF.finditer(text)]
    told = _OUT_OF.sub(lambda match: " " * len(match[0]) if over.count(int(match["of"])) == 1 and len(over) <= 2 else match[0], text)  # fmt: skip
    told = _BETWEEN.sub(lambda match: match[1] + " " * (len(match[0]) - len(match[1])), told)
    best: list[Token] = []
    for candidate in (told, text):
        for run in number_runs(candidate):
            for begin in (0, 1):
                pairs = run[begin : begin + (len(run) - begin) // 2 * 2]
                if len(pairs) > len(best) and _rises_with_counts(pairs):
                    best = pairs
    if not best:
        return None
    source = f"question[{best[0].start}:{best[-1].end}]"
    return _Parts(
        sizes=[token.value for token in best[::2]],
        counts=[token.value for token in best[1::2]],
        sizes_source=source,
        counts_source=source,
        spans=[(best[0].start, best[-1].end)],
        trials=over[0] if len(over) == 1 else None,
    )


def _rises_with_counts(pairs: list[Token]) -> bool:
    sizes, counts = ([token.value for token in pairs[i::2]] for i in (0, 1))
    return (
        len(sizes) >= _LEAST
        and _strict(sizes)
        and all(value == int(value) and value >= 0 for value in counts)
        and (counts == sorted(counts) or counts == sorted(counts, reverse=True))
        and len(set(counts)) > 2
        and set(counts) != set(sizes)
    )


def _strict(values: list[float]) -> bool:
    return len(set(values)) == len(values) and (
        values == sorted(values) or values == sorted(values, reverse=True)
    )


def _in_lists(evidence: Evidence) -> _Parts | None:
    """A list of sizes, and one of counts of the same length."""
    runs = [run for run in number_runs(evidence.reading.plain) if len(run) >= _LEAST]
    for i, first in enumerate(runs):
        for second in runs[i + 1 :]:
            length = min(len(first), len(second))
            if abs(len(first) - len(second)) > 2 or length < _LEAST:
                continue
            for one in _cut(first, length):
                for other in _cut(second, length):
                    found = _as_parts(one, other) or _as_parts(other, one)
                    if found is not None:
                        return found
    return None


def _cut(run: list[Token], length: int) -> list[list[Token]]:
    """The run without what goes before ("max 5: 4.9 …") or behind it ("… 20, 20 each")."""
    return [run[:length], run[len(run) - length :]] if len(run) > length else [run]


def _as_parts(sizes: list[Token], counts: list[Token]) -> _Parts | None:
    pairs = [token for pair in zip(sizes, counts, strict=True) for token in pair]
    if not _rises_with_counts(pairs):
        return None
    return _Parts(
        sizes=[token.value for token in sizes],
        counts=[token.value for token in counts],
        sizes_source=f"question[{sizes[0].start}:{sizes[-1].end}]",
        counts_source=f"question[{counts[0].start}:{counts[-1].end}]",
        spans=[(run[0].start, run[-1].end) for run in (sizes, counts)],
    )


def _trials(evidence: Evidence, binding: Binding, parts: _Parts) -> None:
    text = as_digits(evidence.text)
    most = max(parts.counts, default=0)
    if parts.trials is not None and parts.trials >= most:
        binding.set("trials", parts.trials, parts.counts_source)
        return
    for match in _TRIALS.finditer(text):
        group = "times" if match["times"] else "of"
        inside = any(start < match.start(group) < end for start, end in parts.spans)
        if int(match[group]) >= max(most, 2) and not inside and int(match[group]) < 2 * most + 100:
            source = f"question[{match.start(group)}:{match.end(group)}]"
            binding.set("trials", int(match[group]), source)
            return


def _limit(evidence: Evidence, binding: Binding, parts: _Parts) -> None:
    """The limit lies among the sizes; whether it is the lower one, the counts tell."""
    rising = (parts.counts[-1] >= parts.counts[0]) == (parts.sizes[-1] >= parts.sizes[0])
    name, roles = ("lsl", ("lsl", "minimum")) if rising else ("usl", ("usl", "maximum"))
    low, high = min(parts.sizes, default=0), max(parts.sizes, default=0)
    given = evidence.scalar(*roles)
    if given is not None and low <= given.value <= high:
        binding.set(name, given.value, source_of(given))
        return
    text = evidence.reading.plain
    taken = {binding.provenance.get(key) for key in ("tolerance", "trials")}
    free = [
        token
        for token in numbers(text)
        if low <= token.value <= high
        and not any(start <= token.start < end for start, end in parts.spans)
        and f"question[{token.start}:{token.end}]" not in taken
        and not text[token.end : token.end + 2].strip().startswith("%")
    ]
    named = [token for token in free if _LIMIT_WORDS.search(text[max(0, token.start - 48) : token.start])]  # fmt: skip
    candidates = named or free
    if not candidates or (not named and len({token.value for token in free}) > 1):
        raise NeedsInput(
            "the limit that the gage checks is missing",
            "which lower or which upper limit does the gage check?",
        )
    token = candidates[0]
    binding.set(name, token.value, f"question[{token.start}:{token.end}]")


BINDERS: dict[str, Binder] = {"attribute_gage": bind_attribute_gage}
