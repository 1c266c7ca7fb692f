"""Units as engineers type them: ``in-lbf``, ``Nm``, ``kgf/cm2``, ``C``, ``gpm``, ``µm``.

A unit text is split into names, products, divisions and powers here; pint is only
asked for single names, so nothing in the text is evaluated.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import pint

from havoc.errors import InputError
from havoc.reading.numbers import shorten

MOST_CHARACTERS = 80

# Whole texts (lower case, single spaces) that are one unit.
PHRASES = {
    "short ton": "short_ton", "us ton": "short_ton", "ton us short": "short_ton",
    "us short ton": "short_ton", "ton us": "short_ton", "short tons": "short_ton",
    "us tons": "short_ton", "long ton": "long_ton", "uk ton": "long_ton",
    "imperial ton": "long_ton", "metric ton": "metric_ton", "metric tons": "metric_ton",
    "us gallon": "gallon", "us gallons": "gallon", "us gal": "gallon", "gallons us": "gallon",
    "imperial gallon": "imperial_gallon", "imperial gallons": "imperial_gallon",
    "uk gallon": "imperial_gallon", "uk gallons": "imperial_gallon", "imp gal": "imperial_gallon",
    "micro inch": "microinch", "micro inches": "microinch",
    "metric horsepower": "metric_horsepower", "metric hp": "metric_horsepower",
    "degrees celsius": "degC", "degree celsius": "degC", "deg c": "degC",
    "degrees c": "degC", "degrees fahrenheit": "degF", "degree fahrenheit": "degF",
    "deg f": "degF", "degrees f": "degF", "deg k": "kelvin",
    "in h2o": "inch_H2O", "in hg": "inch_Hg", "mm hg": "millimeter_Hg", "mm h2o": "mmH2O_",
    "inches of water": "inch_H2O", "inches of mercury": "inch_Hg", "in wc": "inch_H2O",
    "parts per million": "ppm", "parts per billion": "ppb_",
}  # fmt: skip
# Temperature differences, which have no offset.
DIFFERENCES = {
    "delta_degc": "delta_degC", "delta c": "delta_degC", "deltac": "delta_degC",
    "δ°c": "delta_degC", "δc": "delta_degC", "c difference": "delta_degC",
    "delta_degf": "delta_degF", "delta f": "delta_degF", "deltaf": "delta_degF",
    "δ°f": "delta_degF", "δf": "delta_degF", "f difference": "delta_degF",
}  # fmt: skip
# Single names, exactly as typed.
NAMES = {
    "C": "degC", "°C": "degC", "degC": "degC", "F": "degF", "°F": "degF", "degF": "degF",
    "K": "kelvin", "°K": "kelvin", "R": "degR", "°R": "degR", "°": "degree",
    "Nm": "newton*meter", "kNm": "kilonewton*meter", "mNm": "millinewton*meter",
    "Ncm": "newton*centimeter", "cNm": "centinewton*meter", "Nmm": "newton*millimeter",
    "kgm": "force_kilogram*meter",
    "PS": "metric_horsepower", "CV": "metric_horsepower", "M": "molar",
}  # fmt: skip
# Single names in any case.
NAMES_ANY_CASE = {
    "celsius": "degC", "centigrade": "degC", "degc": "degC",
    "fahrenheit": "degF", "degf": "degF", "kelvin": "kelvin", "kelvins": "kelvin",
    "in": "inch", "ins": "inch", "inches": "inch", '"': "inch", "'": "foot", "ft": "foot",
    "thou": "thou", "thous": "thou", "mil": "thou", "mils": "thou",
    "micron": "micrometer", "microns": "micrometer", "um": "micrometer", "mu": "micrometer",
    "uin": "microinch", "microinch": "microinch", "microinches": "microinch",
    "lbs": "pound", "lb": "pound", "lbm": "pound", "pounds": "pound",
    "lbf": "force_pound", "lbsf": "force_pound", "kgf": "force_kilogram", "kp": "force_kilogram",
    "gf": "force_gram", "ozf": "force_ounce", "kip": "kip", "kips": "kip",
    "psi": "psi", "psig": "psi", "psia": "psi", "ksi": "ksi", "barg": "bar", "bara": "bar",
    "bars": "bar", "mbar": "millibar", "kpa": "kilopascal",
    "inhg": "inch_Hg", "mmhg": "millimeter_Hg",
    "inh2o": "inch_H2O", "inwc": "inch_H2O", "inwg": "inch_H2O", "mmh2o": "mmH2O_",
    "mmwc": "mmH2O_", "torr": "torr", "atm": "atmosphere", "at": "technical_atmosphere",
    "gpm": "gallon/minute", "gph": "gallon/hour", "lpm": "liter/minute", "slpm": "liter/minute",
    "lph": "liter/hour", "cfm": "foot^3/minute", "cfh": "foot^3/hour", "ccm": "centimeter^3/minute",
    "sccm": "centimeter^3/minute", "cc": "centimeter^3", "ccs": "centimeter^3",
    "rpm": "rpm", "hp": "horsepower", "bhp": "horsepower", "kw": "kilowatt", "kwh": "kilowatt_hour",
    "mph": "mile_per_hour", "kph": "kilometer/hour", "kmh": "kilometer/hour", "fpm": "foot/minute",
    "sfm": "foot/minute", "ipm": "inch/minute", "fps": "foot/second",
    "hr": "hour", "hrs": "hour", "h": "hour", "sec": "second", "secs": "second", "mins": "minute",
    "l": "liter", "lt": "liter", "ltr": "liter", "litre": "liter", "litres": "liter",
    "ml": "milliliter", "ul": "microliter", "gal": "gallon", "gals": "gallon", "gallons": "gallon",
    "metre": "meter", "metres": "meter", "kilometre": "kilometer", "millimetre": "millimeter",
    "millimetres": "millimeter", "micrometre": "micrometer", "tonne": "metric_ton",
    "tonnes": "metric_ton", "ton": "short_ton", "tons": "short_ton", "t": "metric_ton",
    "ppm": "ppm", "ppb": "ppb_", "%": "percent", "pct": "percent", "percent": "percent",
    "cp": "centipoise", "cst": "centistokes", "btu": "Btu", "btus": "Btu",
    "sq": "square_", "cu": "cubic_", "square": "square_", "cubic": "cubic_",
}  # fmt: skip
PREFIXED_FORCE_LENGTHS = frozenset({"inch", "foot"})

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z]*[Hh]2[Oo]|[A-Za-z°%\"'ΔδΩ_]+)(?P<glued>-?\d(?!\d))?"
    r"|(?P<power>(?:\^|\*\*)\s*[-+]?\d)|(?P<one>1(?=\s*/))|(?P<operator>[/*.\-]))"
)
_BRACKETS = re.compile(r"/ ?\(([^()/]+)\)$")
"""J/(mol*K): what follows a slash is below it to the end, with or without brackets."""
_TIMES = r"(?:s|sec|min|h|hr|second|minute|hour|day|week|month|year)s?\b"
_TRANSLATED = str.maketrans({
    "µ": "u", "μ": "u", "·": "*", "×": "*", "⋅": "*", "∙": "*", "−": "-",
    "\u00c5": "angstrom", "\u212b": "angstrom",
})  # fmt: skip
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


@functools.cache
def registry() -> Any:
    """Pint's units, with the few that it lacks."""
    units = pint.UnitRegistry(cache_folder=None)
    units.define("mmH2O_ = 9.80665 pascal")
    units.define("ppb_ = 1e-9")
    return units


def unit(text: str, where: str) -> Any:
    """The pint unit that was typed. Raises InputError if it is not known."""
    plain = " ".join(text.translate(_TRANSLATED).split())
    if not plain or len(plain) > MOST_CHARACTERS:
        raise InputError(
            "no unit given" if not plain else "the unit text is too long",
            where=where,
            remedy="such as mm, psi, Nm or degC",
        )
    plain = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: "^" + m[0].translate(_SUPERSCRIPT), plain)
    plain = _BRACKETS.sub(r"/\1", plain)
    lowered = plain.lower()
    units = registry()
    whole = DIFFERENCES.get(lowered) or PHRASES.get(lowered) or NAMES.get(plain)
    if whole:
        return _product(whole)
    try:
        factors = _factors(plain, text, where)
    except ValueError:
        # pint reads nan and inf as numbers, which no unit is
        raise InputError(
            f"{shorten(text)!r} is no unit", where=where, remedy="such as mm, psi, Nm or degC"
        ) from None
    if len(factors) == 1 and factors[0][1] == 1:
        return factors[0][0]
    product = units.dimensionless
    for factor, exponent in factors:
        product = product * _without_offset(factor) ** exponent
    return product


def _factors(plain: str, text: str, where: str) -> list[tuple[Any, int]]:
    """Units with their exponents; a pound beside an inch or a foot is a force."""
    found: list[tuple[str, int]] = []
    sign, at, raised = 1, 0, 0
    plain = re.sub(rf"\bper\b|(?<=\w)\s+(?:a|an|each|every)\s+(?={_TIMES})", "/", plain, flags=re.I)
    while at < len(plain):
        match = _TOKEN.match(plain, at)
        if match is None:
            raise _unknown(text, where)
        at = match.end()
        if match["operator"] == "/":
            sign = -1
        elif match["operator"] or match["one"]:
            continue
        elif match["power"]:
            if not found:
                raise _unknown(text, where)
            name, exponent = found[-1]
            found[-1] = (name, exponent * int(re.sub(r"[\^*\s]", "", match["power"])))
        else:
            name = _known_name(match["name"], text, where)
            if name in ("square_", "cubic_"):
                raised = 2 if name == "square_" else 3
                continue
            power = int(match["glued"]) if match["glued"] else raised or 1
            found.append((name, sign * power))
            raised = 0
    if not found:
        raise _unknown(text, where)
    lengths = {name for name, exponent in found if exponent == 1}
    force = bool(lengths & PREFIXED_FORCE_LENGTHS)
    result = []
    for name, exponent in found:
        if force and exponent == 1 and name in ("pound", "ounce"):
            name = f"force_{name}"
        result.append((_product(name), exponent))
    return result


def _known_name(name: str, text: str, where: str) -> str:
    known = NAMES.get(name) or NAMES_ANY_CASE.get(name.lower())
    if known:
        return known
    units = registry()
    for candidate in (name, name.lower()):
        if candidate.isalpha() and candidate in units:
            return candidate
    raise _unknown(text, where)


def _unknown(text: str, where: str) -> InputError:
    return InputError(
        f"the unit {text[:30]!r} is not known", where=where, remedy="such as mm, psi, Nm or degC"
    )


def _product(name: str) -> Any:
    """A pint unit from our own tables: names joined by * and /, with ^ powers."""
    units = registry()
    result = units.dimensionless
    sign = 1
    for part in re.split(r"([*/])", name):
        if part in "*/":
            sign = -1 if part == "/" else 1
            continue
        base, _, power = part.partition("^")
        unit_of = units.Unit(base)
        if base == name:
            return unit_of
        result = result * unit_of ** (sign * int(power or 1))
    return result


def _without_offset(factor: Any) -> Any:
    """In a product, degrees Celsius and Fahrenheit are differences."""
    units = registry()
    if factor == units.degC:
        return units.delta_degC
    if factor == units.degF:
        return units.delta_degF
    return factor


def is_temperature(value: Any) -> bool:
    units = registry()
    return any(value == scale for scale in (units.degC, units.degF, units.kelvin, units.degR))


KINDS = {
    "[length]": "a length",
    "[mass]": "a mass",
    "[time]": "a time",
    "[temperature]": "a temperature",
    "[length] ** 2": "an area",
    "[length] ** 3": "a volume",
    "[length] / [time]": "a speed",
    "[mass] / [length] / [time] ** 2": "a pressure",
    "[length] * [mass] / [time] ** 2": "a force",
    "[length] ** 2 * [mass] / [time] ** 2": "an energy or torque",
    "[length] ** 2 * [mass] / [time] ** 3": "a power",
    "[length] ** 3 / [time]": "a volume flow",
    "[mass] / [length] ** 3": "a density",
    "1 / [time]": "a frequency",
    "dimensionless": "a plain number",
}


def kind_of(value: Any) -> str:
    """What a unit measures, in words."""
    return dimensions_in_words(str(value.dimensionality))


def dimensions_in_words(dimensions: str) -> str:
    return KINDS.get(dimensions, dimensions.replace("**", "^"))
