"""Mathematics: derive, integrate, solve, simplify, evaluate, convert units.

``OPERATIONS`` names the module of each tool. ``expression.parse`` turns written
formulas into sympy expressions and evaluates nothing.
"""

OPERATIONS: dict[str, str] = {
    "derivative": "calculus",
    "evaluate": "quantities",
    "integral": "calculus",
    "simplify": "simplification",
    "solve": "equations",
    "unit_conversion": "quantities",
}
