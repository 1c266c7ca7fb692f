"""The artefact: one directory with shape, weights, vocabulary and provenance."""

from havoc.bundle.bundle import Bundle, weight_shapes, write_bundle
from havoc.bundle.tensors import TensorFile, open_tensors

__all__ = ["Bundle", "TensorFile", "open_tensors", "weight_shapes", "write_bundle"]
