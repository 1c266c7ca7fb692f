"""One cell as a number, a missing value or a text.

A cell is a number only if the whole cell is one: "12.1", "−3", "1 200", "1'200.5",
"0,42" (with decimal commas), "1e-3", "12 %", "12.1 mm", "12.1 ± 0.2" (the part after
± is set aside). A percent sign is a unit like any other: "12 %" is 12 with the unit
"%", never 0.12, because only the analysis knows whether a fraction is wanted.

"<LOD" and "<0.05" are censored: they are known to be small, which is neither a
number nor nothing, so they are told apart from missing values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from havoc.errors import InputError

MAX_NUMBER_LENGTH = 64

Kind = Literal["number", "missing", "censored", "infinite", "text"]


class Cell(NamedTuple):
    """What a cell holds. ``spread`` is the number after ±; ``grouped`` marks "1,234"."""

    kind: Kind
    value: float | None = None
    unit: str = ""
    spread: float | None = None
    grouped: bool = False


# Compared without case. In a column of numbers all of these are missing values.
MISSING_MARKERS = frozenset(
    """n/a #n/a na n.a. n.a nan nil null none missing blank nd n.d. n.d n/d - -- --- – — * ** . ?
    ?? (blank) (empty) <na>""".split()
) | {""}

# In a column of labels only these are: "none" or "-" may be a level there.
TEXT_MISSING_MARKERS = frozenset({"", "n/a", "N/A", "#N/A", "NA", "n.a.", "nan", "NaN", "<NA>"})

# Unit symbols as they are written: case matters ("mPa" and "MPa"), words are compared without it.
UNIT_SYMBOLS = frozenset(
    """% ‰ ° °C °F °K K C F degC degF deg mm cm dm m km um µm μm nm in mil ft kg g mg ug µg μg ng
    t lb lbs oz N kN mN MN Nm N·m N.m Nmm kNm Pa kPa mPa MPa GPa bar mbar psi ksi hPa mPas
    mPa·s mPa.s cP s ms us µs μs ns min h hr hrs d V mV kV µV A mA µA uA W mW kW MW Hz kHz MHz
    GHz rpm l L ml mL ul µl μl uL µL dl gal ppm ppb HRC HRB HV HB J kJ MJ kWh Wh mol mmol µmol
    M mM mol/l mol/L g/l g/L mg/l mg/L ug/l µg/l µg/L ug/L mg/ml mg/mL µg/mL ug/mL µg/ml ng/ml
    ng/mL mg/kg µg/kg ug/kg g/kg g/cm3 g/cm³ kg/m3 kg/m³ g/m2 g/m² g/100g N/mm N/cm N/m N/mm2
    N/mm² N/cm2 N/25mm kgf kgf/cm2 mS mS/cm µS/cm uS/cm cm/s m/s mm/s m/min mm/min mm/rev
    l/min L/min ml/min mL/min kg/h m3/h l/h cfu CFU cfu/ml CFU/mL gsm dB dBA ohm Ohm Ω kΩ MΩ
    kohm pF nF µF mT T mJ m2 cm2 mm2 m3 cm3 cc m² cm² mm² m³ cm³ mm³ lx lm mmHg wt% vol% w/w
    mol% pcs rad mrad µrad mW/cm2""".split()
)
UNIT_WORDS = frozenset(
    """mm cm kg mg um nm ml psi bar kpa mpa rpm ppm ppb sec secs second seconds min mins minute
    minutes hour hours hrs day days week weeks month months year years percent pct degc degf
    inch inches mil ohm ohms volt volts watt watts micron microns gram grams pieces pcs units
    cycles points""".split()
)
# A letter glued to a digit is more often part of a name ("2A", "3B", "4M") than a unit.
_GLUED_LETTERS = frozenset("CFNVWgmsh%°‰")

_BLANKS = "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_CLEAN = str.maketrans(
    dict.fromkeys(_BLANKS, " ")
    | dict.fromkeys("\ufeff\u200b\u200e\u200f", "")
    | dict.fromkeys("−‐‑﹣－", "-")
    | dict.fromkeys("’´`", "'")
    | {"＋": "+"}
)

_PLAIN = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"[-+]?[0-9]+(?:[eE][-+]?[0-9]+)?")
_POWER = r"(?:[eE][-+]?[0-9]+|\s?[x×·*]\s?10(?:\^[-+]?|[-+])[0-9]{1,3})?"
_GROUPED = r"[0-9]{{1,3}}(?:(?P<group>[{0}' ])[0-9]{{3}})(?:(?P=group)[0-9]{{3}})*(?:{1}[0-9]*)?"
_POINT = rf"[-+–]?(?:{_GROUPED.format(',', '[.]')}|[0-9]+(?:\.[0-9]*)?|\.[0-9]+){_POWER}"
_COMMA = rf"[-+–]?(?:{_GROUPED.format('.', ',')}|[0-9]+(?:[,.][0-9]*)?|[,.][0-9]+){_POWER}"
_TAIL = (
    r"(?:\s?(?:±|\+/-|\+-|\\pm)\s?(?P<spread>[0-9]*[.,]?[0-9]+(?:[eE][-+]?[0-9]+)?))?"
    r"(?P<gap>\s?)(?P<unit>[^\s\d<>=|±+\-][^\s<>=|±+]{0,11})?"
)
_NUMBER = {
    False: re.compile(rf"(?P<money>[$€£¥]\s?)?(?P<number>{_POINT}){_TAIL}"),
    True: re.compile(rf"(?P<money>[$€£¥]\s?)?(?P<number>{_COMMA}){_TAIL}"),
}
_TEN = re.compile(r"\s?[x×·*]\s?10\^?")
_CENSORED = re.compile(
    r"(?:[<>≤≥]=?|below|above|under|over)\s?(?:lod|loq|lloq|uloq|dl|detection(?: limit)?|"
    r"[0-9]*[.,]?[0-9]+(?:e[-+]?[0-9]+)?\s?[^\s\d]{0,12})|blod|bloq|blq|bdl|bql|bld|lod|loq",
    re.IGNORECASE,
)
_INFINITE = re.compile(r"[-+]?(?:inf|infinity|∞)", re.IGNORECASE)

_COMMA_EVIDENCE = re.compile(
    r"[-+–]?(?:[0-9]*,(?:[0-9]{1,2}|[0-9]{4,})|0[0-9]*,[0-9]{3}|[0-9]{4,},[0-9]{3}"
    r"|,[0-9]+|[0-9]{1,3}(?:[.' ][0-9]{3})+,[0-9]*)(?:[eE][-+]?[0-9]+)?(?:\s?[^\s\d,.;]{1,12})?"
)
_POINT_EVIDENCE = re.compile(
    r"[-+–]?(?:[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})|0[0-9]*\.[0-9]{3}|[0-9]{4,}\.[0-9]{3}"
    r"|\.[0-9]+|[0-9]{1,3}(?:[,' ][0-9]{3})+\.[0-9]*)(?:[eE][-+]?[0-9]+)?(?:\s?[^\s\d,.;]{1,12})?"
)


def is_unit(text: str) -> bool:
    """Is ``text`` the symbol or the word of a unit?"""
    return text in UNIT_SYMBOLS or text.casefold() in UNIT_WORDS


def read_cell(text: str, decimal_comma: bool = False) -> Cell:
    """What one cell holds. Never raises: an infinite number is its own kind."""
    if _PLAIN.fullmatch(text) and (not decimal_comma or _INTEGER.fullmatch(text)):
        return _finite(float(text))
    text = text.translate(_CLEAN).strip()
    if len(text) > MAX_NUMBER_LENGTH:
        return Cell("infinite") if text.isascii() and text.isdigit() else Cell("text")
    if text.casefold() in MISSING_MARKERS:
        return Cell("missing")
    if _CENSORED.fullmatch(text):
        return Cell("censored")
    if _INFINITE.fullmatch(text):
        return Cell("infinite")
    match = _NUMBER[decimal_comma].fullmatch(text)
    if match is None:
        return Cell("text")
    unit = match["unit"] or ""
    if unit:
        glued = not match["gap"] and len(unit) == 1 and unit not in _GLUED_LETTERS
        if glued or not is_unit(unit):
            return Cell("text")
    if match["money"]:
        if unit:
            return Cell("text")
        unit = match["money"].strip()
    number = _TEN.sub("e", match["number"]).replace(" ", "").replace("'", "").replace("–", "-")
    group = match["group"]
    if decimal_comma:
        number = number.replace(".", "") if group == "." else number
        number = number.replace(",", ".")
    else:
        number = number.replace(",", "")
    spread = float(match["spread"].replace(",", ".")) if match["spread"] else None
    return _finite(float(number), unit, spread, grouped=_ambiguous(match["number"], group))


def _ambiguous(number: str, group: str | None) -> bool:
    """ "1,234" may be one thousand or a little more than one; "12,345.6" is clear."""
    if group not in (",", "."):
        return False
    return number.count(group) == 1 and not set(number) & ({",", "."} - {group})


def _finite(
    value: float, unit: str = "", spread: float | None = None, grouped: bool = False
) -> Cell:
    if not math.isfinite(value):
        return Cell("infinite")
    return Cell("number", value, unit, spread, grouped)


def parse_number(text: str, decimal_comma: bool = False) -> float | None:
    """The number in a cell, or None if the cell is missing, censored or not a number.

    A unit or percent sign after the number does not change it: "12 %" is 12.
    Raises InputError for an infinite number ("inf", "1e309").
    """
    quantity = parse_quantity(text, decimal_comma)
    return None if quantity is None else quantity[0]


def parse_quantity(text: str, decimal_comma: bool = False) -> tuple[float, str] | None:
    """The number and the unit in a cell ("12.1 mm" is 12.1 and "mm"); None if there is none.

    Raises InputError for an infinite number ("inf", "1e309").
    """
    cell = read_cell(text, decimal_comma)
    if cell.kind == "infinite":
        raise InputError(
            f"{shorten(text)!r} is not a finite number",
            remedy="give a number below 1.8e308, or leave the cell empty if it is missing",
        )
    return None if cell.value is None else (cell.value, cell.unit)


def is_missing(text: str) -> bool:
    """Is the cell empty or a marker of a missing value ("n/a", "-", "*")?"""
    return text.translate(_CLEAN).strip().casefold() in MISSING_MARKERS


def decimal_votes(cells: Iterable[str]) -> int:
    """How many more cells clearly have a decimal comma than have a decimal point.

    "12,5" and "0,423" have a decimal comma, "12.5" has a decimal point, while
    "1,234" may be either and does not vote.
    """
    votes = 0
    for cell in cells:
        if len(cell) > MAX_NUMBER_LENGTH:
            continue
        if "," in cell and _COMMA_EVIDENCE.fullmatch(cell.translate(_CLEAN).strip()):
            votes += 1
        elif "." in cell and _POINT_EVIDENCE.fullmatch(cell.translate(_CLEAN).strip()):
            votes -= 1
    return votes


def detect_decimal_comma(cells: Iterable[str]) -> bool:
    """Do the cells write 0,42 for 0.42? Without a clear majority they do not."""
    return decimal_votes(cells) > 0


def shorten(text: str, length: int = 40) -> str:
    """Text from a cell for a message: on one line, without control characters, not too long."""
    text = "".join(char if char.isprintable() else " " for char in text[: length + 1])
    return text if len(text) <= length else text[: length - 1] + "…"
