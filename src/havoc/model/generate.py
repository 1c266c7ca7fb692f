"""Continue a text, plainly: for samples during training and for tests of parity.

Batching, constraints and speed are the work of the inference engine.
"""

from __future__ import annotations

import torch

from havoc.model.cache import KVCache
from havoc.model.network import HavocModel


@torch.no_grad()
def continue_tokens(
    model: HavocModel,
    tokens: list[int],
    count: int,
    *,
    stop: int | None = None,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[int]:
    """At most ``count`` tokens after ``tokens``: the likeliest (temperature 0), or drawn.

    Ends after ``stop``, which is left out, and at the network's last position.
    """
    device = model.embedding.weight.device
    capacity = min(len(tokens) + count, model.config.max_seq_len)
    cache = KVCache(model.config, 1, capacity, device=device, dtype=model.compute_dtype)
    given = torch.tensor([tokens], device=device)
    made: list[int] = []
    while len(tokens) + len(made) < capacity or not made:
        logits = model(given, cache=cache)[0, -1].float()
        if temperature > 0:
            probabilities = torch.softmax(logits / temperature, dim=-1).cpu()
            number = int(torch.multinomial(probabilities, 1, generator=generator))
        else:
            number = int(logits.argmax())
        if number == stop:
            break
        made.append(number)
        if len(made) == count or cache.length == capacity:
            break
        given = torch.tensor([[number]], device=device)
    return made
