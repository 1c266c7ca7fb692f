"""Convert units, and evaluate a formula with numbers and units.

Conversion factors are pint's (NIST SP 811, CODATA); names of units are read by our
own table, because engineers do not type what programs expect.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.symbolic import units
from havoc.tools.symbolic.calculus import Formula, formula, reading_notes
from havoc.tools.symbolic.evaluation import evaluate as value_of
from havoc.tools.symbolic.tree import (
    Call,
    Constant,
    Equation,
    Name,
    Negative,
    Number,
    Tree,
    names,
    place,
)

UnitName = Annotated[str, Meta(max_length=80, description="such as psi, Nm, um, degC, gpm")]

LARGEST_UNIT_POWER = 12
AMBIGUOUS = {
    "ton": "ton is read as the US short ton (2000 lb); write t or long ton for the others",
    "tons": "tons are read as US short tons (2000 lb); write t or long ton for the others",
    "gal": "a gallon is read as the US gallon; write imperial gallon for the other",
    "gallon": "a gallon is read as the US gallon; write imperial gallon for the other",
    "gallons": "gallons are read as US gallons; write imperial gallon for the other",
    "gpm": "a gallon is read as the US gallon; write imperial gallon for the other",
    "mil": "a mil is read as a thousandth of an inch",
    "mils": "a mil is read as a thousandth of an inch",
    "hp": "hp is read as mechanical horsepower; write PS for the metric one",
    "oz": "oz is read as a mass; write ozf for the force",
    "psig": "gauge pressure stays gauge pressure: no atmosphere is added or removed",
    "barg": "gauge pressure stays gauge pressure: no atmosphere is added or removed",
}


class Conversion(Outcome):
    """``value`` is the converted value in ``to_unit``.

    ``factor`` multiplies a value in ``from_unit`` (absent for temperatures, which
    also have an offset).
    """

    value: float
    result: float
    from_value: float
    from_unit: str
    to_unit: str
    text: str
    quantity: str
    factor: float | None = None


class Evaluated(Outcome):
    """``value`` of the formula, in the unit of the result if units were given."""

    value: float
    expression: str
    inputs: dict[str, str]


@tool(
    "unit_conversion",
    title="Unit conversion",
    source="NIST SP 811 (pint)",
    any_magnitude=True,
)
def unit_conversion(
    value: Annotated[float, Meta(description="the number to convert")],
    from_unit: UnitName,
    to_unit: UnitName,
    difference: Annotated[
        bool, Meta(description="the temperature is a difference, so no offset applies")
    ] = False,
    molar_mass: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="g/mol, to convert between amount and mass"),
    ] = None,
) -> Conversion:
    """What is a value in another unit?

    Use it for data sheets and drawings in other units. Reads units as typed on a shop
    floor: in-lbf, Nm, psi, kgf/cm2, thou, um, gpm, l/min, C, F. Assumes that C and F
    are degrees Celsius and Fahrenheit and that a gallon, a ton and hp are the US ones
    unless said otherwise; the answer says so.
    """
    if not math.isfinite(value):
        raise InputError("the value must be a finite number", where="value", remedy="give a number")
    source, target = units.unit(from_unit, "from_unit"), units.unit(to_unit, "to_unit")
    notes = _notes(from_unit, to_unit)
    temperature = units.is_temperature(source) and units.is_temperature(target)
    factor: float | None
    if temperature and not difference:
        factor = None
        converted = float(_quantity(value, source).to(target).magnitude)
        if _quantity(value, source).to("kelvin").magnitude < -1e-9:
            raise InputError(
                f"{value:g} {from_unit} is below absolute zero",
                where="value",
                remedy="check the value and its unit",
            )
    else:
        factor = _factor(source, target, from_unit, to_unit, molar_mass)
        converted = value * factor
    return Conversion(
        method="pint conversion factors",
        unit=to_unit,
        value=converted,
        result=converted,
        from_value=value,
        from_unit=from_unit,
        to_unit=to_unit,
        text=f"{value:.10g} {from_unit} = {converted:.10g} {to_unit}",
        quantity=units.kind_of(target),
        factor=factor,
        warnings=notes,
    )


def _quantity(value: float, unit: Any) -> Any:
    return units.registry().Quantity(value, unit)


def _factor(
    source: Any, target: Any, from_unit: str, to_unit: str, molar_mass: float | None
) -> float:
    """Multiplier between two units, with the molar mass between amount and mass."""
    one = _quantity(1.0, _difference(source))
    target = _difference(target)
    if source.dimensionality != target.dimensionality and molar_mass is not None:
        mass = units.registry().Quantity(molar_mass, "gram/mole")
        for factor in (mass, 1 / mass):
            if (one * factor).dimensionality == target.dimensionality:
                one = one * factor
    if one.dimensionality != target.dimensionality:
        substance = "[substance]"
        between = (substance in str(source.dimensionality)) != (
            substance in str(target.dimensionality)
        )
        raise InputError(
            f"{from_unit} measures {units.kind_of(source)} and {to_unit} {units.kind_of(target)}",
            where="from_unit, to_unit",
            remedy="give molar_mass" if between else "check the units",
        )
    return float(one.to(target).magnitude)


def _difference(unit: Any) -> Any:
    registry = units.registry()
    if unit == registry.degC:
        return registry.delta_degC
    return registry.delta_degF if unit == registry.degF else unit


def _notes(*given: str) -> list[str]:
    words = [word for unit in given for word in re.findall(r"[A-Za-z]+", unit.lower())]
    text = " ".join(given).lower()
    if any(said in text for said in ("us ", "imp", "uk", "short", "long", "metric")):
        return []
    return list(dict.fromkeys(AMBIGUOUS[word] for word in words if word in AMBIGUOUS))


@tool(
    "evaluate",
    title="Evaluate a formula",
    source="IEEE double precision; units by pint",
    any_magnitude=True,
)
def evaluate(
    expression: Formula,
    values: Annotated[
        dict[str, float | str],
        Meta(description="a number, or a number with its unit (25.4 mm), for each name"),
    ] = {},  # noqa: B006
    to_unit: Annotated[str, Meta(max_length=80, description="unit wanted for the result")] = "",
) -> Evaluated:
    """What is the value of a formula for given numbers, with or without units?

    Use it for a hand calculation that shall be repeatable. Units are carried through:
    adding a length to a time is an error, and the result is in ``to_unit`` if one is
    given. Assumes that temperatures with an offset (C, F) mean points on their scale:
    they become kelvin.
    """
    tree = formula(expression, list(values))
    quantities = {name: _given(name, value) for name, value in values.items()}
    inputs = {name: str(value) for name, value in values.items()}
    if not to_unit and all(isinstance(value, float) for value in quantities.values()):
        number = float(value_of(tree, quantities))
        unit = ""
    else:
        for name in names(tree):
            if name not in quantities:
                raise InputError(
                    f"{name} has no value", where="values", remedy=f"give a value for {name}"
                )
        result = _with_units(tree, quantities)
        number, unit = _in_unit(result, to_unit)
    if not math.isfinite(number):
        raise InputError(
            "the formula has no finite value here",
            where="expression",
            remedy="look for a division by zero, a negative root or a logarithm of zero",
        )
    return Evaluated(
        method="double precision" + (" with units" if unit else ""),
        unit=unit,
        value=number,
        expression=expression,
        inputs=inputs,
        warnings=reading_notes(expression),
    )


_NUMBER_AND_UNIT = re.compile(
    r"\s*(?P<number>[-+−]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>.*)", re.DOTALL
)


def _given(name: str, value: float | str) -> Any:
    """A number, or a quantity for text such as ``25.4 mm``."""
    if isinstance(value, str):
        match = _NUMBER_AND_UNIT.fullmatch(value)
        if match is None:
            raise InputError(
                f"{value[:30]!r} is not a number with a unit",
                where=f"values {name}",
                remedy="such as 25.4 mm",
            )
        number = float(match["number"].replace(",", ".").replace("−", "-"))
        if not match["unit"].strip():
            return number
        unit = units.unit(match["unit"], f"values {name}")
        quantity = _quantity(number, unit)
        return quantity.to("kelvin") if units.is_temperature(unit) else quantity
    if not math.isfinite(value):
        raise InputError("must be a finite number", where=f"values {name}", remedy="give a number")
    return float(value)


def _with_units(tree: Tree, values: Mapping[str, Any]) -> Any:
    """Value of the tree over pint quantities."""
    import pint

    quantity = units.registry().Quantity

    def build(node: Tree) -> Any:
        if isinstance(node, Number):
            return quantity(float(node.text))
        if isinstance(node, Constant):
            return quantity(float(value_of(node, {})))
        if isinstance(node, Name):
            return quantity(values[node.name])
        if isinstance(node, Negative):
            return -build(node.operand)
        if isinstance(node, Call):
            return call(node)
        assert not isinstance(node, Equation)
        left, right = build(node.left), build(node.right)
        if node.operator == "+":
            return left + right
        if node.operator == "-":
            return left - right
        if node.operator == "*":
            return left * right
        if node.operator == "/":
            return left / right
        return power(left, plain(right, node), node)

    def plain(value: Any, node: Tree) -> float:
        if not value.dimensionless:
            raise InputError(
                f"a plain number is needed, not {units.kind_of(value.units)}",
                where=place("expression", node.at),
                remedy="divide by a reference value",
            )
        return float(value.to("dimensionless").magnitude)

    def power(base: Any, exponent: float, node: Tree) -> Any:
        if base.dimensionless:
            return quantity(math.pow(plain(base, node), exponent))
        if abs(exponent) > LARGEST_UNIT_POWER:
            raise InputError(
                "the power of a unit is too large",
                where=place("expression", node.at),
                remedy="lower the power",
            )
        return base**exponent

    def call(node: Call) -> Any:
        arguments = [build(item) for item in node.arguments]
        if node.function in ("sqrt", "cbrt"):
            return power(arguments[0], 0.5 if node.function == "sqrt" else 1 / 3, node)
        if node.function == "abs":
            return abs(arguments[0])
        if node.function in ("min", "max"):
            chosen = min if node.function == "min" else max
            return chosen(arguments)
        inner = Call(
            function=node.function,
            arguments=[Name(name=f"a{i}") for i in range(len(arguments))],
            at=node.at,
        )
        numbers = {f"a{i}": plain(value, node) for i, value in enumerate(arguments)}
        return quantity(float(value_of(inner, numbers)))

    try:
        return build(tree)
    except pint.DimensionalityError as error:
        raise InputError(
            f"{units.dimensions_in_words(str(error.dim1))} and "
            f"{units.dimensions_in_words(str(error.dim2))} cannot be combined",
            where="expression",
            remedy="check the units of the values",
        ) from None
    except (ZeroDivisionError, OverflowError, ValueError):
        return quantity(math.nan)


def _in_unit(result: Any, to_unit: str) -> tuple[float, str]:
    if not to_unit:
        reduced = result.to_reduced_units()
        if reduced.dimensionless:
            return float(reduced.to("dimensionless").magnitude), ""
        return float(reduced.magnitude), f"{reduced.units:~}".replace(" ** ", "^")
    target = units.unit(to_unit, "to_unit")
    if result.dimensionality != target.dimensionality:
        raise InputError(
            f"the result is {units.kind_of(result.units)}, {to_unit} measures "
            f"{units.kind_of(target)}",
            where="to_unit",
            remedy="check the units",
        )
    return float(result.to(target).magnitude), to_unit


@unit_conversion.narrates
def _narrate_conversion(result: Conversion) -> Narrative:
    return Narrative(
        conclusion="{{from_value}} {{from_unit}} is {{value}} {{to_unit}}.",
        key_figures=[("converted", "{{value}} {{to_unit}}")],
    )


@evaluate.narrates
def _narrate_evaluated(result: Evaluated) -> Narrative:
    return Narrative(
        conclusion="{{expression}} is {{value:unit}}.", key_figures=[("value", "{{value:unit}}")]
    )


@unit_conversion.verifies
def _verify_conversion(
    result: Conversion, difference: bool, molar_mass: float | None, **_: object
) -> list[Recomputed]:
    """The way back has to give the value that was put in."""
    if molar_mass is not None:
        return []
    back = unit_conversion.function(
        result.value, result.to_unit, result.from_unit, difference=difference
    )
    assert isinstance(back, Conversion)
    return [
        Recomputed(
            name="value converted back",
            value=result.from_value,
            recomputed=back.value,
            route="conversion back",
            atol=1e-9 * max(1.0, abs(result.from_value)),
        )
    ]
