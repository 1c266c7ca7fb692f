"""What comes before a run: learning a vocabulary, and making token shards of text."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from havoc.errors import InputError
from havoc.files import write_atomic
from havoc.text import printable, shorten
from havoc.train.folders import check_writable

if TYPE_CHECKING:
    from havoc.data import MixtureSpec, PrepareProgress
    from havoc.data.manifest import Manifest
    from havoc.tokenizer import HavocTokenizer

FILE_NAME = "tokenizer.model"
SECONDS = 10.0
"""Between two lines of progress where they cannot be rewritten."""


def tokenizer_phase(namespace: argparse.Namespace) -> int:
    """havoc train tokenizer"""
    out = Path(namespace.out)
    target = out / FILE_NAME if out.is_dir() or out.suffix != ".model" else out
    if target.exists():
        raise InputError(
            "is there already, and networks may depend on it",
            where=str(target),
            remedy="name another --out",
        )
    check_writable(target.parent)
    pieces = _pieces(namespace.pieces) if namespace.pieces else []
    tokenizer = learn(
        mixture_of(namespace.data),
        namespace.vocab_size,
        namespace.most_bytes,
        namespace.quiet,
        pieces,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, tokenizer.model)
    print(f"{tokenizer.vocab_size:,} ids in {target}")
    return 0


def data_phase(namespace: argparse.Namespace) -> int:
    """havoc train data"""
    from havoc.tokenizer import HavocTokenizer

    tokenizer = HavocTokenizer.load(namespace.tokenizer)
    out = Path(namespace.out)
    manifest = prepare_shards(
        mixture_of(namespace.data), tokenizer, out, namespace.seed, namespace.quiet
    )
    for name, group in manifest.groups.items():
        print(
            f"{name}: weight {group.weight:g}, {group.train.tokens:,} tokens for training, "
            f"{group.validation.tokens:,} held out"
        )
    dropped = {reason: n for reason, n in manifest.dropped().items() if n}
    if dropped:
        print("dropped: " + ", ".join(f"{reason} {n:,}" for reason, n in dropped.items()))
    for entry in manifest.skipped:
        print(f"left out: {printable(entry.path)} ({entry.reason})")
    print(f"shards in {out}")
    return 0


def mixture_of(data: Sequence[str]) -> MixtureSpec:
    """What --data names: a mixture in YAML, or files and folders."""
    from havoc.data import MixtureSpec

    if len(data) == 1 and data[0].endswith((".yaml", ".yml")):
        return MixtureSpec.from_yaml(data[0])
    return MixtureSpec.from_paths(data)


def _pieces(path: str) -> list[str]:
    """The lines of a file, each a piece of its own."""
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(
            f"cannot be read ({reason})", where=path, remedy="name a text file, one piece a line"
        ) from None
    return list(dict.fromkeys(line for line in lines if line.strip()))


def learn(
    mixture: MixtureSpec,
    vocab_size: int,
    most_bytes: int,
    quiet: bool,
    pieces: Sequence[str] = (),
) -> HavocTokenizer:
    """A vocabulary of ``vocab_size`` ids, learned from the sources of a mixture."""
    from havoc.data.sources import source_files
    from havoc.tokenizer import train_tokenizer

    for group in mixture.groups:
        for source in group.sources:  # missing ones are known before the long part begins
            source_files(source)
    if not quiet:
        print(f"learning {vocab_size:,} ids from the text", file=sys.stderr)
    return train_tokenizer(_texts(mixture), vocab_size, pieces=pieces, most_bytes=most_bytes)


def prepare_shards(
    mixture: MixtureSpec, tokenizer: HavocTokenizer, out: Path, seed: int, quiet: bool
) -> Manifest:
    """Make token shards in ``out``, or take those that were made of the same before."""
    from havoc.data import prepare

    line = _Preparing()
    try:
        return prepare(mixture, tokenizer, out, seed=seed, progress=None if quiet else line.show)
    finally:
        line.close()


def _texts(mixture: MixtureSpec) -> Iterator[str]:
    from havoc.data import read_source
    from havoc.data.normalise import normalise

    for group in mixture.groups:
        for source in group.sources:
            for document in read_source(source):
                yield normalise(document.text)


class _Preparing:
    """How far preparation has come, on standard error."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown = 0.0

    def show(self, progress: PrepareProgress) -> None:
        now = time.monotonic()
        if now - self._shown < (0.1 if self._terminal else SECONDS):
            return
        self._shown = now
        text = (
            f"preparing file {min(progress.files + 1, progress.total_files)} of "
            f"{progress.total_files}: {progress.documents:,} documents, {progress.tokens:,} "
            f"tokens  {printable(progress.file)}"
        )
        if self._terminal:
            print(f"\r\033[K{shorten(text, 79)}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._terminal and self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
