"""Intervals from the likelihood ratio: the values whose profile likelihood is high enough.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998),
8.3: values with 2 (max - profile) up to the quantile of chi-squared with one degree of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, special

from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.life_fit import Fitted
from havoc.tools.reliability.life_likelihood import log_likelihood
from havoc.tools.reliability.observations import Observations

_MOST_STEPS = 60


class Profile:
    """Profile likelihoods of a location-scale family with two parameters, or one."""

    def __init__(self, fitted: Fitted, data: Observations, confidence: float) -> None:
        self.fitted, self.data = fitted, data
        self.drop = float(special.ndtri(0.5 + confidence / 2)) ** 2 / 2
        self.one_parameter = fitted.distribution == "exponential"
        self.mu, self.log_sigma = float(fitted.theta[0]), float(fitted.theta[1])
        self.logs = families.on_log(fitted.distribution)

    def _at(self, mu: float, log_sigma: float) -> float:
        theta = np.array([mu, log_sigma])
        return log_likelihood(self.fitted.distribution, theta, self.data)

    def log_sigma_limits(self) -> tuple[float | None, float | None]:
        sigma = math.exp(self.log_sigma)

        def profile(log_sigma: float) -> float:
            width = 6 * max(sigma, math.exp(log_sigma))
            return _highest(lambda mu: self._at(mu, log_sigma), self.mu - width, self.mu + width)

        return self._limits(profile, self.log_sigma, 0.3)

    def mu_limits(self) -> tuple[float | None, float | None]:
        return self._line(0.0)

    def quantile_limits(self, share: float) -> tuple[float | None, float | None]:
        """Limits of the time by which ``share`` has failed."""
        z = float(families.quantile(self._standard(), np.array([share]))[0])
        low, high = self._line(z)
        if not self.logs:
            return low, high
        return (
            None if low is None else math.exp(low),
            None if high is None else math.exp(min(high, 700.0)),
        )

    def share_limits(self, time: float) -> tuple[float | None, float | None]:
        """Limits of the fraction failed by ``time``."""
        y = math.log(time) if self.logs else time
        center = (y - self.mu) / math.exp(self.log_sigma)

        def profile(z: float) -> float:
            if self.one_parameter:
                return self._at(y - z, 0.0)
            return self._over_sigma(lambda log_sigma: y - z * math.exp(log_sigma))

        limits = self._limits(profile, center, 0.3)
        low, high = (
            None if z is None else float(families.share(self._standard(), np.array([z]))[0])
            for z in limits
        )
        return low, high

    def _standard(self) -> str:
        return families.standard_of(self.fitted.distribution)

    def _line(self, z: float) -> tuple[float | None, float | None]:
        """Limits of y = mu + z sigma."""
        sigma = math.exp(self.log_sigma)

        def profile(y: float) -> float:
            if self.one_parameter:
                return self._at(y - z, 0.0)
            return self._over_sigma(lambda log_sigma: y - z * math.exp(log_sigma))

        return self._limits(profile, self.mu + z * sigma, 0.3 * sigma)

    def _over_sigma(self, mu_of: Callable[[float], float]) -> float:
        return _highest(
            lambda log_sigma: self._at(mu_of(log_sigma), log_sigma),
            self.log_sigma - 3,
            self.log_sigma + 4,
        )

    def _limits(
        self, profile: Callable[[float], float], center: float, step: float
    ) -> tuple[float | None, float | None]:
        floor = self.fitted.loglik - self.drop

        def gap(x: float) -> float:
            return max(profile(x), -1e300) - floor

        found: list[float | None] = []
        for side in (-1.0, 1.0):
            near, width = center, step
            far = center + side * width
            for _ in range(_MOST_STEPS):
                if gap(far) < 0:
                    break
                near, width = far, 1.6 * width
                far = center + side * width
            else:
                found.append(None)
                continue
            found.append(float(optimize.brentq(gap, *sorted((near, far)), xtol=1e-9, rtol=1e-12)))
        return found[0], found[1]


def _highest(function: Callable[[float], float], low: float, high: float) -> float:
    found = optimize.minimize_scalar(
        lambda x: -max(function(float(x)), -1e300),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-7},
    )
    return -float(found.fun)
