"""Formulas in the middle of a sentence: where they begin, and where they end.

``find_formulas("slope of y=2x^3-x at x=4")`` gives ``y=2x^3-x`` and ``x=4``. A word
counts as a name only where it stands like one: a single letter, a Greek letter, a
name with digits, or a word right beside an operator. What follows a formula in
plain words ("… l/min over the first six minutes") does not belong to it.
"""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from havoc.reading.number_pieces import EXPONENT, SIGNED

FUNCTIONS = frozenset(
    """
    sin cos tan cot sec csc asin acos atan arcsin arccos arctan sinh cosh tanh asinh acosh
    atanh exp ln log lg log10 log2 sqrt cbrt root abs sign floor ceil min max erf erfc
    atan2 pow factorial binomial
    """.split()
)
_SEVERAL_ARGUMENTS = frozenset({"log", "root", "min", "max", "atan2", "pow", "binomial"})
_SYMBOLS = frozenset(
    """
    alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi
    chi psi omega pi infinity inf
    """.split()
)
_COMMON = frozenset(
    """
    a an the is are was were be of in on at to for from with and or by as if so it its this
    that what which where when how why who much many find give get need want solve simplify
    expand factor factorise reduce derive diff derivative slope gradient integral integrate
    area under between over until till into me my our your we i you please pls thanks hi
    hello not no yes do does can could would per both all real roots root zero equal equals
    then now also too than vs versus term terms form formula equation function curve about
    """.split()
)
# Letters that after a number and a blank are more often a unit than a variable.
_UNIT_LETTERS = frozenset("mshglVANKWJCF")

_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏͰ-Ͽ"
_TOKEN = re.compile(
    r"(?P<number>(?:\d++(?:\.\d++)?|(?<!\d)\.\d+)(?:[eE][-+]?\d+(?![\w.]))?)"
    rf"|(?P<name>[{_LETTERS}][{_LETTERS}0-9_]*|∞)"
    r"|(?P<superscript>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    r"|(?P<open>[(\[])|(?P<close>[)\]])"
    r"|(?P<operator>\*\*|[-−–+*/^=·×÷√!])"
    r"|(?P<comma>[,;])"
    r"|(?P<space>[ \t\xa0]+)"
    r"|(?P<other>.|\n)"
)
MOST_TOKENS = 1000
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_NAME = r"[^\W\d_]\w*"
_POWER_OF_FUNCTION = re.compile(
    r"(?<![A-Za-z])(sinh?|cosh?|tanh?|cot|sec|csc|ln|log)\s?\^\s?(\d)\s?(\d?[A-Za-z]|[αβγθφω])(?![\w(])"
)
_EQUATION_IN = re.compile(r"[^()=]{1,80}=[^()]{0,80}\)")
_DEFINITION = re.compile(rf"\s*({_NAME})\s*(?:\(\s*({_NAME})\s*\)\s*)?=(?!=)\s*(.+)", re.DOTALL)
_NUMBER = re.compile(rf"\s*+({SIGNED}{EXPONENT})\s*", re.IGNORECASE)
_LABEL = re.compile(r"\b([^\W\d_]{2,20})\s+(?:is|are|was|equals|being)\s*:?\s*$", re.IGNORECASE)


class Formula(msgspec.Struct, kw_only=True):
    """A formula and where it stood.

    ``name`` and ``argument`` are read from a left side such as ``q(t) =``; ``label``
    is the word of "slope is …". ``value`` is set where only a number stands on the
    right: "p = 0.01" gives a value and is no formula to work on.
    """

    text: str
    start: int
    end: int
    weight: int
    name: str = ""
    argument: str = ""
    label: str = ""
    value: float | None = None

    @property
    def right_side(self) -> str:
        """What ``name`` stands for, or the whole formula."""
        return self.text.split("=", 1)[1].strip() if self.name else self.text

    @property
    def equation(self) -> bool:
        return "=" in self.text and self.value is None

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


class _Token(msgspec.Struct):
    kind: str
    text: str
    start: int
    end: int
    spaced: bool = False


def find_formulas(text: str) -> list[Formula]:
    """Every formula of a text, in its order."""
    tokens = _tokens(text)
    found: list[Formula] = []
    position = 0
    while position < len(tokens):
        run, following = _run(text, tokens, position)
        for part in _split_equations(run):
            formula = _formula(text, part)
            if formula is not None:
                found.append(formula)
        position = max(following, position + 1)
    return found


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    spaced = True
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind == "space":
            spaced = True
            continue
        tokens.append(_Token(kind, match[0], match.start(), match.end(), spaced))
        spaced = False
    return tokens


def _run(text: str, tokens: list[_Token], first: int) -> tuple[list[_Token], int]:
    """Tokens from ``first`` on that read as one formula, and where the next may begin."""
    run: list[_Token] = []
    calls: list[str] = []
    position = first
    while position < len(tokens):
        token = tokens[position]
        before = run[-1] if run else None
        if token.kind == "close":
            if not calls or before is None:
                break
            calls.pop()
        elif token.kind == "comma":
            if not calls or calls[-1] not in _SEVERAL_ARGUMENTS:
                break
        elif token.kind == "other":
            break
        elif token.kind in {"number", "name", "open"} or token.text == "√":
            if token.kind == "name" and not _is_name(text, token):
                break
            if not _follows(text, before, token, inside=bool(calls)):
                break
            if token.kind == "open":
                function = before.text.lower() if before and before.kind == "name" else ""
                calls.append(function)
        elif before is None and token.text not in "-−–+":
            break
        run.append(token)
        position += 1
    return run, position


def _is_name(text: str, token: _Token) -> bool:
    """May this word be a name of the formula?"""
    word, lowered = token.text, token.text.lower()
    before = text[max(0, token.start - 8) : token.start].rstrip()[-1:]
    rest = text[token.end : token.end + 8]
    after = rest.lstrip()[:1]
    if rest[:1] == "." and rest[1:2].isalpha():
        return False
    if lowered in FUNCTIONS:
        return after in {"(", "[", "^"} or (after.isalnum() and lowered not in {"log", "min"})
    beside = before in set("*/^+(=·×") or (after != "" and after in "*/^+=·×²³")
    if not beside and after == "-":
        beside = rest.startswith(" - ") or len(word) == 1
    if not beside and before in {"-", "−", "–"}:
        beside = len(word) == 1 or text[token.start - 1 : token.start] == " "
        beside = beside or _ends_factor(text, token)
    if lowered in {"a", "i"}:
        glued = text[token.start - 1 : token.start].isdigit() if token.start else False
        return beside or glued or after == ")"
    if lowered in _COMMON:
        return False
    if len(word) == 1 or lowered in _SYMBOLS or re.fullmatch(r"[^\W\d_]{1,3}_?\d{1,3}", word):
        return True
    if re.fullmatch(r"[^\W\d_]\w{0,14}", word) is None:
        return False
    if beside and before in {"/", ""} and after not in set("*^+=("):
        return len(word) <= 4 or before == "/"
    return beside


_FACTOR = re.compile(r"(?P<before>[*/^])?\s?\((?:[\w.+*/^]|-(?!-)){1,40}$")


def _ends_factor(text: str, token: _Token) -> bool:
    """ "100*(Th-Ta)", "(usl-lsl)/6": the end of a bracket that is multiplied or divided."""
    if text[token.end : token.end + 1] != ")":
        return False
    opened = _FACTOR.search(text[max(0, token.start - 48) : token.start])
    behind = text[token.end + 1 : token.end + 3].lstrip()[:1]
    return opened is not None and (opened["before"] is not None or behind in {"*", "/", "^"})


def _follows(text: str, before: _Token | None, token: _Token, *, inside: bool) -> bool:
    """May ``token``, an operand, stand right after ``before``?"""
    if before is None or before.kind in {"operator", "open", "comma"}:
        return True
    if before.kind == "name" and before.text.lower() in FUNCTIONS:
        return True
    if before.kind in {"number", "superscript"}:
        if token.kind == "number":
            return False
        if token.kind == "open" and token.spaced and _EQUATION_IN.match(text, token.end):
            return False  # "is 11 (2*a - b = 11)"
        if not token.spaced or token.kind == "open" or token.text == "√":
            return True
        return _spaced_factor(text, token)
    if before.kind == "name":
        if token.kind != "open":
            # "exp(-b t)": letters side by side inside parentheses are a product
            letters = len(before.text) == 1 and len(token.text) == 1
            return inside and letters and token.kind == "name"
        return not token.spaced or len(before.text) == 1
    return token.kind == "open" or not token.spaced


def _spaced_factor(text: str, token: _Token) -> bool:
    """Is the name after "1.4 " a factor, not a unit?"""
    if token.text.lower() in FUNCTIONS | _SYMBOLS:
        return True
    if len(token.text) > 1 and not re.fullmatch(r"[^\W\d_]_?\d{1,2}", token.text):
        return False
    if token.text not in _UNIT_LETTERS:
        return True
    name = re.escape(token.text)
    return re.search(rf"(?<!\w){name}\s*[\^*+)²³]|[\^*(]\s*{name}(?!\w)", text) is not None


def _split_equations(run: list[_Token]) -> list[list[_Token]]:
    """ "3a+2b=16 a-b=2" holds two equations: a second = ends the first before its left side."""
    parts: list[list[_Token]] = []
    first, equal, cut = 0, False, 0
    for index, token in enumerate(run):
        if token.text == "=":
            if equal and cut > first:
                parts.append(run[first:cut])
                first = cut
            equal, cut = True, 0
        elif (
            token.spaced
            and index > 0
            and token.kind in {"name", "number", "open"}
            and run[index - 1].kind in {"number", "name", "close", "superscript"}
        ):
            cut = index
    return [*parts, run[first:]]


def _formula(text: str, run: list[_Token]) -> Formula | None:
    if len(run) > MOST_TOKENS:
        return None
    run = _trimmed(run)
    if not run:
        return None
    start, end = run[0].start, run[-1].end
    written = _plain_powers(text[start:end])
    operators = [token for token in run if token.kind == "operator" and token.text not in "=!"]
    names = [token for token in run if token.kind == "name"]
    functions = [token for token in names if token.text.lower() in FUNCTIONS]
    glued = any(
        before.kind == "number" and token.kind == "name" and len(token.text) == 1
        for before, token in pairwise(run)
        if not token.spaced
    )
    equation = any(token.text == "=" for token in run)
    powers = [token for token in run if token.kind == "superscript"]
    if not operators and not functions and not glued and not equation and not powers:
        return None
    if not names and len(operators) < 2:
        return None
    bare = not any(token.kind in {"number", "open", "superscript"} for token in run)
    if bare and not equation and operators and all(token.text == "/" for token in operators):
        return None
    weight = 2 * len(operators) + 2 * len(powers) + 3 * len(functions) + len(names)
    weight += 3 if equation else 0
    if bare and not equation and not functions:
        weight -= 3
    formula = Formula(text=written, start=start, end=end, weight=weight)
    definition = _DEFINITION.fullmatch(written)
    if definition and "=" not in definition[3] and definition[1].lower() not in FUNCTIONS:
        formula.name, formula.argument = definition[1], definition[2] or ""
        number = _NUMBER.fullmatch(definition[3])
        if number:
            formula.value, formula.weight = float(number[1]), 0
    label = _LABEL.search(text[max(0, start - 40) : start])
    if label and not formula.name:
        formula.label = label[1].lower()
    return formula


def _trimmed(run: list[_Token]) -> list[_Token]:
    """Without what cannot begin or end a formula, and with its parentheses closed."""
    kept = list(run)
    while len(kept) > 2 and _in_parentheses(kept) and any(token.text == "=" for token in kept):
        kept = kept[1:-1]  # "(a + b = 40)"
    while True:
        depth, opened = 0, []
        for index, token in enumerate(kept):
            if token.kind == "open":
                opened.append(index)
                depth += 1
            elif token.kind == "close":
                opened.pop()
        if opened:
            kept = kept[1:] if opened[0] == 0 else kept[: opened[0]]
        elif kept and _cannot_end(kept[-1]):
            kept = kept[:-1]
        elif kept and (kept[0].kind == "close" or kept[0].text in {"+", "–"}):
            kept = kept[1:]
        else:
            return kept


def _in_parentheses(run: list[_Token]) -> bool:
    """Does the first parenthesis close with the last?"""
    depth = 0
    for index, token in enumerate(run):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0:
            return index == len(run) - 1 and run[0].kind == "open"
    return False


def _cannot_end(token: _Token) -> bool:
    return (
        token.kind == "comma"
        or token.text in {"-", "−", "–", "=", "√"}
        or (token.kind == "name" and token.text.lower() in FUNCTIONS)
    )


def _plain_powers(text: str) -> str:
    """x² as x^2, sin²x as sin(x)^2."""
    text = re.sub(r"[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda match: "^" + match[0].translate(_POWERS), text)
    return _POWER_OF_FUNCTION.sub(r"\1(\3)^\2", text)
