"""From sources to token shards: normalise, filter, drop copies and test items, tokenise."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from havoc.data.build import Build, PrepareProgress, rules_for
from havoc.data.decontaminate import Decontaminator
from havoc.data.inputs import (
    describe_test_sets,
    gather_inputs,
    inputs_digest,
    refuse_inside_sources,
)
from havoc.data.manifest import (
    MANIFEST_NAME,
    MANIFEST_VERSION,
    Manifest,
    TokenizerIdentity,
    check_shards,
    read_manifest,
)
from havoc.data.shards import token_dtype
from havoc.data.spec import MixtureSpec
from havoc.data.tokens import Tokenizer
from havoc.errors import InputError
from havoc.files import sync_directory, write_atomic

_BUILDING = ".preparing"


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
    of source and id, is held out for validation: at least one, if there are enough. The
    folder appears complete or not at all; one that was made from the same inputs is
    reused. Memory: one batch of documents, and about 7 KB per kept document for finding
    copies.

    InputError: a source or test set that is missing, empty or damaged; a group of which
    nothing is kept; ``out`` holds something else or cannot be written.
    """
    target = Path(out)
    refuse_inside_sources(target, mixture)
    inputs, skipped = gather_inputs(mixture)
    # Test sets and languages are checked before the long part begins.
    decontaminator = Decontaminator(mixture.decontaminate)
    test_sets = describe_test_sets(decontaminator, mixture.base)
    rules = rules_for(mixture)
    identity = TokenizerIdentity(
        tokenizer.digest, tokenizer.vocab_size, tokenizer.bos, tokenizer.eos, tokenizer.pad
    )
    digest = inputs_digest(mixture, inputs, test_sets, identity, seed)
    if (made := _made_before(target, digest)) is not None:
        return made
    building = target.parent / f".{target.name}.{secrets.token_hex(6)}{_BUILDING}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target)
        building.mkdir()
        build = Build(building, mixture, inputs, decontaminator, rules, tokenizer, seed, progress)
        build.run(mixture.validation_fraction)
        if mixture.validation_fraction > 0 and not build.held_out:
            # Too few documents for chance: once more, with the first in line held out.
            fraction = build.smallest_fraction()
            if fraction:
                build.run(fraction)
        manifest = Manifest(
            version=MANIFEST_VERSION,
            inputs=digest,
            seed=seed,
            tokenizer=identity,
            dtype=token_dtype(tokenizer.vocab_size).name,
            languages=list(mixture.languages),
            validation_fraction=build.fraction,
            groups=build.groups,
            skipped=skipped,
            contaminated=build.pipeline.contaminated,
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


def _remove_abandoned(target: Path) -> None:
    """Remove what a killed preparation of ``target`` left: untouched for a day."""
    for folder in target.parent.glob(f".{target.name}.*{_BUILDING}"):
        with suppress(OSError):
            if time.time() - max(entry.stat().st_mtime for entry in folder.iterdir()) > 86400:
                shutil.rmtree(folder)
