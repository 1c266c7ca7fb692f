"""Shards that the tests of training share."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from training_examples import small_shards

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Token shards of the documentation."""
    return small_shards(tmp_path_factory.mktemp("shards"))
