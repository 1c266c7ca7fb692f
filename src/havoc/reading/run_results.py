"""Results of an experiment in prose: settings with their responses, in the usual short forms.

"(1) 28 25, a 36 32, b 18, ab 31" (Yates labels), "--: 20, +-: 30" or "20 (--)" (signs),
"160,5: 52 / 180,5: 61" (settings), "low low 12 13; high low 18 17" (words), "heat low time
high 7.1" (named), "(-1,1,40.2)" and "2/180/31" (rows), "A=-+-+ B=--++ y=5,7,6,9" (columns).
"""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from havoc.reading.number_pieces import SIGNED_APART

NUM = SIGNED_APART
MAX_RESULTS = 40_000
"""Characters that are read for settings with results; longer lists are files."""
_LIST = rf"{NUM}(?:\s*[,;]\s*{NUM}|\s+{NUM})*"

_SPACE = r"[ \t]*+"
_TREATMENT = re.compile(rf"(?<![\w(])(?P<label>\(1\)|[a-f]{{1,6}})\s*+[=:]?\s*+(?P<values>{_LIST})")
_SIGNS_FIRST = re.compile(
    r"(?<![\w.+\-])\(?(?P<signs>(?:[A-Fa-f]?\s?[-+]\s?){2,6})\)?[\s,:=)→]*"
    r"(?P<values>\d++(?:\.\d++)?(?:[\s,;/]+\d++(?:\.\d++)?)*)"
)
_SIGNS_LAST = re.compile(
    rf"(?P<values>{NUM})\s*[\[(]\s*(?P<signs>[-+](?:\s?,?\s?[-+]){{1,6}})\s*[\])]"
)
_SETTINGS = re.compile(
    rf"(?<![\w.,])(?P<settings>{NUM}(?:\s*,\s*{NUM}){{1,6}})\s*(?::|=|→|->)\s*(?P<values>{NUM})"
)
_BRACKETED_SETTINGS = re.compile(
    rf"\(\s*(?P<settings>{NUM}(?:\s*[,;]\s*{NUM}){{1,6}})\s*\){_SPACE}(?:(?::|=|→|->|gave|gives){_SPACE})?"
    rf"(?P<values>{NUM}(?:{_SPACE}[,/]{_SPACE}{NUM}|[ \t]++{NUM})*)"
)
_OPEN_SETTINGS = re.compile(rf"\(\s*{NUM}\s*[,;]\s*{NUM}\s*[,;)]")
"""Every setting must be read with its result: a run that is left out falsifies the rest."""
_HEADER = re.compile(
    r"\(\s*(?P<names>[A-Za-z][\w ]*(?:\s*[,/]\s*[A-Za-z][\w ]*)+?)\s*(?::|→|->|=)\s*(?P<y>\w+)\s*\)"
)
_WORD_HEADER = re.compile(r"(?<![A-Za-z])(?P<names>[A-Za-z]\w*+(?:\s?/\s?[A-Za-z]\w*+)++)\s*+:")
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


_LEVEL = r"(?:low|high|lo|hi|mid|middle|short|long|on|off|yes|no|old|new|small|large|slow|fast)"
_LEVEL_CODE = {
    **dict.fromkeys("low lo short off no small slow -".split(), -1.0),
    **dict.fromkeys("high hi long on yes large fast +".split(), 1.0),
    **dict.fromkeys("mid middle 0".split(), 0.0),
}
_GAP = r"[ \t]*+"
_VALUES = rf"(?P<values>{NUM}(?:(?:{_GAP}/{_GAP}|[ \t]++){NUM})*)"
_GIVES = r"(?:→|->|=>|:|=|gave|gives|is|was|got)"
_NAME = r"[A-Za-z][\w\-]{0,24}"
_BETWEEN = rf"{_GAP}[=:]?{_GAP}"
_BESIDE = rf"{_GAP}[,/&]?{_GAP}"
_NAMED_ROWS = tuple(
    re.compile(rf"(?<![\w\-])(?P<pairs>(?:{pair}{_BESIDE}){{2,5}}){behind}", re.I)
    for pair, behind in (
        (rf"{_NAME}{_BETWEEN}{_LEVEL}\b", rf"{_GAP}{_GIVES}?{_GAP}{_VALUES}"),
        (rf"{_LEVEL}[ \t]++{_NAME}", rf"{_GAP}{_GIVES}?{_GAP}{_VALUES}"),
        (rf"{_NAME}{_BETWEEN}{NUM}", rf"(?:→|->|=>|:|gave|gives){_GAP}{_VALUES}"),
    )
)
_ROW = re.compile(rf"\(\s*(?P<row>{NUM}(?:\s*[,;]\s*{NUM}){{2,7}})\s*\)")
_SLASHED_ROW = re.compile(rf"(?<![\w./])(?P<row>{NUM}(?:/{NUM}){{2,7}})(?![\w/]|\.\d)")
_LISTED_ROW = re.compile(
    rf"(?:^|(?<=[;:\n]))[ \t]*+(?P<row>{NUM}(?:[ \t]*+,[ \t]*+{NUM}){{2,7}})"
    r"(?=[ \t]*+(?:[;\n]|$|—|–|\.(?:\s|$)))"
)
_ROW_HEADER = re.compile(
    r"(?P<names>[A-Za-z]\w*(?:(?:\s*[,/;]\s*|\s+)[A-Za-z]\w*){0,7})\s*(?:(?:->|→|:|=)\s*(?P<y>[A-Za-z]\w*))?\s*[:=]?\s*$"
)
_SIGN_COLUMN = re.compile(
    r"(?<!\w)(?P<name>[A-Za-z]\w{0,12})[ \t]*+(?:[=:][ \t]*+(?P<signs>[-+0]{4,64})"
    r"|(?:[=:][ \t]*+)?(?P<apart>[-+](?:[ \t][-+0]){3,63}))(?![\w.])"
)


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
    text = text[:MAX_RESULTS].replace("−", "-")
    for reader in (_object, _yates, _settings, _words, _named, _rows, _columns, _signs, _alike):
        found = reader(text, names)
        if found is not None:
            return found
    return None


_OBJECT = re.compile(r"\{[^{}]{8,20000}\}")
_LEAST_RUNS = 4


def _object(text: str, names: list[str]) -> RunResults | None:
    """Columns as JSON among words: {"temp": ["lo", "hi", …], "peel": [1.9, 3.1, …]}."""
    match = _OBJECT.search(text)
    if match is None:
        return None
    try:
        read = msgspec.json.decode(match[0], type=dict[str, list[float | str]])
    except msgspec.DecodeError:
        return None
    numeric = [name for name, own in read.items() if all(isinstance(x, float) for x in own)]
    sizes = {len(own) for own in read.values()}
    if len(read) < 2 or not numeric or len(sizes) != 1 or min(sizes) < _LEAST_RUNS:
        return None
    measured = next((name for name in numeric if name.lower() in {"y", "response"}), numeric[-1])
    return RunResults(
        factors={name: own for name, own in read.items() if name != measured},
        response=[value for value in read[measured] if isinstance(value, float)],
        source=f"question[{match.start()}:{match.end()}]",
        response_name=measured,
    )


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
    matches = list(_BRACKETED_SETTINGS.finditer(text))
    if len(matches) < max(4, len(_OPEN_SETTINGS.findall(text))):
        matches = list(_SETTINGS.finditer(text))
    if len(matches) < 4 or len({len(_numbers(match["settings"])) for match in matches}) != 1:
        return None
    runs = [
        (_numbers(match["settings"]), value)
        for match in matches
        for value in _numbers(match["values"])
    ]
    rows = [settings for settings, _ in runs]
    header = _HEADER.search(text)
    called = [name.strip() for name in re.split(r"[,/]", header["names"])] if header else names
    if len(called) != len(rows[0]):
        called = list("ABCDEFG"[: len(rows[0])])
    return RunResults(
        factors={
            name: list(column) for name, column in zip(called, zip(*rows, strict=True), strict=True)
        },
        response=[value for _, value in runs],
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


def _named(text: str, names: list[str]) -> RunResults | None:
    """ "heat low time high 7.1 7.3", "low heat short time 60", "salt 2 heat 60 → 3.1"."""
    for index, pattern in enumerate(_NAMED_ROWS):
        matches = list(pattern.finditer(text))
        if len(matches) < 4:
            continue
        runs: list[tuple[dict[str, float | str], float]] = []
        for match in matches:
            words = re.findall(rf"{NUM}|[A-Za-z][\w\-]*", match["pairs"])
            called, given = (words[1::2], words[::2]) if index == 1 else (words[::2], words[1::2])
            if len(called) != len(given):
                return None
            levels = [_LEVEL_CODE.get(level.lower(), level) for level in given]
            settings = {
                name: float(level) if index == 2 else level
                for name, level in zip(called, levels, strict=True)
            }
            runs += [(settings, value) for value in _numbers(match["values"])]
        first = list(runs[0][0])
        if any(list(settings) != first for settings, _ in runs):
            continue
        return RunResults(
            factors={name: [settings[name] for settings, _ in runs] for name in first},
            response=[value for _, value in runs],
            source=_source(matches),
        )
    return None


def _rows(text: str, names: list[str]) -> RunResults | None:
    """Rows with the response last: "(-1,1,40.2)", "Dwell/Temp/Peel: 2/180/31 4/180/35"."""
    for pattern in (_ROW, _SLASHED_ROW, _LISTED_ROW):
        matches = list(pattern.finditer(text))
        rows = [_numbers(match["row"].replace("/", " ")) for match in matches]
        if len(rows) < 4 or len({len(row) for row in rows}) != 1:
            continue
        count = len(rows[0]) - 1
        header = _ROW_HEADER.search(text[max(0, matches[0].start() - 90) : matches[0].start()])
        called = re.split(r"[\s,/;]+", header["names"].strip()) if header else []
        measured = (header["y"] or "") if header else ""
        if not measured and len(called) > count:
            measured = called.pop()
        called = called[-count:] if len(called) >= count else names
        if pattern is _SLASHED_ROW and (header is None or len(called) != count):
            return None
        if len(called) != count or len(set(called)) != count:
            called = list("ABCDEFG"[:count])
        columns = list(zip(*rows, strict=True))
        return RunResults(
            factors={
                name: list(column) for name, column in zip(called, columns[:count], strict=True)
            },
            response=list(columns[count]),
            source=_source(matches),
            response_name=measured,
        )
    return None


_LEAST_ALIKE = 4
_MOST_TOKENS = 12
_ALIKE_TOKEN = re.compile(rf"(?<![\w.]){NUM}(?:/{NUM})*(?![\w])|[^\W\d_][\w-]*")


def _alike(text: str, names: list[str]) -> RunResults | None:
    """Parts that are built alike: "resin X 2 min 34/36; resin Y 2 min 41/40; …"."""
    parts: list[tuple[list[str], int, int]] = []
    for match in re.finditer(r"[^;\n]+", text):
        part, start = match[0], match.start()
        cut = part.rfind(":", 0, max(part.find(". "), 0) or None) + 1 if not parts else 0
        if re.fullmatch(rf"\s*{NUM}(?:[\s,/]+{NUM})*\s*\.?", part[cut:]):
            cut = 0  # the colon stands before the results
        end = re.search(r"[.?!](?:\s|$)", part[cut:])
        part = part[cut : cut + end.start()] if end else part[cut:]
        tokens = _ALIKE_TOKEN.findall(part)
        if 3 <= len(tokens) <= _MOST_TOKENS:
            parts.append((tokens, start + cut, start + cut + len(part)))
    kinds = [tuple(token[0].isalpha() for token in tokens) for tokens, _, _ in parts]
    usual = Counter(kinds).most_common(1)[0][0] if kinds else ()
    rows = [part for part, kind in zip(parts, kinds, strict=True) if kind == usual]
    if len(rows) < _LEAST_ALIKE or len(rows) != len(parts) or usual[-1]:
        return None
    columns = list(zip(*(tokens for tokens, _, _ in rows), strict=True))
    runs = [
        (index, value)
        for index, written in enumerate(columns[-1])
        for value in _numbers(written.replace("/", " "))
    ]
    factors: dict[str, list[float | str]] = {}
    for place, column in enumerate(columns[:-1]):
        levels = set(column)
        if len(levels) == 1:
            continue
        if len(levels) > len(column) / 2:
            return None
        name = columns[place - 1][0] if place and len(set(columns[place - 1])) == 1 else ""
        if not name or not name[0].isalpha() or name in factors:
            name = "ABCDEFGHJKLM"[len(factors)]
        factors[name] = [
            column[index] if usual[place] else float(column[index]) for index, _ in runs
        ]
    if len(factors) < 2:
        return None
    return RunResults(
        factors=factors,
        response=[value for _, value in runs],
        source=f"question[{rows[0][1]}:{rows[-1][2]}]",
    )


def _columns(text: str, names: list[str]) -> RunResults | None:
    """Columns of signs beside a list of responses: "A=-+-+ B=--++ y=5,7,6,9"."""
    matches = list(_SIGN_COLUMN.finditer(text))
    columns = {
        match["name"]: (match["signs"] or match["apart"]).replace(" ", "") for match in matches
    }
    if len(columns) < 2 or len({len(signs) for signs in columns.values()}) != 1:
        return None
    count = len(columns[matches[0]["name"]])
    for match in matches:
        text = text[: match.start()] + " " * len(match[0]) + text[match.end() :]
    read = read_responses(text)
    if read is None or len(read[0]) != count:
        return None
    return RunResults(
        factors={name: [_LEVEL_CODE[sign] for sign in signs] for name, signs in columns.items()},
        response=read[0],
        source=f"{_source(matches)}, {read[1]}",
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
