"""Arguments of quality studies: gages, non-normal capability, run lengths, outcomes, power."""

from __future__ import annotations

from havoc.reason.binding import gages
from havoc.reason.binding.statistics import Binder

BINDERS: dict[str, Binder] = {
    **gages.BINDERS,
}
