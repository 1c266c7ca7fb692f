"""A tokenizer of bytes, and shards written without the pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from havoc.data.manifest import GroupManifest, Manifest, TokenizerIdentity
from havoc.data.shards import ShardWriter, base_name
from havoc.data.sources import Document
from havoc.tokenizer.special import SPECIAL, SpecialTokens


class ByteTokenizer:
    """Byte b is id 128 + b; slots count if asked for. Like the real one it has 128 control ids."""

    vocab_size = 384
    pad, bos, eos = 0, 1, 2
    special: SpecialTokens = SPECIAL

    def __init__(self, name: str = "bytes") -> None:
        self.digest = hashlib.sha256(name.encode()).hexdigest()

    def encode(self, text: str, *, slots: bool = False) -> list[int]:
        ids: list[int] = []
        while text:
            slot = next(
                (f"<{k}{n}>" for k in "dcnl" for n in range(24) if text.startswith(f"<{k}{n}>")), ""
            )
            if slots and slot in SPECIAL:
                ids.append(SPECIAL[slot])
                text = text[len(slot) :]
            else:
                ids += [128 + byte for byte in text[0].encode()]
                text = text[1:]
        return ids

    def encode_many(self, texts: list[str]) -> list[list[int]]:
        return [[128 + byte for byte in text.encode()] for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(int(i) - 128 for i in ids if i >= 128).decode()


@pytest.fixture(scope="session")
def tokenizer() -> ByteTokenizer:
    return ByteTokenizer()


@pytest.fixture(scope="session")
def other_tokenizer() -> ByteTokenizer:
    return ByteTokenizer("another")


WriteShards = Callable[..., Path]


@pytest.fixture(scope="session")
def write_shards(tmp_path_factory: pytest.TempPathFactory) -> WriteShards:
    """``write_shards({"group": (weight, [sizes], [validation sizes])})``: a folder.

    A document of size n has n tokens with bos and eos; every other token of a group is
    different (a counter from 128), so that it can be traced. Each stands for n - 2 bytes.
    Equal folders are written once: who changes one must copy it.
    """

    written: dict[str, Path] = {}

    def write(groups: Mapping[str, tuple[float, Sequence[int], Sequence[int]]]) -> Path:
        if repr(groups) in written:
            return written[repr(groups)]
        folder = written[repr(groups)] = tmp_path_factory.mktemp("shards")
        manifests = {}
        for name, (weight, *splits) in groups.items():
            counts, files, token = [], {}, 128
            for split, sizes in zip(("train", "validation"), splits, strict=True):
                writer = ShardWriter(folder, base_name(name, split), np.dtype(np.uint32))
                for number, size in enumerate(sizes):
                    body = list(range(token, token + size - 2))
                    token += size - 2
                    text = "x" * (size - 2)
                    document = Document(text, f"{split}{number}", name, "CC0")
                    writer.add(document, [1, *body, 2])
                counts.append(writer.counts)
                files.update(writer.finish())
            manifests[name] = GroupManifest(weight, *counts, sources=[], files=files)
        manifest = Manifest(
            version=1,
            inputs="",
            seed=0,
            tokenizer=TokenizerIdentity(ByteTokenizer().digest, 10**6, 1, 2, 0),
            dtype="uint32",
            languages=["en"],
            validation_fraction=0.1,
            groups=manifests,
        )
        (folder / "manifest.json").write_bytes(manifest.to_json())
        return folder

    return write
