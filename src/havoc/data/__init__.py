"""The data pipeline: sources, normalisation, mixtures, packing, training records. No torch."""

from __future__ import annotations

from havoc.data.build import PrepareProgress
from havoc.data.mixture import Mixture
from havoc.data.packing import Batch, PackedDataset, Sample
from havoc.data.prepare import prepare
from havoc.data.sources import Document, read_source
from havoc.data.spec import MixtureSpec

__all__ = [
    "Batch",
    "Document",
    "Mixture",
    "MixtureSpec",
    "PackedDataset",
    "PrepareProgress",
    "Sample",
    "prepare",
    "read_source",
]
