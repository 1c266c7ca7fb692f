"""Writing the shards of a mixture: one pass over the documents, group by group."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from havoc.data.decontaminate import Decontaminator
from havoc.data.deduplicate import Deduplicator
from havoc.data.filters import QUALITY_RULES, Rule, judge, language_rule
from havoc.data.inputs import InputFile, shown_path
from havoc.data.manifest import Contamination, GroupManifest, SourceReport
from havoc.data.normalise import normalise
from havoc.data.shards import ShardWriter, base_name, token_dtype
from havoc.data.sources import Document, read_file
from havoc.data.spec import Group, MixtureSpec
from havoc.data.tokens import Tokenizer
from havoc.errors import InputError

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


def rules_for(mixture: MixtureSpec) -> list[Rule]:
    """The quality rules, and the one for languages if the mixture names any."""
    return [*QUALITY_RULES, *([language_rule(mixture.languages)] if mixture.languages else [])]


class _Pipeline:
    """Decides about one document after another; remembers what it has seen."""

    def __init__(
        self, rules: list[Rule], decontaminator: Decontaminator, base: Path, seed: int
    ) -> None:
        self._rules = rules
        self._duplicates = Deduplicator(seed=seed)
        self._decontaminator = decontaminator
        self._base = base
        self.contaminated: list[Contamination] = []

    def admit(self, document: Document) -> tuple[Document, str | None]:
        """The document in normal form, and the reason to drop it or None."""
        document = replace(document, text=normalise(document.text))
        reason = judge(document.text, self._rules) or self._duplicates.duplicate(document.text)
        if reason is None:
            item = self._decontaminator.match(document.text)
            if item is not None:
                place = replace(item, file=shown_path(Path(item.file), self._base))
                self.contaminated.append(Contamination(document.id, document.source, str(place)))
                reason = "contaminated"
        return document, reason


class _Reporter:
    """Keeps the running totals and passes them on."""

    def __init__(self, callback: Callable[[PrepareProgress], None] | None, files: int) -> None:
        self._callback = callback
        self._files = files
        self.done = self.documents = self.tokens = 0

    def show(self, entry: InputFile, tally: _Tally) -> None:
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

    def finish(self, entry: InputFile, tally: _Tally) -> None:
        self.done += 1
        self.show(entry, tally)
        self.documents += tally.read
        self.tokens += tally.tokens


class Build:
    """Writes the shards of all groups; ``run`` starts afresh each time."""

    def __init__(
        self,
        folder: Path,
        mixture: MixtureSpec,
        inputs: list[InputFile],
        decontaminator: Decontaminator,
        rules: list[Rule],
        tokenizer: Tokenizer,
        seed: int,
        progress: Callable[[PrepareProgress], None] | None,
    ) -> None:
        self._folder = folder
        self._mixture = mixture
        self._inputs = inputs
        self._tokenizer = tokenizer
        self._dtype = token_dtype(tokenizer.vocab_size)
        self._progress = progress
        self._rules = rules
        self._decontaminator = decontaminator
        self._seed = seed
        self.groups: dict[str, GroupManifest] = {}

    def run(self, fraction: float) -> None:
        """Read, choose and write everything, holding out ``fraction`` of the documents."""
        self.fraction = fraction
        self.pipeline = _Pipeline(self._rules, self._decontaminator, self._mixture.base, self._seed)
        self._reporter = _Reporter(self._progress, len(self._inputs))
        self._lowest: dict[str, float] = {}
        self.groups = {group.name: self._build_group(group) for group in self._mixture.groups}

    @property
    def held_out(self) -> int:
        """Documents held out in all groups."""
        return sum(group.validation.documents for group in self.groups.values())

    def smallest_fraction(self) -> float:
        """The fraction that holds out one document and leaves every group one; 0 if none does."""
        alone = [self._lowest[n] for n, g in self.groups.items() if g.train.documents == 1]
        lowest = min(
            [self._lowest[n] for n, g in self.groups.items() if g.train.documents > 1], default=1.0
        )
        return math.nextafter(lowest, 1.0) if lowest < min(alone, default=1.0) else 0.0

    def _build_group(self, group: Group) -> GroupManifest:
        read = Counter(dict.fromkeys(group.sources, 0))
        reports: list[SourceReport] = []
        lowest = 1.0
        with (
            ShardWriter(self._folder, base_name(group.name, "train"), self._dtype) as train,
            ShardWriter(self._folder, base_name(group.name, "validation"), self._dtype) as held_out,
        ):
            for entry in (entry for entry in self._inputs if entry.group == group.name):
                tally = _Tally()
                batch = _Batch(self._tokenizer, train, held_out, tally, self.fraction)
                self._reporter.show(entry, tally)
                for document in read_file(entry.file):
                    tally.read += 1
                    admitted, reason = self.pipeline.admit(document)
                    if reason is not None:
                        tally.dropped[reason] += 1
                        continue
                    lowest = min(lowest, place_of(admitted))
                    if batch.add(admitted):
                        self._reporter.show(entry, tally)
                batch.flush()
                self._reporter.finish(entry, tally)
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
            sizes = train.counts, held_out.counts
            files = {**train.finish(), **held_out.finish()}
        self._lowest[group.name] = lowest
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
            held_out = place_of(document) < self._fraction
            writer = self._validation if held_out else self._train
            writer.add(document, [tokenizer.bos, *ids, tokenizer.eos])
            self._tally.licences[document.licence] += 1
            if held_out:
                self._tally.held_out += 1
            else:
                self._tally.kept += 1
                self._tally.tokens += len(ids) + 2
                self._tally.bytes += len(document.text.encode("utf-8"))


def place_of(document: Document) -> float:
    """A number from 0 to 1 by a hash of source and id; the lowest are held out."""
    key = f"{document.source}\0{document.id}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") / 2**64


def _report(entry: InputFile, tally: _Tally) -> SourceReport:
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
