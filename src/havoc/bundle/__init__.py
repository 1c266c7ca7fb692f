"""The artefact: one directory with shape, weights, vocabulary and provenance."""

from havoc.bundle.bundle import Bundle, weight_shapes, write_bundle
from havoc.bundle.shipped import shipped_bundle
from havoc.bundle.tensors import TensorFile, open_tensors

__all__ = [
    "Bundle",
    "TensorFile",
    "open_tensors",
    "shipped_bundle",
    "weight_shapes",
    "write_bundle",
]
