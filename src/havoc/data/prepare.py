"""From sources to token shards: normalise, filter, drop copies and test items, tokenise."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from havoc.data.decontaminate import Decontaminator
from havoc.data.deduplicate import Deduplicator
from havoc.data.filters import QUALITY_RULES, judge, language_rule
from havoc.data.manifest import (
    MANIFEST_NAME,
    MANIFEST_VERSION,
    Contamination,
    EvaluationFile,
    GroupManifest,
    Manifest,
    Skipped,
    SourceReport,
    TokenizerIdentity,
    check_shards,
    digest_of,
    file_identity,
    read_manifest,
)
from havoc.data.normalise import normalise
from havoc.data.shards import ShardWriter, base_name, token_dtype
from havoc.data.sources import Document, SourceFile, read_file, source_files
from havoc.data.spec import Group, MixtureSpec
from havoc.data.tokens import Tokenizer
from havoc.errors import InputError
from havoc.files import sync_directory, write_atomic

# Raised when a rule changes what is kept, so that folders made before are not reused.
PIPELINE_VERSION = 1

_BATCH_DOCUMENTS = 512
_BATCH_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class PrepareProgress:
    """How far preparation has come: ``files`` of ``total_files`` are done, ``file`` is being read.

    ``documents`` were read and ``tokens`` written for training so far, in all files together.
    """

    group: str
    file: str
    files: int
    total_files: int
    documents: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Input:
    """One file to read, with what identifies it in the manifest."""

    group: str
    source: Path
    file: SourceFile
    path: str
    sha256: str


@dataclass(slots=True)
class _Tally:
    """Running counts of one file."""

    read: int = 0
    kept: int = 0
    held_out: int = 0
    tokens: int = 0
    bytes: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)


def prepare(
    mixture: MixtureSpec,
    tokenizer: Tokenizer,
    out: str | os.PathLike[str],
    *,
    seed: int = 0,
    progress: Callable[[PrepareProgress], None] | None = None,
) -> Manifest:
    """Make the folder ``out`` of token shards and its manifest; see ``shards``.

    Every document becomes ``<bos>`` text ``<eos>``. A part of the documents, chosen by a hash
    of source and id, is held out for validation. The folder appears complete or not at
    all; one that was made from the same inputs is reused. Memory: one batch of documents,
    and about 2 KB per kept document for finding copies.

    InputError: a source or test set that is missing, empty or damaged; a group of which
    nothing is kept; ``out`` holds something else or cannot be written.
    """
    target = Path(out)
    _refuse_inside_sources(target, mixture)
    inputs, skipped = _inputs(mixture)
    # Test sets and languages are checked before the long part begins.
    decontaminator = Decontaminator(mixture.decontaminate)
    test_sets = _test_sets(decontaminator, mixture.base)
    pipeline = _Pipeline(mixture, decontaminator, seed)
    identity = TokenizerIdentity(
        tokenizer.digest, tokenizer.vocab_size, tokenizer.bos, tokenizer.eos, tokenizer.pad
    )
    digest = _inputs_digest(mixture, inputs, test_sets, identity, seed)
    if (made := _made_before(target, digest)) is not None:
        return made
    building = target.parent / f".{target.name}.{secrets.token_hex(6)}.preparing"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building.mkdir()
        reporter = _Reporter(progress, len(inputs))
        groups = {
            group.name: _build_group(
                building,
                group,
                inputs,
                pipeline,
                tokenizer,
                mixture.validation_fraction,
                reporter,
            )
            for group in mixture.groups
        }
        manifest = Manifest(
            version=MANIFEST_VERSION,
            inputs=digest,
            seed=seed,
            tokenizer=identity,
            dtype=token_dtype(tokenizer.vocab_size).name,
            languages=list(mixture.languages),
            validation_fraction=mixture.validation_fraction,
            groups=groups,
            skipped=skipped,
            contaminated=pipeline.contaminated,
            test_sets=test_sets,
        )
        write_atomic(building / MANIFEST_NAME, manifest.to_json())
        os.replace(building, target)
        sync_directory(target.parent)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror or error})",
            where=str(target),
            remedy="give a folder that does not exist yet, on a disk with space left",
        ) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return manifest


def _refuse_inside_sources(target: Path, mixture: MixtureSpec) -> None:
    """What is written must not become a source the next time."""
    for group in mixture.groups:
        for source in group.sources:
            if target.resolve().is_relative_to(source.resolve()):
                raise InputError(
                    f"lies within the source {source}",
                    where=str(target),
                    remedy="give a folder outside the sources",
                )


def _inputs(mixture: MixtureSpec) -> tuple[list[_Input], list[Skipped]]:
    """All files to read in order, and those left out."""
    inputs: list[_Input] = []
    skipped: list[Skipped] = []
    for group in mixture.groups:
        for source in group.sources:
            found = source_files(source)
            inputs += [
                _Input(
                    group.name,
                    source,
                    file,
                    _shown(file.path, mixture.base),
                    file_identity(file.path).sha256,
                )
                for file in found.files
            ]
            skipped += [
                Skipped(_shown(source / name, mixture.base), why) for name, why in found.skipped
            ]
    return inputs, skipped


def _shown(path: Path, base: Path) -> str:
    """The path as the manifest shows it: relative to ``base`` where it lies below."""
    with suppress(ValueError):
        return path.relative_to(base).as_posix()
    return path.as_posix()


def _test_sets(decontaminator: Decontaminator, base: Path) -> list[EvaluationFile]:
    items = Counter(item.file for item in decontaminator.items)
    return [
        EvaluationFile(_shown(file, base), file_identity(file).sha256, items[str(file)])
        for file in decontaminator.files
    ]


def _inputs_digest(
    mixture: MixtureSpec,
    inputs: list[_Input],
    test_sets: list[EvaluationFile],
    tokenizer: TokenizerIdentity,
    seed: int,
) -> str:
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


def _made_before(target: Path, digest: str) -> Manifest | None:
    """The manifest of a complete folder made from the same inputs; None if nothing is there."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return None
    if not (target / MANIFEST_NAME).is_file():
        raise InputError(
            "exists and holds no token shards", where=str(target), remedy="give another folder"
        )
    manifest = read_manifest(target)
    if manifest.inputs != digest:
        raise InputError(
            "holds token shards made from other inputs",
            where=str(target),
            remedy="remove the folder or give another one",
        )
    check_shards(target, manifest)
    return manifest


class _Pipeline:
    """Decides about one document after another; remembers what it has seen."""

    def __init__(self, mixture: MixtureSpec, decontaminator: Decontaminator, seed: int) -> None:
        self._rules = list(QUALITY_RULES)
        if mixture.languages:
            self._rules.append(language_rule(mixture.languages))
        self._duplicates = Deduplicator(seed=seed)
        self._decontaminator = decontaminator
        self._base = mixture.base
        self.contaminated: list[Contamination] = []

    def admit(self, document: Document) -> tuple[Document, str | None]:
        """The document in normal form, and the reason to drop it or None."""
        document = replace(document, text=normalise(document.text))
        reason = judge(document.text, self._rules) or self._duplicates.duplicate(document.text)
        if reason is None:
            item = self._decontaminator.match(document.text)
            if item is not None:
                place = replace(item, file=_shown(Path(item.file), self._base))
                self.contaminated.append(Contamination(document.id, document.source, str(place)))
                reason = "contaminated"
        return document, reason


class _Reporter:
    """Keeps the running totals and passes them on."""

    def __init__(self, callback: Callable[[PrepareProgress], None] | None, files: int) -> None:
        self._callback = callback
        self._files = files
        self.done = self.documents = self.tokens = 0

    def show(self, entry: _Input, tally: _Tally) -> None:
        if self._callback is not None:
            self._callback(
                PrepareProgress(
                    entry.group,
                    entry.path,
                    self.done,
                    self._files,
                    self.documents + tally.read,
                    self.tokens + tally.tokens,
                )
            )

    def finish(self, entry: _Input, tally: _Tally) -> None:
        self.done += 1
        self.show(entry, tally)
        self.documents += tally.read
        self.tokens += tally.tokens


def _build_group(
    folder: Path,
    group: Group,
    inputs: list[_Input],
    pipeline: _Pipeline,
    tokenizer: Tokenizer,
    fraction: float,
    reporter: _Reporter,
) -> GroupManifest:
    """Read the files of a group and write its shards of both splits."""
    dtype = token_dtype(tokenizer.vocab_size)
    read = Counter(dict.fromkeys(group.sources, 0))
    reports: list[SourceReport] = []
    with (
        ShardWriter(folder, base_name(group.name, "train"), dtype) as train,
        ShardWriter(folder, base_name(group.name, "validation"), dtype) as validation,
    ):
        for entry in (entry for entry in inputs if entry.group == group.name):
            tally = _Tally()
            batch = _Batch(tokenizer, train, validation, tally, fraction)
            reporter.show(entry, tally)
            for document in read_file(entry.file):
                tally.read += 1
                admitted, reason = pipeline.admit(document)
                if reason is not None:
                    tally.dropped[reason] += 1
                elif batch.add(admitted):
                    reporter.show(entry, tally)
            batch.flush()
            reporter.finish(entry, tally)
            reports.append(_report(entry, tally))
            read[entry.source] += tally.read
        for source, count in read.items():
            if count == 0:
                raise InputError(
                    "holds no document",
                    where=str(source),
                    remedy="name a source that is not empty",
                )
        _refuse_nothing_kept(group.name, reports)
        sizes = train.counts, validation.counts
        files = {**train.finish(), **validation.finish()}
    return GroupManifest(group.weight, *sizes, sources=reports, files=files)


class _Batch:
    """Collects documents and tokenises many at once."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        train: ShardWriter,
        validation: ShardWriter,
        tally: _Tally,
        fraction: float,
    ) -> None:
        self._tokenizer = tokenizer
        self._train = train
        self._validation = validation
        self._tally = tally
        self._fraction = fraction
        self._documents: list[Document] = []
        self._characters = 0

    def add(self, document: Document) -> bool:
        """Take a document; whether that filled the batch and it was written."""
        self._documents.append(document)
        self._characters += len(document.text)
        full = len(self._documents) >= _BATCH_DOCUMENTS or self._characters >= _BATCH_CHARACTERS
        if full:
            self.flush()
        return full

    def flush(self) -> None:
        documents, self._documents, self._characters = self._documents, [], 0
        if not documents:
            return
        tokenizer = self._tokenizer
        texts = [document.text for document in documents]
        for document, ids in zip(documents, tokenizer.encode_many(texts), strict=True):
            held_out = is_held_out(document, self._fraction)
            writer = self._validation if held_out else self._train
            writer.add(document, [tokenizer.bos, *ids, tokenizer.eos])
            self._tally.licences[document.licence] += 1
            if held_out:
                self._tally.held_out += 1
            else:
                self._tally.kept += 1
                self._tally.tokens += len(ids) + 2
                self._tally.bytes += len(document.text.encode("utf-8"))


def is_held_out(document: Document, fraction: float) -> bool:
    """Whether the document belongs to the validation split: by a hash of source and id."""
    key = f"{document.source}\0{document.id}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(key, digest_size=8).digest()
    return int.from_bytes(digest, "big") < fraction * 2**64


def _report(entry: _Input, tally: _Tally) -> SourceReport:
    return SourceReport(
        path=entry.path,
        sha256=entry.sha256,
        read=tally.read,
        kept=tally.kept,
        held_out=tally.held_out,
        dropped=dict(sorted(tally.dropped.items())),
        tokens=tally.tokens,
        bytes=tally.bytes,
        licences=dict(sorted(tally.licences.items())),
    )


def _refuse_nothing_kept(group: str, reports: list[SourceReport]) -> None:
    if any(report.kept for report in reports):
        return
    dropped: Counter[str] = Counter()
    for report in reports:
        dropped.update(report.dropped)
    reasons = ", ".join(f"{reason} {count}" for reason, count in dropped.most_common())
    raise InputError(
        f"none of {sum(report.read for report in reports)} documents was kept for training "
        f"(dropped: {reasons or 'none'}; held out: {sum(report.held_out for report in reports)})",
        where=f"group {group}",
        remedy="check its sources, or leave the group out",
    )
