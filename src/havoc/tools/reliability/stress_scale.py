"""The scale of stress on which the logarithm of life is linear."""

from __future__ import annotations

import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

_BOLTZMANN = 8.617333262e-5  # eV per kelvin
_ZERO_CELSIUS = 273.15


def transformed(model: str, stress: FloatArray, where: str = "stress") -> FloatArray:
    """The stress on the scale on which ln life is linear."""
    if model == "arrhenius":
        if bool((stress <= -_ZERO_CELSIUS).any()):
            raise InputError(
                "a temperature is at or below absolute zero",
                where=where,
                remedy="give temperatures in degrees Celsius",
            )
        return np.asarray(1 / (_BOLTZMANN * (stress + _ZERO_CELSIUS)), dtype=np.float64)
    if model == "inverse_power":
        if bool((stress <= 0).any()):
            raise InputError(
                "a stress is not above zero", where=where, remedy="use the exponential law"
            )
        return np.asarray(-np.log(stress), dtype=np.float64)
    return stress
