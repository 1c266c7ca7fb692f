"""Training questions for planners, made from labelled ones (see docs/synthesis.md)."""

from havoc.synthesis.records import Coverage, completion_of, synthesize
from havoc.synthesis.variations import VARIATIONS, Variation

__all__ = [
    "VARIATIONS",
    "Coverage",
    "Variation",
    "completion_of",
    "synthesize",
]
