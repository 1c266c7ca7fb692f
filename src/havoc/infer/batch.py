"""The step of a batch, as the arrays that a backend reads."""

from __future__ import annotations

import numpy as np

from havoc.infer.backend import NO_FLAGS, NO_MASKS, Integers, Step
from havoc.infer.schedule import Batch


def step_of(batch: Batch, vocab_size: int) -> tuple[Step, list[int]]:
    """The step, and for each request of the batch its first row of logits (-1: it has none).

    A request whose tokens are all read gets logits for its last token and its guesses.
    """
    width = max(len(request.blocks) for request, _ in batch)
    tokens: list[int] = []
    positions: list[int] = []
    wanted: list[int] = []
    best_only: list[bool] = []
    rows: list[int] = []
    bound: list[tuple[int, Integers]] = []
    for request, count in batch:
        start = request.computed
        if count == 1:
            tokens.append(request.tokens[start])
        else:
            tokens += request.tokens[start : start + count]
        if count < request.pending:
            rows.append(-1)
            positions += range(start, start + count)
            continue
        tokens += request.draft
        positions += range(start, start + count + len(request.draft))
        if request.bits is not None:
            bound.append((len(wanted), request.bits))
        rows.append(len(wanted))
        last = len(tokens) - len(request.draft) - 1
        wanted += range(last, len(tokens))
        best_only += [request.plain] * (len(request.draft) + 1)
    counts = [
        count + (len(request.draft) if row >= 0 else 0)
        for (request, count), row in zip(batch, rows, strict=True)
    ]
    tables = [request.blocks + [0] * (width - len(request.blocks)) for request, _ in batch]
    masks = NO_MASKS
    if bound:
        masks = np.full((len(wanted), -(-vocab_size // 32)), -1, np.int32)
        for row, bits in bound:
            masks[row] = bits
    step = Step(
        np.array(tokens, np.int32),
        np.array(positions, np.int32),
        np.repeat(np.arange(len(batch), dtype=np.int32), counts),
        np.array(tables, np.int32),
        np.array(wanted, np.int32),
        masks,
        np.array(best_only) if any(best_only) else NO_FLAGS,
    )
    return step, rows
