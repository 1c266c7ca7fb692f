"""Symbols, units and words of the field that are one piece of the vocabulary each.

A piece listed here is matched wherever its characters stand, also inside a longer word.
So words that ordinary words contain are left to the learned merges: ``mu`` (much), ``psi``
(epsilon), ``K``, ``CL`` (CLEAR), ``m/s`` (system/subsystem). ``ALPHA_0_05`` is left out
because digits are always split.
"""

from __future__ import annotations

MATHEMATICS = tuple("±×÷≤≥≠≈∑∏∫∂√∞²³°µ")
GREEK = tuple("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω")
UNITS = (
    *("MPa", "GPa", "kPa", "N/mm", "N/cm", "N/m", "kg/m3"),
    *("kWh", "kW", "MW", "degC", "degF", "kHz", "MHz", "GHz", "Hz"),
)
WORDS = (
    *("ANOVA", "p-value", "control_chart", "Box-Behnken", "Taguchi", "Plackett-Burman"),
    *("Cpk", "Cp", "Ppk", "X-bar", "R-chart", "UCL", "LCL", "sigma"),
    *("factorial", "fractional_factorial", "central_composite", "integral", "derivative"),
    *("CHECK_SPC", "EVAL_DOE", "RUN_TTEST", "DEFINE_OPERATOR", "FACTOR", "RESPONSE"),
)
DOMAIN_SYMBOLS: tuple[str, ...] = (*MATHEMATICS, *GREEK, *UNITS, *WORDS)
