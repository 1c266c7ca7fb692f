"""From logits to the next token. The same seed and position give the same draw in any batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError

MOST_TOKENS = 1 << 20
MOST_BIAS = 1e30
LEAST_TEMPERATURE = 1e-250
"""Below it a difference of logits divided by the temperature may be too large for a number."""
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How a request is continued. Raises InputError for values out of range.

    ``temperature`` 0 takes the likeliest token. ``top_k`` 0, ``top_p`` 1 and ``min_p`` 0 cut
    nothing off. ``repetition_penalty`` divides positive and multiplies negative logits of tokens
    that were there (Keskar et al. 2019, arXiv 1909.05858); ``presence_penalty`` and
    ``frequency_penalty`` are subtracted, once and per occurrence in what was generated.
    ``logprobs`` asks for that many alternatives a token.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    seed: int = 0
    stop: tuple[str, ...] = ()
    stop_ids: tuple[int, ...] = ()
    ignore_eos: bool = False
    logprobs: int | None = None

    def __post_init__(self) -> None:
        for name, low, high in (
            ("max_tokens", 1, MOST_TOKENS),
            ("temperature", 0, 100),
            ("top_k", 0, MOST_TOKENS),
            ("min_p", 0, 1),
            ("presence_penalty", -100, 100),
            ("frequency_penalty", -100, 100),
            ("seed", 0, _MASK),
            ("logprobs", 0, 100),
            ("repetition_penalty", 0.01, 100),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"is {value}", where=name, remedy=f"give {low} to {high}")
        if not 0 < self.top_p <= 1:
            raise InputError(
                f"is {self.top_p}", where="top_p", remedy="give more than 0, at most 1"
            )
        if any(not text for text in self.stop) or len(self.stop) > 16:
            raise InputError("holds an empty text, or more than 16", where="stop")
        # further out a logit would leave the range of single precision
        if not all(abs(value) <= MOST_BIAS for value in self.logit_bias.values()):
            raise InputError(
                "holds a value that is no number, or too large",
                where="logit_bias",
                remedy=f"give {-MOST_BIAS:g} to {MOST_BIAS:g}",
            )

    @property
    def changes_logits(self) -> bool:
        """Whether more than the constraint decides before the draw."""
        return bool(self.logit_bias) or (
            self.repetition_penalty != 1
            or self.presence_penalty != 0
            or self.frequency_penalty != 0
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen token; ``logprob`` and ``top`` are those of what the network and the rules allow."""

    token: int
    logprob: float | None = None
    top: tuple[tuple[int, float], ...] = ()


def choose(
    logits: NDArray[np.float32],
    params: SamplingParams,
    position: int,
    prompt: Mapping[int, int],
    made: Mapping[int, int],
) -> Choice:
    """The next token of ``logits`` [vocabulary] at ``position`` of its sequence.

    What must not come is minus infinity. ``prompt`` and ``made`` count tokens. Raises InputError
    where nothing is allowed, or where the network overflowed.
    """
    if params.changes_logits:
        logits = _penalised(logits, params, prompt, made)
    token = int(logits.argmax())
    if logits[token] == -np.inf:
        raise InputError("no token is allowed here", where="constraint", remedy="relax it")
    if not math.isfinite(logits[token]):  # argmax stops at the first that is no number
        raise InputError(
            "the network gave no numbers", where="logits", remedy="use another checkpoint"
        )
    if params.temperature > 0:
        token = _drawn(logits, params, position)
    if params.logprobs is None:
        return Choice(token)
    logprobs = _log_softmax(logits)
    count = min(params.logprobs, int(np.isfinite(logprobs).sum()))
    best = np.argsort(-logprobs, kind="stable")[:count]
    top = tuple((int(item), float(logprobs[item])) for item in best)
    return Choice(token, float(logprobs[token]), top)


def _penalised(
    logits: NDArray[np.float32],
    params: SamplingParams,
    prompt: Mapping[int, int],
    made: Mapping[int, int],
) -> NDArray[np.float32]:
    logits = logits.copy()
    if params.repetition_penalty != 1:
        seen = np.fromiter({**prompt, **made}, np.int64)
        there = logits[seen]
        factor = np.float32(params.repetition_penalty)
        logits[seen] = np.where(there > 0, there / factor, there * factor)
    for token, count in made.items():
        logits[token] -= params.presence_penalty + params.frequency_penalty * count
    for token, bias in params.logit_bias.items():
        if not 0 <= token < len(logits):
            raise InputError(f"there is no id {token}", where="logit_bias")
        logits[token] += bias
    return logits


def _drawn(logits: NDArray[np.float32], params: SamplingParams, position: int) -> int:
    """One draw by inversion, over the tokens that are left in the order of their ids."""
    ids = _likeliest(logits, params.top_k) if 0 < params.top_k < len(logits) else None
    some = logits if ids is None else logits[ids]
    below = some.astype(np.float64)
    below -= below.max()
    if params.temperature < LEAST_TEMPERATURE:  # only the likeliest is left
        with np.errstate(over="ignore"):
            below /= params.temperature
    else:
        below /= params.temperature
    weights = np.exp(below)
    if params.min_p:
        weights[weights < params.min_p] = 0
    if params.top_p < 1:
        _keep_nucleus(weights, params.top_p)
    total = weights.cumsum()
    place = int(total.searchsorted(uniform(params.seed, position) * total[-1], side="right"))
    if place == len(total):  # rounding led beyond the end: the last that can come
        place = int(total.searchsorted(total[-1]))
    return place if ids is None else int(ids[place])


def _likeliest(logits: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The ids of the ``count`` largest; of equals at the edge those that come first."""
    edge = np.partition(logits, len(logits) - count)[len(logits) - count]
    above = np.flatnonzero(logits > edge)
    level = np.flatnonzero(logits == edge)[: count - len(above)]
    return np.sort(np.concatenate((above, level)))


def _keep_nucleus(weights: NDArray[np.float64], share: float) -> None:
    """Leave of ``weights`` the largest that together make up ``share`` of them, in place."""
    total = weights.sum()
    # those below the threshold are together less than what may be left out
    candidates = np.flatnonzero(weights > (1 - share) * total / len(weights) / 2)
    candidates = candidates[np.argsort(-weights[candidates], kind="stable")]
    reached = np.cumsum(weights[candidates])
    kept = candidates[: int(np.searchsorted(reached, share * total)) + 1]
    some = weights[kept]
    weights[:] = 0
    weights[kept] = some


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = logits.astype(np.float64)
    wide -= wide.max()
    shifted: NDArray[np.float64] = wide - math.log(np.exp(wide).sum())
    return shifted


def uniform(seed: int, position: int) -> float:
    """A number in [0, 1) that belongs to seed and position: SplitMix64 (Steele et al. 2014)."""
    state = (seed * 0x9E3779B97F4A7C15 + (position + 1) * 0xBF58476D1CE4E5B9) & _MASK
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = ((state ^ (state >> shift)) * factor) & _MASK
    state ^= state >> 31
    return (state >> 11) / (1 << 53)
