"""What tests of the training trunk share: a small vocabulary, small shards, a small network."""

from __future__ import annotations

import functools
from pathlib import Path

from havoc.model import HavocConfig
from havoc.tokenizer import HavocTokenizer, train_tokenizer

ROOT = Path(__file__).parents[1]


@functools.cache
def documents() -> tuple[str, ...]:
    """Real text: the guides and the reference, paragraph by paragraph."""
    docs = ROOT / "docs"
    pages = [*sorted(docs.glob("*.md")), *sorted((docs / "reference").glob("*.md"))]
    text = "\n\n".join(page.read_text("utf-8") for page in pages)
    return tuple(part for part in text.split("\n\n") if len(part) > 40)


@functools.cache
def small_tokenizer(vocab_size: int = 1024) -> HavocTokenizer:
    """A vocabulary learned from the documentation."""
    return train_tokenizer(documents(), vocab_size)


def small_config(**changes: object) -> HavocConfig:
    """A network that trains in milliseconds."""
    shape: dict[str, object] = {
        "vocab_size": 1024,
        "d_model": 32,
        "num_layers": 2,
        "num_heads": 4,
        "num_kv_heads": 2,
        "head_dim": 8,
        "d_ff": 48,
        "max_seq_len": 64,
    }
    return HavocConfig(**{**shape, **changes})  # type: ignore[arg-type]


def small_shards(folder: Path) -> Path:
    """Token shards of the documentation."""
    import json

    from havoc.data import MixtureSpec, prepare

    source = folder / "text.jsonl"
    with source.open("w") as file:
        for number, text in enumerate(documents()):
            file.write(json.dumps({"id": str(number), "text": text}) + "\n")
    mixture = MixtureSpec.from_paths([source], validation_fraction=0.05, languages=[])
    prepare(mixture, small_tokenizer(), folder / "shards")
    return folder / "shards"


def threads_of_gloo() -> int:
    """How many threads of this process belong to groups of processes (0 without /proc)."""
    names = [name.read_text() for name in Path("/proc/self/task").glob("*/comm")]
    return sum("gloo" in name for name in names)
