"""Numbers in prose: lists with their labels, and single numbers.

"line1 12.1 11.8 12.4 and line2 12.6 12.9" gives two labelled lists,
"24 25 26 / 25 25 27" gives two rows, "mean of 5.1, n/a, 5.3" one list with a
missing value. What single numbers mean (alpha, a limit, a sample size) is read
in ``roles``; tables that were pasted are read in ``grid``.

Every position refers to the text as the user typed it: ``notation`` replaces
characters one for one.
"""

from __future__ import annotations

import math
import re
from collections import Counter

import msgspec

from havoc.reading.notation import MATRIX
from havoc.reading.prose_words import MISSING as MISSING
from havoc.reading.prose_words import PRONOUNS as PRONOUNS
from havoc.reading.prose_words import STOPWORDS as STOPWORDS
from havoc.reading.prose_words import UNITS as UNITS
from havoc.reading.prose_words import word_set as word_set

MASK = "\x00"


_NUMBER = r"(?:\d++(?:\.\d++)?|\.\d++)(?:[eE][-+]?\d+)?"
_TOKEN = re.compile(
    rf"(?P<matrix>{MATRIX})"
    r"|(?P<time>(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d))"
    rf"|(?P<number>(?:(?<![\w)\].%°])(?:[-+](?=[\d.]))?|(?<=[-–])){_NUMBER})(?P<suffix>%|°[CF]?|[A-Za-zµμ][\w/µμ²³°·]*)?"
    r"|(?P<missing><LOD|n/a|n\.a\.|n\.d\.)"
    r"|(?P<word>°[CF](?!\w)|[^\W\d_][\w'’.\-/]*\w|[^\W\d_])"
    r"|(?P<newline>\n)"
    r"|(?P<space>[ \t\r\f\v]+)"
    rf"|(?P<mask>{MASK}+)"
    r"|(?P<symbol>.)",
    re.IGNORECASE | re.DOTALL,
)


class NumberList(msgspec.Struct, kw_only=True):
    """A list of numbers: ``start``/``end`` are positions in the text, ``label`` what stood before."""

    values: list[float | None]
    start: int
    end: int
    label: str = ""
    unit: str = ""
    explicit: bool = False

    @property
    def numbers(self) -> list[float]:
        return [value for value in self.values if value is not None]


class Block(msgspec.Struct, kw_only=True):
    """Lists that stand together. ``rows`` is True for unlabelled rows such as subgroups."""

    lists: list[NumberList]
    rows: bool = False


class _Token(msgspec.Struct):
    kind: str
    text: str
    start: int
    end: int
    value: float | None = None
    unit: str = ""


def mask(text: str, start: int, end: int) -> str:
    """Take what was read already out of the text, keeping every position."""
    return text[:start] + MASK * (end - start) + text[end:]


_HUGE = re.compile(r"(?<!\d)\d++(?:\.\d++)?(?:[eE][-+]?\d++)?")


def mask_overflow(text: str) -> str:
    """Take numbers beyond double precision out: they are no values to compute with."""

    def masked(match: re.Match[str]) -> str:
        return MASK * len(match[0]) if math.isinf(float(match[0])) else match[0]

    return _HUGE.sub(masked, text)


def _tokens(text: str) -> list[_Token]:
    tokens = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup if match.lastgroup != "suffix" else "number"
        token = _Token(kind or "symbol", match[0], match.start(), match.end())
        if kind == "time":
            token.kind = "word"
        if kind == "number":
            suffix = match["suffix"] or ""
            token.value = float(match["number"])
            if suffix == "k":  # 5k cycles; 5K and 5 k are kelvin
                token.value *= 1000
            elif suffix and suffix.lower() not in UNITS:
                token.kind, token.value = "word", None
            else:
                token.unit = suffix
            if token.value is not None and math.isinf(token.value):
                token.kind, token.value = "missing", None  # 1e999 is no measured value
        tokens.append(token)
    return tokens


def read_blocks(text: str) -> list[Block]:
    """Every list of two or more numbers in ``text`` (normalised, read parts masked)."""
    tokens = _tokens(text)
    blocks: list[Block] = []
    position = 0
    previous_end = 0
    while position < len(tokens):
        if tokens[position].kind == "matrix":
            blocks.append(
                _matrix_block(tokens[position], _label(tokens, position, previous_end)[0])
            )
            position += 1
            previous_end = position
            continue
        if tokens[position].value is None:
            position += 1
            continue
        run, separators, stop = _run(tokens, position)
        if _counts_the_rest(run):
            run, separators = run[1:], separators[1:]
        if len(run) >= 2:
            label, explicit = _label(tokens, position, previous_end)
            blocks.append(_split_run(run, separators, label, explicit))
            previous_end = stop
        position = max(stop, position + 1)
    return _like_siblings(_merge_numbered_labels(blocks))


def _run(tokens: list[_Token], first: int) -> tuple[list[_Token], list[str], int]:
    """Numbers from ``first`` on with only separators between, and those separators."""
    run = [tokens[first]]
    separators: list[str] = []
    position = last = first + 1
    if _ends_label(tokens, position):
        return run[:0], [], position
    while True:
        gap, following = _gap(tokens, position, run[-1])
        if following is None:
            apart = len(run) > 2 and separators[-1] != " "
            if apart and (_is_range(tokens, position) or _counts_more(run, separators)):
                return run[:-1], separators[:-1], last  # "5.1 5.2 5.3, 4-6": limits behind a list
            return run, separators, position
        token = tokens[following]
        label = _ends_label(tokens, following + 1)
        if (
            token.value is not None
            and label
            and (len(run) < 2 or _number_behind(tokens, following + 2))
        ):
            return run, separators, position
        run.append(token)
        separators.append(gap)
        last, position = position, following + 1


_COUNTED = frozenset("pc pcs pieces units days weeks hours".split())


def _counts_more(run: list[_Token], separators: list[str]) -> bool:
    """ "5.1 5.2 5.3, 4 pcs more": the last number counts pieces, and is none of the values."""
    return (
        run[-1].unit.lower() in _COUNTED
        and not any(token.unit for token in run[:-1])
        and set(separators[:-1]) == {" "}
    )


def _counts_the_rest(run: list[_Token]) -> bool:
    """ "8 days 55 54 56 …": the first number says how many follow."""
    return (
        len(run) > 3
        and run[0].unit.lower() in _COUNTED
        and run[0].value == len(run) - 1
        and not any(token.unit for token in run[1:])
    )


def _number_behind(tokens: list[_Token], position: int) -> bool:
    """Does a number follow the colon: "181 184 Oven 2: 190", but not "5.1 5.2: is it normal"?"""
    behind = [t for t in tokens[position : position + 4] if t.kind not in {"space", "newline"}]
    return not behind or behind[0].value is not None or behind[0].kind in {"missing", "symbol"}


def _is_range(tokens: list[_Token], position: int) -> bool:
    """Does a dash with a number behind it follow?"""
    kinds = [token for token in tokens[position : position + 4] if token.kind != "space"]
    return len(kinds) > 1 and kinds[0].text in "-–—~" and kinds[1].value is not None


def _ends_label(tokens: list[_Token], position: int) -> bool:
    """Is the number before ``position`` part of a label ("Oven 1: 181 …")?"""
    rest = [token.text for token in tokens[position : position + 2]]
    if not rest:
        return False
    if rest[0] == ":" or (rest[0] == "=" and len(rest) > 1):
        return True
    blank = rest[0].isspace() and "\n" not in rest[0]
    return blank and len(rest) > 1 and rest[1] in {":", "=", "→"}


def _gap(tokens: list[_Token], position: int, before: _Token) -> tuple[str, int | None]:
    """The separator that leads from one number to the next, and where that next number is."""
    kind = ""
    seen = ""
    while position < len(tokens):
        token = tokens[position]
        if token.value is not None:
            if "-" in seen or "–" in seen or ("to" in seen and len(seen) <= 4):
                return "", None
            return kind or " ", position
        text = token.text.lower()
        if token.kind == "missing" or text in MISSING:
            tokens[position] = token = _Token("missing", token.text, token.start, token.end)
            return kind or " ", position
        if token.kind == "space":
            kind = _stronger(kind, " ")
            seen += " "
        elif token.kind == "newline":
            kind = "\n"
            seen += "\n"
        elif token.kind == "word":
            if (
                text in UNITS
                and not before.unit
                and not _is_label(tokens, position)
                and not (text == "in" and _is_preposition(tokens, position))
            ):
                before.unit = token.text
            elif text in {"and", "und", "et"} and seen.strip() in {"", ","}:
                kind = _stronger(kind, "&")
                seen += "a"
            else:
                return "", None
        elif token.text in "%°" and not before.unit:
            before.unit = token.text
        elif token.text in ",;|/&)(][}{":
            tight = token.text == "/" and not _spaced(tokens, position)
            kind = _stronger(kind, "~" if tight else token.text)
            seen += token.text
        elif token.text in "-–*+":
            seen += "-" if token.text in "-–" else ""
        else:
            return "", None
        position += 1
    return "", None


def _is_preposition(tokens: list[_Token], position: int) -> bool:
    """ "4, 9, 6 in 2, 3, 2.5 m2": a list follows whose numbers have no "in" behind them."""
    behind = [token for token in tokens[position + 1 : position + 6] if token.kind != "space"]
    return len(behind) > 1 and behind[0].value is not None and behind[1].text == ","


def _is_label(tokens: list[_Token], position: int) -> bool:
    """ "M2" or "C" with a number right behind it names the next list, although m2 is a unit."""
    text = tokens[position].text
    sibling = re.fullmatch(r"([a-z])([2-9])", text)
    if sibling:  # m2 behind a list named m1 is no square metre
        before = f"{sibling[1]}{int(sibling[2]) - 1}"
        if not any(token.text == before for token in tokens[:position]):
            return False
    elif not re.fullmatch(r"[A-Z]\d*", text):
        return False
    numbered = re.fullmatch(r"([A-Z])([2-9])", text)
    if numbered:  # M3 behind M1 and M2 is no cubic metre, whatever follows it
        before = f"{numbered[1]}{int(numbered[2]) - 1}"
        if any(token.text == before for token in tokens[:position]):
            return True
    following = tokens[position + 1 : position + 3]
    return (
        len(following) == 2 and following[0].kind == "space" and following[1].value is not None
    ) or bool(following and following[0].text in ":=")


def _spaced(tokens: list[_Token], position: int) -> bool:
    around = tokens[max(position - 1, 0) : position] + tokens[position + 1 : position + 2]
    return any(token.kind in {"space", "newline"} for token in around)


# Weaker separators stand inside a list, the strongest one between lists; ~ is a slash
# without blanks, which binds closer than a blank ("4.1/5.0 3.9/4.6" are pairs).
_STRENGTH = {"": -2, "~": -1, " ": 0, ",": 1, "&": 1.5, "/": 2, ";": 3, "|": 4, "\n": 5, ")": 6}


def _stronger(kind: str, text: str) -> str:
    if text in "()[]{}":
        text = ")"
    return text if _STRENGTH[text] > _STRENGTH[kind] else kind


def _joined_lists(run: list[_Token], separators: list[str]) -> list[list[_Token]]:
    """ "3, 7, 5 and 1, 5, 2": lists that an "and" joins; one list where it joins its last value."""
    groups: list[list[_Token]] = [[run[0]]]
    for token, separator in zip(run[1:], separators, strict=True):
        if separator == "&":
            groups.append([token])
        else:
            groups[-1].append(token)
    alike = len({separator for separator in separators if separator != "&"}) == 1
    return groups if alike and min(map(len, groups)) >= 3 else [run]


def _split_run(run: list[_Token], separators: list[str], label: str, explicit: bool) -> Block:
    joined = _joined_lists(run, separators)
    separators = ["," if separator == "&" else separator for separator in separators]
    kinds = sorted(set(separators), key=lambda kind: _STRENGTH[kind])
    groups = joined
    if len(joined) == 1 and len(kinds) >= 2:
        strongest = kinds[-1]
        split: list[list[_Token]] = [[run[0]]]
        for token, separator in zip(run[1:], separators, strict=True):
            if separator == strongest:
                split.append([token])
            else:
                split[-1].append(token)
        sizes = {len(group) for group in split}
        trailing_pair = strongest == "," and kinds == [" ", ","]
        if min(sizes) >= 2 and (not trailing_pair or len(sizes) == 1):
            groups = split
    unit = next((token.unit for token in reversed(run) if token.unit), "")
    lists = [
        NumberList(
            values=[token.value for token in group],
            start=group[0].start,
            end=group[-1].end,
            label=label if index == 0 else "",
            unit=unit,
            explicit=explicit,
        )
        for index, group in enumerate(groups)
    ]
    return Block(lists=lists, rows=len(lists) > 1)


def _matrix_block(token: _Token, label: str) -> Block:
    lists = []
    for row in re.finditer(r"\[([^\[\]]*)\]", token.text):
        numbers = [float(number) for number in re.findall(rf"[-+]?{_NUMBER}", row[1])]
        values = [number for number in numbers if math.isfinite(number)]
        lists.append(
            NumberList(
                values=list(values), start=token.start + row.start(), end=token.start + row.end()
            )
        )
    if lists:
        lists[0].label = label
    return Block(lists=lists, rows=True)


def _label(tokens: list[_Token], position: int, lower: int) -> tuple[str, bool]:
    """Words before a list that name it; explicit when a colon or equals sign stands between."""
    index = position - 1
    explicit = False
    while index >= lower and (
        tokens[index].kind in {"space", "newline"} or tokens[index].text in "([{:=→>-"
    ):
        if tokens[index].text in ":=→>":
            explicit = True
        if (
            tokens[index].kind == "newline"
            and not explicit
            and not _ends_line_as_label(tokens, index, lower)
        ):
            return "", False
        index -= 1
    if index >= lower and tokens[index].text == ")" and explicit:
        while index >= lower and tokens[index].text != "(":
            index -= 1
        index -= 1
    words: list[str] = []
    limit = 4 if explicit else 2
    while index >= lower and len(words) < limit:
        token = tokens[index]
        if token.kind == "space" or token.text in "'\"*_#":
            index -= 1
            continue
        if token.value is not None and token.kind == "number":
            words.append(token.text)
            if _is_upper_end(tokens, index, lower):  # "panels 1-4:" names one list
                words[-1] = "".join(part.text for part in tokens[index - 2 : index + 1])
                index -= 2
        elif token.kind == "word":
            known = token.text.lower()
            named = explicit and not words and known in PRONOUNS
            unit = known in UNITS and not (not words and _is_label(tokens, index))
            if (unit or known in STOPWORDS) and (words or len(known) > 1) and not named:
                break
            words.append(token.text)
        else:
            break
        index -= 1
    words.reverse()
    while words and words[0].lower() in STOPWORDS and len(words) > 1:
        words.pop(0)
    if words:
        words = [*_era_before(tokens, index, lower), *words]
    return " ".join(words).strip(" -–"), explicit


def _is_upper_end(tokens: list[_Token], index: int, lower: int) -> bool:
    """Is the number at ``index`` the second one of a range that is written without blanks?"""
    return (
        index - 2 >= lower
        and tokens[index - 1].text in "-–"
        and tokens[index - 2].value is not None
    )


_ERAS = word_set("before after without old new since prior")


def _era_before(tokens: list[_Token], index: int, lower: int) -> list[str]:
    """ "before the scanner 30 28": what tells this list from the other stands further left."""
    for token in reversed(tokens[max(lower, index - 4) : index + 1]):
        if token.text.lower() in _ERAS:
            return [token.text]
        if token.text.lower() == "with":  # beside its sibling "without overlay"
            return [token.text] if any(item.text.lower() == "without" for item in tokens) else []
        if token.kind not in {"space", "word"}:
            return []
    return []


def _ends_line_as_label(tokens: list[_Token], index: int, lower: int) -> bool:
    """Does the line before this line break end in a colon, as "line A:" does?"""
    while index >= lower and tokens[index].kind in {"space", "newline"}:
        index -= 1
    return index >= lower and tokens[index].text in {":", "="}


def _merge_numbered_labels(blocks: list[Block]) -> list[Block]:
    """ "head 1 5.0 5.1 … head 2 5.4 4.6": the leading 1 and 2 belong to the label."""
    singles = [block.lists[0] for block in blocks if len(block.lists) == 1]
    by_word: dict[str, list[NumberList]] = {}
    for item in singles:
        if item.label and item.values and not item.explicit:
            by_word.setdefault(item.label.split()[-1].lower(), []).append(item)
    for items in by_word.values():
        firsts = [item.values[0] for item in items]
        numbered = [value for value in firsts if value is not None and value in range(100)]
        alike = len({item.label.lower() for item in items}) == 1
        counting = firsts == [float(number) for number in range(1, len(items) + 1)]
        if len(items) < 2 or not (alike or counting):
            continue
        if numbered == firsts and sorted(set(numbered)) == firsts:
            for item in items:
                name = item.label if alike else item.label.split()[-1]
                item.label = f"{name} {int(item.values.pop(0) or 0)}"
    return blocks


def _like_siblings(blocks: list[Block]) -> list[Block]:
    """ "tukey on ovens o1 …, o2 …, o3 …": the first list is o1, as its siblings are o2 and o3."""
    labelled = [block.lists[0] for block in blocks if block.lists and block.lists[0].label]
    kinds = Counter(_kind_of(item.label) for item in labelled if " " not in item.label)
    taken = {item.label for item in labelled}
    for item in labelled:
        last = item.label.split()[-1]
        if (
            " " in item.label
            and last not in taken
            and kinds[_kind_of(last)] >= 1
            and _kind_of(last)
        ):
            item.label = last
    return blocks


def _kind_of(label: str) -> str:
    """Labels of a series: a stem with a number (o1, o2), or single letters (A, B)."""
    numbered = re.fullmatch(r"([A-Za-z]+)\d+", label)
    if numbered:
        return numbered[1].lower()
    return "letter" if re.fullmatch(r"[A-Z]", label) else ""
