"""Damaged bundles: every one is refused in one line, or loads and answers.

python tests/infer/fuzz_bundle.py [ROUNDS] [SEED] (with PYTHONPATH=src:tests:tests/infer)

Bytes of a small bundle, of floats or of codes, are flipped, cut off, doubled or replaced, its
JSON altered key by key. Checksums are left out of it (``verify=False``), or nothing but they would
be tested.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from drawn_networks import SMALL, RandomWeights

from havoc.bundle import Bundle, write_bundle
from havoc.bundle.codes import quantise_bundle
from havoc.errors import InputError
from havoc.infer.backend import Step
from havoc.infer.native import NativeBackend
from training_examples import small_tokenizer

NASTY: tuple[Any, ...] = (0, -1, 1, 7, 2**31, 2**62, 1e300, -1.5, None, "", "x", [], {}, True)


def whole(folder: Path) -> Path:
    tokenizer = small_tokenizer()
    config = SMALL.replace(vocab_size=tokenizer.vocab_size, num_layers=1)
    weights = RandomWeights(config)
    arrays = {name: weights.read(name) for name in weights.names()}
    return write_bundle(folder / "whole", config, arrays, tokenizer, {})


def damage(folder: Path, pick: random.Random) -> str:
    """Damage one file of a bundle; what was done."""
    path = pick.choice(sorted(item for item in folder.iterdir() if item.is_file()))
    data = bytearray(path.read_bytes())
    how = pick.choice(("flip", "cut", "double", "noise", "json", "header"))
    if how == "json" and path.suffix == ".json":
        body = json.loads(data)
        key = pick.choice(sorted(body))
        if pick.random() < 0.2:
            del body[key]
        else:
            body[key] = pick.choice(NASTY)
        data = bytearray(json.dumps(body).encode())
    elif how == "cut":
        del data[pick.randrange(len(data)) :]
    elif how == "double":
        data += data[: pick.randrange(len(data))]
    elif how == "noise":
        start = pick.randrange(len(data))
        data[start : start + 40] = pick.randbytes(40)
    else:
        most = 400 if how == "header" else len(data)
        for _ in range(pick.randint(1, 6)):
            data[pick.randrange(min(most, len(data)))] ^= 1 << pick.randrange(8)
    path.write_bytes(bytes(data))
    return f"{how} {path.name}"


def fuzz(rounds: int, seed: int) -> tuple[int, int]:
    """How many damaged bundles were refused, and how many loaded and answered."""
    pick = random.Random(seed)
    refused = answered = 0
    with tempfile.TemporaryDirectory() as name:
        floats = whole(Path(name))
        coded = [
            quantise_bundle(Bundle.open(floats), kind, Path(name) / kind)
            for kind in ("int8", "ternary")
        ]
        for number in range(rounds):
            folder = Path(name) / "damaged"
            shutil.copytree(pick.choice([floats, *coded]), folder)
            what = damage(folder, pick)
            try:
                bundle = Bundle.open(folder, verify=False)
                kind = pick.choice(("", "fp32", "int8", "ternary"))
                backend = NativeBackend(bundle.config, bundle.weights, kind, threads=1)
                backend.run(
                    backend.new_cache(1),
                    Step(
                        np.asarray([1, 200], np.int32),
                        np.arange(2, dtype=np.int32),
                        np.zeros(2, np.int32),
                        np.zeros((1, 1), np.int32),
                        np.asarray([1], np.int32),
                    ),
                )
                answered += 1
            except InputError as error:
                assert "\n" not in str(error), what
                refused += 1
            except Exception as error:
                raise AssertionError(f"round {number}, {what}: {error!r}") from error
            shutil.rmtree(folder)
    return refused, answered


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    refused, answered = fuzz(rounds, seed)
    print(
        f"{rounds} damaged bundles: {refused} refused in one line, {answered} loaded and answered"
    )


if __name__ == "__main__":
    main()
