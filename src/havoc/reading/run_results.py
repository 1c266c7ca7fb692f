"""Results of an experiment in prose: settings with their responses, in the usual short forms.

"(1) 28 25, a 36 32, b 18, ab 31" (Yates labels), "--: 20, +-: 30" or "20 (--)" (signs),
"160,5: 52 / 180,5: 61" (settings), "low low 12 13; high low 18 17" (words).
"""

from __future__ import annotations

import re

import msgspec

NUM = r"[-+]?(?<!\d)(?:\d++(?:\.\d++)?|\.\d++)"
MAX_RESULTS = 40_000
"""Characters that are read for settings with results; longer lists are files."""
_LIST = rf"{NUM}(?:\s*[,;]\s*{NUM}|\s+{NUM})*"

_TREATMENT = re.compile(rf"(?<![\w(])(?P<label>\(1\)|[a-f]{{1,6}})\s*[=:]?\s*(?P<values>{_LIST})")
_SIGNS_FIRST = re.compile(
    r"(?<![\w.+\-])\(?(?P<signs>(?:[A-Fa-f]?\s?[-+]\s?){2,6})\)?[\s,:=)→]*"
    r"(?P<values>\d+(?:\.\d+)?(?:[\s,;/]+\d+(?:\.\d+)?)*)"
)
_SIGNS_LAST = re.compile(
    rf"(?P<values>{NUM})\s*[\[(]\s*(?P<signs>[-+](?:\s?,?\s?[-+]){{1,6}})\s*[\])]"
)
_SETTINGS = re.compile(
    rf"(?<![\w.,])(?P<settings>{NUM}(?:\s*,\s*{NUM}){{1,6}})\s*(?::|=|→|->)\s*(?P<values>{NUM})"
)
_HEADER = re.compile(
    r"\(\s*(?P<names>[A-Za-z][\w ]*(?:\s*[,/]\s*[A-Za-z][\w ]*)+?)\s*(?::|→|->|=)\s*(?P<y>\w+)\s*\)"
)
_WORD_HEADER = re.compile(r"(?P<names>[A-Za-z]\w*(?:\s?/\s?[A-Za-z]\w*)+)\s*:")
_WORD_ROW = re.compile(
    rf"(?P<words>(?:low|high|lo|hi|yes|no|on|off|old|new)(?:[\s,/]+(?:low|high|lo|hi|yes|no|on|off|old|new)){{1,5}})"
    rf"\s*:?\s*(?P<values>{_LIST})",
    re.I,
)
_CENTER = re.compile(
    r"\b(?:cent(?:er|re)s?|middle|mid|cps?)(?:\s*-?\s*(?:points?|pts?|runs?|values?))?\s*(?:gave\s+|were\s+)?[:=(]?\s*"
    rf"(?P<values>{NUM}(?:\s*,\s*{NUM}|\s+{NUM})+)",
    re.I,
)
_LONG_LIST = re.compile(rf"(?<![\w.]){NUM}(?:\s*[,;]\s*{NUM}|\s+{NUM}){{3,}}")


class RunResults(msgspec.Struct, kw_only=True):
    """Settings by factor and the response of every run, with where they stood."""

    factors: dict[str, list[float | str]]
    response: list[float]
    source: str
    response_name: str = ""


def _numbers(text: str) -> list[float]:
    return [float(value) for value in re.findall(NUM, text)]


def _source(matches: list[re.Match[str]]) -> str:
    return f"question[{matches[0].start()}:{matches[-1].end()}]"


def read_run_results(text: str, names: list[str]) -> RunResults | None:
    """Runs with their settings, or None if the text holds only responses."""
    text = text[:MAX_RESULTS]
    for reader in (_yates, _settings, _words, _signs):
        found = reader(text, names)
        if found is not None:
            return found
    return None


def _yates(text: str, names: list[str]) -> RunResults | None:
    matches = list(_TREATMENT.finditer(text))
    labels = ["" if match["label"] == "(1)" else match["label"] for match in matches]
    if len(labels) < 4 or "" not in labels or len(set(labels)) != len(labels):
        return None
    letters = sorted({letter for label in labels for letter in label})
    runs = [
        (label, value)
        for label, match in zip(labels, matches, strict=True)
        for value in _numbers(match["values"])
    ]
    called = names if len(names) == len(letters) else [letter.upper() for letter in letters]
    return RunResults(
        factors={
            name: [1.0 if letter in label else -1.0 for label, _ in runs]
            for name, letter in zip(called, letters, strict=True)
        },
        response=[value for _, value in runs],
        source=_source(matches),
    )


def _signs(text: str, names: list[str]) -> RunResults | None:
    for pattern in (_SIGNS_LAST, _SIGNS_FIRST):
        matches = list(pattern.finditer(text))
        runs = [
            (re.findall(r"[-+]", match["signs"]), value)
            for match in matches
            for value in _numbers(match["values"])
        ]
        sizes = {len(signs) for signs, _ in runs}
        if len(matches) < 4 or len(sizes) != 1:
            continue
        count = sizes.pop()
        called = names if len(names) == count else list("ABCDEF"[:count])
        return RunResults(
            factors={
                name: [1.0 if signs[index] == "+" else -1.0 for signs, _ in runs]
                for index, name in enumerate(called)
            },
            response=[value for _, value in runs],
            source=_source(matches),
        )
    return None


def _settings(text: str, names: list[str]) -> RunResults | None:
    matches = list(_SETTINGS.finditer(text))
    rows = [_numbers(match["settings"]) for match in matches]
    if len(rows) < 4 or len({len(row) for row in rows}) != 1:
        return None
    header = _HEADER.search(text)
    called = [name.strip() for name in re.split(r"[,/]", header["names"])] if header else names
    if len(called) != len(rows[0]):
        called = list("ABCDEFG"[: len(rows[0])])
    return RunResults(
        factors={
            name: list(column) for name, column in zip(called, zip(*rows, strict=True), strict=True)
        },
        response=[float(match["values"]) for match in matches],
        source=_source(matches),
        response_name=header["y"] if header else "",
    )


def _words(text: str, names: list[str]) -> RunResults | None:
    matches = list(_WORD_ROW.finditer(text))
    runs = [
        (re.split(r"[\s,/]+", match["words"].strip().lower()), value)
        for match in matches
        for value in _numbers(match["values"])
    ]
    if len(matches) < 4 or len({len(words) for words, _ in runs}) != 1:
        return None
    count = len(runs[0][0])
    header = _WORD_HEADER.search(text)
    called = [name.strip() for name in header["names"].split("/")] if header else names
    if len(called) != count:
        called = list("ABCDEF"[:count])
    return RunResults(
        factors={name: [words[index] for words, _ in runs] for index, name in enumerate(called)},
        response=[value for _, value in runs],
        source=_source(matches),
    )


def read_center_values(text: str) -> tuple[list[float], int, int] | None:
    """Responses at centre points that are given apart, with where they stood."""
    match = _CENTER.search(text)
    return (_numbers(match["values"]), *match.span()) if match else None


def read_responses(text: str) -> tuple[list[float], str] | None:
    """The longest list of four or more numbers, with where it stood."""
    matches = list(_LONG_LIST.finditer(text))
    if not matches:
        return None
    longest = max(matches, key=lambda match: len(_numbers(match[0])))
    return _numbers(longest[0]), f"question[{longest.start()}:{longest.end()}]"
