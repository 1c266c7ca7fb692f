"""Samples of a double plan in words: "first 20 (0 ok, 2 reject) then 40 more (2 ok 3 rej)"."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding


class Stages(msgspec.Struct, kw_only=True):
    """Sizes, acceptance numbers and rejection numbers (or none) of the samples."""

    n: list[int]
    accept: list[int]
    reject: list[int | None]
    spans: list[tuple[int, int]]

    def set(self, binding: Binding) -> None:
        binding.set("n", self.n, "question")
        binding.set("accept", self.accept, "question")
        if self.reject[0] is not None:
            last = self.accept[-1] + 1
            binding.set("reject", [last if r is None else r for r in self.reject], "question")


_BOTH_SIZES = re.compile(
    r"\bn1\s*=\s*n2\s*=\s*(\d+)|(?<![\w.])(\d{1,5})\s*/\s*(\d{1,5})(?![\w./%])(?!\s*%)",
    re.IGNORECASE,
)
_AC_RE = re.compile(
    r"\b(?:ac|acc?|accept)\w*\.?\s*[=:]?\s*(\d{1,3})\W{0,3}\s*(?:re|rej)\w*\.?\s*[=:]?\s*(\d{1,3})",
    re.IGNORECASE,
)
_RANGES = re.compile(r"(?<![\w.])(\d{1,3})\s?-\s?(\d{1,3})(?![\w.])")
_NUMBERED = re.compile(r"\b(?:ac|a|c|re|r)_?\s?([1-9])\s*[=:]\s*(\d{1,3})", re.IGNORECASE)
_SIZE = re.compile(
    r"\b(?:first|1st|second|2nd|third|sample\s+of|draw|drawn|take|pull|look\s+at|another|further|others?|plan:?|then|otherwise|else|n\s?[1-9]\s*=?)\s+"
    r"(?:sample\s+)?(?:of\s+|a\s+sample\s+of\s+)?(?:another\s+)?(\d{1,5})(?!\s*(?:bad|ok|or|reject|%|\.\d|defect|accept|allowed|good|in\s+total|altogether|max|out))(?![\w.]*\d)"
    r"|(?<![\w.])(\d{1,5})\s+(?:(?!or\b)[a-z]+\s+)?(?:first|more|others?|are\s+drawn)\b"
    r"|:\s(\d{1,5})(?=\s+[a-z]{3,}\s*,)"
    r"|(?<![\w.])(\d{1,5})(?=\s*[(;,]?\s*(?:ac|acc)\b)",
    re.IGNORECASE,
)  # fmt: skip
_BAD = r"(?:bad|defect\w*|faulty|nonconform\w*|reject\w*|rejects?)"
_ACCEPT = re.compile(
    rf"\b(?:accept\w*|ac|take|pass(?:es)?|allow\w*|tolerat\w*)\s*(?:on|at|with|if|when|up\s+to|at\s+most|number|:|=|\s)*\s*(\d{{1,3}})(?![\w.]*\d)"
    rf"|\b(?:at\s+most|up\s+to|no\s+more\s+than)\s+(\d{{1,3}})(?![\w.]*\d)"
    rf"|(?<![\w.])(\d{{1,3}})\s+(?:{_BAD}\s+)?(?:or\s+(?:less|fewer)|in\s+total\s+are|allowed|ok\b|altogether|tolerated|good\s+go|max\b|are\s+still\s+allowed|allowed\s+altogether)"
    rf"|\b(?:total|in\s+all)\s+(\d{{1,3}})\s*(?:max|allowed|ok)"
    rf"|\b(no(?:ne)?)\s+(?:is\s+|are\s+)?{_BAD}",
    re.IGNORECASE,
)  # fmt: skip
_REJECT = re.compile(
    rf"\b(?:reject\w*|re|rej|refuse|fail\w*)\s*(?:on|at|with|if|from|number|:|=|\s)*\s*(\d{{1,3}})(?![\w.]*\d)"
    rf"|(?<![\w.])(\d{{1,3}})\s+(?:or\s+more\b|reject|rej\b|out\b|{_BAD}\s+or\s+more)",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(?:cumulative\s+)?(?:accept\w*|ac)\s+(?:numbers?\s+)?((?:\d{1,3}\s*(?:,|and|/)\s*){1,6}\d{1,3})",
    re.IGNORECASE,
)
_EACH = re.compile(
    r"(?<![\w.])(\d{1,5})\s+(?:units\s+|pieces\s+)?(?:each(?:\s+time)?|every\s+time)\b",
    re.IGNORECASE,
)


def read_stages(typed: str) -> Stages | None:
    """Two or more samples, each with its acceptance number; nothing where one is missing."""
    text = with_digits(typed)
    for read in (_equal, _pairs, _narrated):
        found = read(text)
        if found is not None and found.n and min(found.n) > 0 and _plausible(found):
            return found
    return None


def _plausible(found: Stages) -> bool:
    rising = all(a <= b for a, b in zip(found.accept, found.accept[1:], strict=False))
    below = all(c < n * 7 for n, c in zip(found.n, found.accept, strict=False))
    return len(found.n) == len(found.accept) >= 2 and rising and below


def _equal(text: str) -> Stages | None:
    """ "thirty each time, cumulative accept 0, 1, 3"; "n1 = n2 = 80, Ac1 = 2, Ac2 = 6"."""
    numbers = _LIST.search(text)
    each = _EACH.search(text)
    if numbers and each:
        accept = [int(number) for number in re.findall(r"\d+", numbers[1])]
        spans = [numbers.span(), each.span()]
        return Stages(
            n=[int(each[1])] * len(accept), accept=accept, reject=[None] * len(accept), spans=spans
        )
    both = re.search(r"\bn1\s*=\s*n2\s*=\s*(\d+)", text, re.IGNORECASE)
    told = [match for match in _NUMBERED.finditer(text) if match[0][:1].lower() in "ac"]
    if both and len(told) == 2:
        spans = [both.span(), *(match.span() for match in told)]
        accept = [int(match[2]) for match in told]
        return Stages(n=[int(both[1])] * 2, accept=accept, reject=[None, None], spans=spans)
    return None


def _pairs(text: str) -> Stages | None:
    """ "80 ac 2 re 5, both ac 6 re 7"; "125/125, 3-7 then 8-9"."""
    pairs = list(_AC_RE.finditer(text))
    sizes = list(_SIZE.finditer(text))
    slash = next((m for m in _BOTH_SIZES.finditer(text) if m[2]), None)
    if len(pairs) != 2 and slash is not None:
        pairs = list(_RANGES.finditer(text))
    if len(pairs) != 2:
        return None
    if slash is not None:
        n = [int(slash[2]), int(slash[3])]
        spans = [slash.span()]
    else:
        in_front = [m for m in sizes if m.start() < pairs[-1].start()]
        n = [int(next(filter(None, m.groups()))) for m in in_front][-2:]
        spans = [m.span() for m in in_front]
    n = n * 2 if len(n) == 1 else n
    return Stages(
        n=n,
        accept=[int(match[1]) for match in pairs],
        reject=[int(match[2]) for match in pairs],
        spans=[*spans, *(match.span() for match in pairs)],
    )


def _narrated(text: str) -> Stages | None:
    """A size, its numbers, then the size of the next sample and its numbers."""
    sizes = list(_SIZE.finditer(text))
    if len(sizes) < 2:
        return None
    sizes = sizes[:2]
    values = [int(next(filter(None, match.groups()))) for match in sizes]
    ends = [sizes[1].start(), len(text)]
    accept: list[int] = []
    reject: list[int | None] = []
    spans = [match.span() for match in sizes]
    for match, end in zip(sizes, ends, strict=True):
        part = text[match.end() : min(end, match.end() + 140)]
        taken = next((m for m in _ACCEPT.finditer(part)), None)
        if taken is None:
            return None
        number = next(filter(None, taken.groups()))
        accept.append(0 if number.startswith(("n", "N")) else int(number))
        beyond = next((m for m in _REJECT.finditer(part) if m.start() != taken.start()), None)
        reject.append(int(next(filter(None, beyond.groups()))) if beyond else None)
        spans.append((match.end() + taken.start(), match.end() + taken.end()))
        if beyond:
            spans.append((match.end() + beyond.start(), match.end() + beyond.end()))
    if any(r is not None and r <= c for r, c in zip(reject, accept, strict=True)):
        return None
    return Stages(n=values, accept=accept, reject=reject, spans=spans)
