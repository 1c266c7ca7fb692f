"""The learning rate of every step. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from havoc.errors import InputError

KINDS = ("constant", "linear", "cosine", "wsd")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A linear rise over ``warmup_steps`` to ``peak``, then a course down to ``minimum``.

    - ``constant`` stays at the peak (``minimum`` is not used);
    - ``linear`` and ``cosine`` fall from the end of the warm-up to ``total_steps``;
      Loshchilov and Hutter (2017), SGDR, arXiv 1608.03983, equation 5, without restarts;
    - ``wsd`` (warm-up, stable, decay) stays at the peak and falls linearly in the last
      ``decay_fraction`` of ``total_steps``; Hu et al. (2024), MiniCPM, arXiv 2404.06395.

    ``peak`` and ``minimum`` are learning rates, ``minimum`` not a fraction of the peak.
    Raises InputError for settings that no run can have.
    """

    kind: str
    peak: float
    minimum: float = 0.0
    warmup_steps: int = 0
    total_steps: int = 1
    decay_fraction: float = 0.2

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(
                f"there is no schedule {self.kind!r}",
                where="schedule",
                remedy=f"give one of {', '.join(KINDS)}",
            )
        if not 0 < self.peak < math.inf:
            raise InputError(f"is {self.peak}", where="peak", remedy="give a positive number")
        if not 0 <= self.minimum <= self.peak:
            raise InputError(
                f"is {self.minimum}, the peak {self.peak}",
                where="minimum",
                remedy="give 0 or more, and no more than the peak",
            )
        if self.total_steps < 1:
            raise InputError(f"is {self.total_steps}", where="total_steps", remedy="give 1 or more")
        if not 0 <= self.warmup_steps <= self.total_steps:
            raise InputError(
                f"is {self.warmup_steps} of {self.total_steps} steps",
                where="warmup_steps",
                remedy="give 0 or more, and no more than all steps",
            )
        if self.kind == "wsd":
            self._check_decay()

    def _check_decay(self) -> None:
        if not 0 < self.decay_fraction <= 1:
            raise InputError(
                f"is {self.decay_fraction}",
                where="decay_fraction",
                remedy="give more than 0 and at most 1",
            )
        if self.decay_steps + self.warmup_steps > self.total_steps:
            raise InputError(
                f"is {self.decay_fraction}: {self.decay_steps} steps of decay and "
                f"{self.warmup_steps} of warm-up are more than all {self.total_steps}",
                where="decay_fraction",
                remedy="give less, or a shorter warm-up",
            )

    @property
    def decay_steps(self) -> int:
        """Steps of the fall of ``wsd``."""
        return max(1, round(self.decay_fraction * self.total_steps))

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0; from ``total_steps`` on, the last one.

        Step 0 of a warm-up has ``peak / warmup_steps``: a step that changes nothing is wasted.
        """
        if step < self.warmup_steps:
            return self.peak * (step + 1) / self.warmup_steps
        if self.kind == "constant":
            return self.peak
        start = self.total_steps - self.decay_steps if self.kind == "wsd" else self.warmup_steps
        if step >= self.total_steps:
            return self.minimum
        part = max(0.0, (step - start) / (self.total_steps - start))
        left = 0.5 * (1 + math.cos(math.pi * part)) if self.kind == "cosine" else 1 - part
        return self.minimum + (self.peak - self.minimum) * left
