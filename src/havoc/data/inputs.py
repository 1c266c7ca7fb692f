"""What preparation reads: files, test sets, and the digest of all that decides the result."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from havoc.data.decontaminate import Decontaminator
from havoc.data.manifest import (
    MANIFEST_VERSION,
    EvaluationFile,
    Skipped,
    TokenizerIdentity,
    digest_of,
    file_identity,
)
from havoc.data.sources import SourceFile, source_files
from havoc.data.spec import MixtureSpec
from havoc.errors import InputError

# Raised when a rule changes what is kept, so that folders made before are not reused.
PIPELINE_VERSION = 1


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to read, with what identifies it in the manifest."""

    group: str
    source: Path
    file: SourceFile
    path: str
    sha256: str


def refuse_inside_sources(target: Path, mixture: MixtureSpec) -> None:
    """What is written must not become a source the next time."""
    for group in mixture.groups:
        for source in group.sources:
            if target.resolve().is_relative_to(source.resolve()):
                raise InputError(
                    f"lies within the source {source}",
                    where=str(target),
                    remedy="give a folder outside the sources",
                )


def gather_inputs(mixture: MixtureSpec) -> tuple[list[InputFile], list[Skipped]]:
    """All files to read in order, and those left out."""
    inputs: list[InputFile] = []
    skipped: list[Skipped] = []
    for group in mixture.groups:
        for source in group.sources:
            found = source_files(source)
            inputs += [
                InputFile(
                    group.name,
                    source,
                    file,
                    shown_path(file.path, mixture.base),
                    file_identity(file.path).sha256,
                )
                for file in found.files
            ]
            skipped += [
                Skipped(shown_path(source / name, mixture.base), why) for name, why in found.skipped
            ]
    return inputs, skipped


def shown_path(path: Path, base: Path) -> str:
    """The path as the manifest shows it: relative to ``base`` where it lies below."""
    with suppress(ValueError):
        return path.relative_to(base).as_posix()
    return path.as_posix()


def describe_test_sets(decontaminator: Decontaminator, base: Path) -> list[EvaluationFile]:
    """The test files with how many items of each are searched for."""
    items = Counter(item.file for item in decontaminator.items)
    return [
        EvaluationFile(shown_path(file, base), file_identity(file).sha256, items[str(file)])
        for file in decontaminator.files
    ]


def inputs_digest(
    mixture: MixtureSpec,
    inputs: list[InputFile],
    test_sets: list[EvaluationFile],
    tokenizer: TokenizerIdentity,
    seed: int,
) -> str:
    """Equal for two preparations that must give the same shards (SHA-256, hexadecimal)."""
    return digest_of(
        {
            "pipeline": PIPELINE_VERSION,
            "manifest": MANIFEST_VERSION,
            "groups": [[group.name, group.weight] for group in mixture.groups],
            "files": [[entry.group, entry.file.name, entry.sha256] for entry in inputs],
            "test_sets": [entry.sha256 for entry in test_sets],
            "validation_fraction": mixture.validation_fraction,
            "languages": list(mixture.languages),
            "tokenizer": [
                tokenizer.digest,
                tokenizer.vocab_size,
                tokenizer.bos,
                tokenizer.eos,
                tokenizer.pad,
            ],
            "seed": seed,
        }
    )
