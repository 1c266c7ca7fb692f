"""llama.cpp as a peer, computing with float32 where it can."""

from __future__ import annotations

from pathlib import Path

import llama_cpp
import numpy as np
from numpy.typing import NDArray

FLOAT32 = 0
"""llama.cpp's number for the type of keys and values kept."""


def open_peer(path: Path, *, threads: int = 1, context: int = 256) -> llama_cpp.Llama:
    return llama_cpp.Llama(
        str(path),
        verbose=False,
        n_ctx=context,
        n_threads=threads,
        n_threads_batch=threads,
        logits_all=True,
        type_k=FLOAT32,
        type_v=FLOAT32,
    )


def peer_tokens(peer: llama_cpp.Llama, prompt: list[int], count: int) -> list[int]:
    """The likeliest ``count`` tokens after ``prompt``."""
    made: list[int] = []
    for token in peer.generate(prompt, temp=0.0, top_k=1, repeat_penalty=1.0):
        made.append(token)
        if len(made) == count:
            break
    return made


def peer_logits(peer: llama_cpp.Llama, tokens: list[int]) -> NDArray[np.float32]:
    """Logits [T, V] of ``tokens``."""
    peer.reset()
    peer.eval(tokens)
    return np.array(peer.scores[: len(tokens)])


def peer_ids(peer: llama_cpp.Llama, text: str) -> list[int]:
    """The ids of a text, without a first token, and with control spellings as text."""
    ids: list[int] = peer.tokenize(text.encode(), add_bos=False, special=False)
    return ids
