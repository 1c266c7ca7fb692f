"""Random order that depends on its key alone, never on what was drawn before.

The raw output of the Philox counter generator (Salmon et al. 2011) is the same in every
version of NumPy, which its permutation functions do not promise.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError


def permutation(count: int, *key: int | str) -> NDArray[np.int64]:
    """A random order of 0 … count-1 [count], determined by ``key``."""
    bits = np.random.Philox(key=_philox_key(key)).random_raw(count)
    return np.argsort(bits, kind="stable")


def step_seed(*key: int | str) -> int:
    """A seed from 0 to 2^63 - 1, determined by ``key``."""
    return int(_philox_key(key)[0] >> np.uint64(1))


def _philox_key(key: tuple[int | str, ...]) -> NDArray[np.uint64]:
    digest = hashlib.blake2b(repr(key).encode("utf-8"), digest_size=16).digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def check_seed(seed: int) -> int:
    """``seed`` itself. InputError unless it is a whole number from 0 to 2^63 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(
            f"the seed {seed!r} is not a whole number from 0 to 2^63 - 1",
            where="seed",
            remedy="give a number such as 42",
        )
    return seed
