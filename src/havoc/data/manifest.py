"""What a folder of token shards holds and where it comes from: ``manifest.json``."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from havoc.data.tokens import Tokenizer
from havoc.errors import InputError

MANIFEST_NAME = "manifest.json"
MANIFEST_VERSION = 1
SPLITS = ("train", "validation")


@dataclass(frozen=True, slots=True)
class Counts:
    """Size of a split: documents, tokens (with ``<bos>`` and ``<eos>``), bytes of UTF-8 text."""

    documents: int = 0
    tokens: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What became of one file: ``read`` = ``kept`` + ``held_out`` + all of ``dropped``.

    ``tokens`` and ``bytes`` count the kept documents, without those held out.
    """

    path: str
    sha256: str
    read: int
    kept: int
    held_out: int
    dropped: dict[str, int]
    tokens: int
    bytes: int
    licences: dict[str, int]


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Size in bytes and SHA-256 (hexadecimal) of a file."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class GroupManifest:
    """One group: its weight, sizes, sources and files."""

    weight: float
    train: Counts
    validation: Counts
    sources: list[SourceReport]
    files: dict[str, FileIdentity]


@dataclass(frozen=True, slots=True)
class TokenizerIdentity:
    """The tokenizer that made the tokens."""

    digest: str
    vocab_size: int
    bos: int
    eos: int
    pad: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file below a source folder that was not read."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Contamination:
    """A document that was dropped because it holds a test item."""

    document: str
    source: str
    item: str


@dataclass(frozen=True, slots=True)
class EvaluationFile:
    """A test set that was kept out; ``items`` were searched for."""

    path: str
    sha256: str
    items: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known about a folder of shards. ``inputs`` is the digest of what went in."""

    version: int
    inputs: str
    seed: int
    tokenizer: TokenizerIdentity
    dtype: str
    languages: list[str]
    validation_fraction: float
    groups: dict[str, GroupManifest]
    skipped: list[Skipped] = field(default_factory=list)
    contaminated: list[Contamination] = field(default_factory=list)
    test_sets: list[EvaluationFile] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Identity of the data (SHA-256, hexadecimal): tokens, weights, tokenizer; no paths."""
        return digest_of(
            {
                "version": self.version,
                "dtype": self.dtype,
                "tokenizer": self.tokenizer.digest,
                "groups": {
                    name: [
                        group.weight,
                        {file: identity.sha256 for file, identity in group.files.items()},
                    ]
                    for name, group in self.groups.items()
                },
            }
        )

    def total(self, split: str = "train") -> Counts:
        """The sizes of a split over all groups."""
        parts = [
            group.train if split == "train" else group.validation for group in self.groups.values()
        ]
        return Counts(
            sum(part.documents for part in parts),
            sum(part.tokens for part in parts),
            sum(part.bytes for part in parts),
        )

    def dropped(self) -> dict[str, int]:
        """Dropped documents by reason over all sources."""
        totals: dict[str, int] = {}
        for group in self.groups.values():
            for source in group.sources:
                for reason, count in source.dropped.items():
                    totals[reason] = totals.get(reason, 0) + count
        return dict(sorted(totals.items()))

    def to_json(self) -> bytes:
        """The content of ``manifest.json``, with a checksum of itself."""
        content: dict[str, Any] = msgspec.to_builtins(self)
        content["checksum"] = digest_of(content)
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def digest_of(content: object) -> str:
    """SHA-256 (hexadecimal) of the canonical JSON of ``content``."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_identity(path: Path) -> FileIdentity:
    """Size and SHA-256 of a file. InputError if it cannot be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return FileIdentity(file.tell(), digest)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or error})",
            where=str(path),
            remedy="check the path and its permissions",
        ) from None


def read_manifest(folder: str | os.PathLike[str]) -> Manifest:
    """The manifest of a folder that ``prepare`` made.

    InputError: no such folder, no manifest, another version, or a manifest that was changed.
    """
    path = Path(folder) / MANIFEST_NAME
    remedy = "prepare the data again into a new folder"
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or error})",
            where=str(path),
            remedy="name a folder that data preparation made",
        ) from None
    except (ValueError, RecursionError):
        raise InputError("is damaged: not JSON", where=str(path), remedy=remedy) from None
    if not isinstance(content, dict) or "version" not in content:
        raise InputError("is not a manifest of token shards", where=str(path), remedy=remedy)
    if content["version"] != MANIFEST_VERSION:
        raise InputError(
            f"has version {content['version']}, this program reads {MANIFEST_VERSION}",
            where=str(path),
            remedy=remedy,
        )
    checksum = content.pop("checksum", None)
    if checksum != digest_of(content):
        raise InputError(
            "was changed or damaged: its checksum differs", where=str(path), remedy=remedy
        )
    try:
        return msgspec.convert(content, Manifest)
    except msgspec.ValidationError as error:
        raise InputError(f"is damaged ({error})", where=str(path), remedy=remedy) from None


def check_shards(
    folder: str | os.PathLike[str],
    manifest: Manifest,
    *,
    tokenizer: Tokenizer | None = None,
    thorough: bool = False,
) -> None:
    """Compare the files with the manifest: sizes, and with ``thorough`` their SHA-256 too.

    InputError: a file is missing, cut off or changed, or ``tokenizer`` is not the one that
    made the shards.
    """
    place = Path(folder)
    if tokenizer is not None and tokenizer.digest != manifest.tokenizer.digest:
        raise InputError(
            "the shards were made with another tokenizer "
            f"({manifest.tokenizer.digest[:12]}, not {tokenizer.digest[:12]})",
            where=str(place),
            remedy="prepare them again with this tokenizer, or train with the other one",
        )
    for group in manifest.groups.values():
        for name, identity in group.files.items():
            _check_file(place / name, identity, thorough)


def _check_file(path: Path, identity: FileIdentity, thorough: bool) -> None:
    remedy = "prepare the data again, or copy the folder again"
    if not path.is_file():
        raise InputError("is missing", where=str(path), remedy=remedy)
    size = path.stat().st_size
    if size != identity.size:
        raise InputError(
            f"is {'cut off' if size < identity.size else 'too long'}: "
            f"{size} bytes instead of {identity.size}",
            where=str(path),
            remedy=remedy,
        )
    if thorough and file_identity(path).sha256 != identity.sha256:
        raise InputError(
            "was changed or damaged: its checksum differs", where=str(path), remedy=remedy
        )
