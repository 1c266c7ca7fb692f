"""Questions about formulas become calls, and the calls give the right figures."""

import math
from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import Binding, NeedsInput, bind
from havoc.tools import registry


def bound(operation: str, question: str) -> Binding:
    return bind(operation, read_question(question))


def quantities(binding: Binding) -> dict[str, Any]:
    return registry.execute(binding.operation, binding.args).quantities


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("slope of y = 4 - 0.5x^2 at x = 3", -3.0),
        ("what is the second derivative of t^3*exp(-t) at t=1", 1 / math.e),
        ("df/dt for f = 3t^2 + k*t with k = 4 at t = 2", 16.0),
        ("speed at 4 s if s(t) = 2t^2 + 3t", 19.0),
        ("first derivative of x³ − 4x at x = −1", -1.0),
        ("derivative of y = 3u^2 with u = 2x + 1 at x = 1", 36.0),
        ("how fast does T = 20 + 50*exp(-0,1 t) cool right at the start", -5.0),
        ("d2y/dx2 of y = x^4 - 2x^2 at x = 2", 44.0),
    ],
)
def test_derivatives_at_a_point(question: str, value: float) -> None:
    assert quantities(bound("derivative", question))["value"] == pytest.approx(value)


def test_the_variable_is_the_one_that_was_named() -> None:
    assert bound("derivative", "dP/dV for P = n*R*T/V").args["variable"] == "V"
    assert bound("derivative", "partial of E*I/L^3 with respect to L").args["variable"] == "L"
    assert bound("derivative", "differentiate e^(-k*t) in t").args["variable"] == "t"
    assert bound("derivative", "how sensitive is V = pi*r^2*h to r").args["variable"] == "r"


def test_a_gradient_is_one_derivative_for_each_variable() -> None:
    binding = bound("derivative", "gradient of f(x,y) = x^2*y + 3y")
    calls = [binding, *binding.more]
    assert [call.args["variable"] for call in calls] == ["x", "y"]
    assert [quantities(call)["derivative"] for call in calls] == ["2*x*y", "x^2 + 3"]


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("integrate sin(x) from 0 to pi/2", 1.0),
        ("∫_0^1 x^2 dx", 1 / 3),
        ("integral of 1/x between 1 and e", 1.0),
        ("integral exp(-x^2/2) dx from minus infinity to infinity", math.sqrt(2 * math.pi)),
        ("area under 3x^2 - x from x=-1 to x=2", 7.5),
        ("integrate 2*pi*r dr from r = 0 to 5", 25 * math.pi),
        ("integrate x^2 over [0, 2]", 8 / 3),
        ("spring force F = 12x, work between 0.1 n 0.4 m", 0.9),
        ("total heat if q = 4 + 0.2t kW during the first 30 min", 210.0),
        ("power 40-2t kW for 8 hrs, integrate", 256.0),
        ("integral of k*exp(-k*t) dt with k = 0.1, t from 0 to 10", 1 - 1 / math.e),
        ("mean value of 3 + t from t = 2 to t = 6", 7.0),
        ("integrate 10^(z/10) with z = 2*t, from t = 0 to 5", 9 * 5 / math.log(10)),
    ],
)
def test_definite_integrals(question: str, value: float) -> None:
    assert quantities(bound("integral", question))["value"] == pytest.approx(value)


@pytest.mark.parametrize(
    ("question", "solutions"),
    [
        ("where do 2x + 1 and 7 - x intersect", [{"x": 2}]),
        ("where does y = 2x + 1 meet y = 7 - x?", [{"x": 2}]),
        ("how long until level = 3 + 2t hits 15", [{"t": 6}]),
        ("tank at 80 % when, if level = 100*(1-exp(-t/12))", [{"t": 12 * math.log(5)}]),
        ("when is 3x - 6 zero", [{"x": 2}]),
        ("F = k*x with F = 12 and k = 3, find x", [{"x": 4}]),
        ("Solve I = U/R for R, U = 12, I = 0.5", [{"R": 24}]),
        ("(1-p)^n = 0.05 with p = .01, n=?", [{"n": math.log(0.05) / math.log(0.99)}]),
        ("positive root of x^2 - 2x - 8 = 0", [{"x": 4}]),
        ("x + y = 5; x*y = 6", [{"x": 2, "y": 3}, {"x": 3, "y": 2}]),
        ("f(x) = x^3 - 12x, derive it and where is that zero", [{"x": -2}, {"x": 2}]),
        ("roots of x^2 - 9", [{"x": -3}, {"x": 3}]),
    ],
)
def test_equations(question: str, solutions: list[dict[str, float]]) -> None:
    found = [item["value"] for item in quantities(bound("solve", question))["solutions"]]
    assert len(found) == len(solutions)
    for solution, wanted in zip(found, solutions, strict=True):
        assert solution == pytest.approx(wanted)


def test_a_formula_is_turned_round_for_the_letter_asked() -> None:
    binding = bound("solve", "rearrange F = k*(L - L0) for L")
    assert binding.args["variable"] == "L"
    assert quantities(binding)["solutions"][0]["text"]["L"] in {"L0 + F/k", "F/k + L0"}
    assert bound("solve", "make h the subject of V = pi*r^2*h").args["variable"] == "h"
    assert bound("solve", "get d out of V=pi*d^2*L/4").args["variable"] == "d"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("expand (x+1)(x-2)", "expand"),
        ("factorise x^2 - 5x + 6", "factor"),
        ("partial fractions of (3x+5)/(x^2-1)", "partial_fractions"),
        ("write 1/x + 1/y as a single fraction", "together"),
        ("collect terms in x*y + x + 2x*y", "collect"),
        ("shorten 2x + 3x - 4", None),
    ],
)
def test_what_to_do_with_a_formula(question: str, kind: str | None) -> None:
    binding = bound("simplify", question)
    assert binding.args.get("kind") == kind
    quantities(binding)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("how many Newton metre make 30 ft-lb", 40.67454),
        ("plate says 12 gpm, what is that in litres per hr", 2725.497),
        ("41 degrees Fahrenheit on the log, what is it in Celsius?", 5.0),
        ("12 in in cm", 30.48),
        ("7/16 in to mm", 11.1125),
        ("1 1/2 inch in mm", 38.1),
        ("3 x 10^5 Pa in bar", 3.0),
        ("torque is 35 Nm, customer wants ft-lb", 25.81467),
        ("a temperature rise of 20 F in C", 100 / 9),
        ("4,5 l/min in gpm", 1.188774),
        ("kW to hp: the motor has 7.5 kW", 10.05767),
        ("18 g/L to mol/L, molar mass 36.5 g/mol", 18 / 36.5),
        ("60 km/h, how much m/s?", 100 / 6),
    ],
)
def test_units_in_words(question: str, value: float) -> None:
    found = quantities(bound("unit_conversion", question))["value"]
    assert found == pytest.approx(value, rel=1e-5)


def test_several_conversions_at_once() -> None:
    binding = bound("unit_conversion", "turn a) 30 psi to bar and b) 400 F to C")
    assert [call.args["to_unit"] for call in (binding, *binding.more)] == ["bar", "C"]
    ends = bound("unit_conversion", "flow 12-15 gpm in l/min")
    assert [call.args["value"] for call in (ends, *ends.more)] == [12, 15]


@pytest.mark.parametrize(
    ("operation", "question", "missing"),
    [
        ("derivative", "differentiate the response function", "no formula"),
        ("derivative", "differentiate a*b^2", "a, b"),
        ("derivative", "derivative of x^2 + y^2 = 25", "equation"),
        ("integral", "integrate the flow from 0 to 5", "no formula"),
        ("integral", "integral of x^2 from 1", "upper limit"),
        ("solve", "solve for x", "no equation"),
        ("solve", "solve 3x + = 5", "cannot be read"),
        ("solve", "solve R = (a+b)/2", "unknowns"),
        ("simplify", "simplify it for me", "no formula"),
        ("unit_conversion", "convert 45 to mm", "unit of the value"),
        ("unit_conversion", "convert 12 kg to mm", "mass"),
        ("unit_conversion", "20 mg/L to mmol/L", "density"),
        ("unit_conversion", "what is 1 atm", "unit wanted"),
        ("unit_conversion", "convert kg to lb", "value"),
    ],
)
def test_what_is_missing_is_asked_for(operation: str, question: str, missing: str) -> None:
    with pytest.raises(NeedsInput, match=missing) as error:
        bound(operation, question)
    assert error.value.ask
