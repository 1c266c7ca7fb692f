"""Curves with a name, for fits whose formula nobody has to write.

Sources: D. M. Bates and D. G. Watts, Nonlinear Regression Analysis and Its Applications
(1988), appendix 1; D. A. Ratkowsky, Handbook of Nonlinear Regression Models (1990).
"""

from __future__ import annotations

from typing import Literal

import msgspec

Curve = Literal[
    "exponential",
    "exponential_offset",
    "saturation",
    "power",
    "michaelis_menten",
    "hill",
    "logistic",
    "logistic_4p",
    "gompertz",
    "weibull_growth",
    "biexponential",
    "arrhenius",
    "gaussian_peak",
]


class NamedCurve(msgspec.Struct, frozen=True, kw_only=True):
    """``title`` as it is read aloud; ``positive`` names parameters that are above zero."""

    title: str
    formula: str
    positive: tuple[str, ...] = ()


CURVES: dict[str, NamedCurve] = {
    "exponential": NamedCurve(title="exponential growth or decay", formula="a*exp(b*x)"),
    "exponential_offset": NamedCurve(
        title="exponential approach to an asymptote",
        formula="Asym + (R0-Asym)*exp(-k*x)",
        positive=("k",),
    ),
    "saturation": NamedCurve(
        title="exponential saturation from the origin",
        formula="Asym*(1-exp(-k*x))",
        positive=("k",),
    ),
    "power": NamedCurve(title="power law", formula="a*x^b"),
    "michaelis_menten": NamedCurve(
        title="Michaelis-Menten curve", formula="Vm*x/(K+x)", positive=("K",)
    ),
    "hill": NamedCurve(title="Hill curve", formula="Vm*x^h/(K^h+x^h)", positive=("K", "h")),
    "logistic": NamedCurve(
        title="logistic curve of three parameters",
        formula="Asym/(1+exp((xmid-x)/scal))",
        positive=("scal",),
    ),
    "logistic_4p": NamedCurve(
        title="logistic curve of four parameters",
        formula="A+(B-A)/(1+exp((xmid-x)/scal))",
        positive=("scal",),
    ),
    "gompertz": NamedCurve(
        title="Gompertz curve", formula="Asym*exp(-b*exp(-k*x))", positive=("b", "k")
    ),
    "weibull_growth": NamedCurve(
        title="Weibull growth curve",
        formula="Asym-Drop*exp(-k*x^pwr)",
        positive=("k", "pwr"),
    ),
    "biexponential": NamedCurve(
        title="sum of two exponentials",
        formula="A1*exp(-k1*x)+A2*exp(-k2*x)",
        positive=("k1", "k2"),
    ),
    "arrhenius": NamedCurve(title="Arrhenius curve", formula="A*exp(-B/x)"),
    "gaussian_peak": NamedCurve(
        title="Gaussian peak",
        formula="height*exp(-(x-center)^2/(2*width^2))",
        positive=("width",),
    ),
}
