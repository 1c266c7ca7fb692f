"""Dropping copies: exact ones by a digest, near ones by MinHash (Broder 1997)."""

from __future__ import annotations

import hashlib

import numpy as np

from havoc.data.shingles import Hashes, gram_hashes, word_hashes

SHINGLE_WORDS = 5
PERMUTATIONS = 128

# Candidates share one of 16 bands of 8 values: 95 % of the pairs with a similarity of 0.8, and
# 1 - (1 - s^8)^16 in general. More of the dissimilar ones than needed, but those are compared.
_BANDS, _ROWS = 16, 8

# Shingles hashed at a time, which bounds the memory that a long document takes.
_CHUNK = 4096


class Deduplicator:
    """Remembers every document it was shown; the first of several copies is kept.

    A near copy has an estimated Jaccard similarity of word 5-grams of at least
    ``threshold``; candidates come from locality-sensitive hashing, and the
    estimate from all 128 hash values decides, whose standard error is at most
    0.045. The result depends on ``seed`` and the order of the documents only.
    Memory: about 7 KB a document kept.
    """

    def __init__(self, *, seed: int = 0, threshold: float = 0.8) -> None:
        # Takes most of a second to import, which training on shards that exist is spared.
        from datasketch import MinHash, MinHashLSH

        self.threshold = threshold
        self._exact: set[bytes] = set()
        self._signatures: list[np.ndarray] = []
        self._index = MinHashLSH(num_perm=PERMUTATIONS, params=(_BANDS, _ROWS))
        self._empty = MinHash(PERMUTATIONS, seed=seed % 2**32, hashfunc=int, scheme="affine32")

    def duplicate(self, text: str) -> str | None:
        """What kind of copy ("exact_duplicate", "near_duplicate"), or None for a new text."""
        digest = hashlib.blake2b(" ".join(text.split()).encode("utf-8"), digest_size=16).digest()
        if digest in self._exact:
            return "exact_duplicate"
        self._exact.add(digest)
        return "near_duplicate" if self._is_near(word_hashes(text)) else None

    def _is_near(self, words: Hashes) -> bool:
        shingles = gram_hashes(words, SHINGLE_WORDS)
        if not len(shingles):
            return False  # fewer than 5 words: only exact copies count
        signature = self._empty.copy()
        for start in range(0, len(shingles), _CHUNK):
            part = shingles[start : start + _CHUNK] & np.uint64(0xFFFFFFFF)
            signature.update_batch(part.tolist())
        values = signature.hashvalues
        for candidate in self._index.query(signature):
            if np.mean(self._signatures[candidate] == values) >= self.threshold:
                return True
        self._index.insert(len(self._signatures), signature)
        self._signatures.append(values)
        return False
