"""The planner's network: which operation a question asks for, as probabilities.

The network reads the prompt of ``planner_prompt`` and would write either a status or a call,
``<tool>{"tool":…,"args":{"operation":"…"``. Both beginnings of a call are run beside each other
in one step, and the logits after them are the opinion: no text is generated to ask for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from havoc.bundle import Bundle, shipped_bundle
from havoc.errors import InputError
from havoc.infer import BLOCK, Backend, Step, load_backend
from havoc.reading.question import Reading
from havoc.reading.turns import merge
from havoc.reason.planner import (
    Context,
    Plan,
    bind_all,
    empty_plan,
    operation_before,
    status_plan,
)
from havoc.reason.planner_prompt import (
    call_opening,
    operation_piece,
    planner_prompt,
    status_piece,
)
from havoc.reason.refinement import refine
from havoc.reason.wording import STATUSES, Guess
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.conversation import Segment, Turn, prompt_ids
from havoc.tokenizer.special import SPECIAL
from havoc.tools import registry
from havoc.tools.facade import facade_of

TRIED = 5
LEAST_SHARE = 0.1
"""Of the probability of the likeliest: what is less likely is not tried in its place."""


LONGEST_PROMPT, LONGEST_REASON = 512, 60
"""Tokens that are read of a question, and written as a reason."""


class PlannerModel:
    """A network that was trained to plan. Raises InputError for one that was not."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int = 1,
        prompt: Callable[[Reading, str], str] = planner_prompt,
    ) -> None:
        """``prompt`` is the form of the question that the network was trained on."""
        self._form = prompt
        tokenizer = bundle.tokenizer
        if not isinstance(tokenizer, HavocTokenizer):
            raise InputError(
                "is no network of havoc",
                where=str(bundle.path),
                remedy="name a bundle made by havoc train sft from planner records",
            )
        self._tokenizer = tokenizer
        self._backend: Backend = load_backend(bundle, threads=threads)
        self._statuses = {
            name: _single(tokenizer, status_piece(name), bundle.path) for name in STATUSES
        }
        self._openings: dict[str, int] = {}
        self._operations: dict[str, dict[str, int]] = {}
        for name in registry:
            tool = facade_of(name)
            self._openings[tool] = _single(tokenizer, call_opening(tool), bundle.path)
            self._operations.setdefault(tool, {})[name] = _single(
                tokenizer, operation_piece(name), bundle.path
            )

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, threads: int = 1) -> PlannerModel:
        """The network of a bundle's folder."""
        return cls(Bundle.open(path), threads=threads)

    def guesses(self, reading: Reading, earlier_operation: str = "") -> list[Guess]:
        """Operations and statuses, most probable first; their probabilities add up to one."""
        prompt = self._prompt(self._form(reading, earlier_operation))
        tools = list(self._openings)
        call = SPECIAL["<tool>"]
        rows = self._logits([[*prompt, call, self._openings[tool]] for tool in tools], 3)
        begun = _log_softmax(rows[0][0], [*self._statuses.values(), call])
        chosen = _log_softmax(rows[0][1], list(self._openings.values()))
        found = dict(zip(self._statuses, begun, strict=False))
        for place, tool in enumerate(tools):
            ids = self._operations[tool]
            named = _log_softmax(rows[place][2], list(ids.values()))
            for name, value in zip(ids, named, strict=True):
                found[name] = begun[-1] + chosen[place] + value
        ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return [Guess(name=name, probability=float(np.exp(value))) for name, value in ranked]

    def reason(self, reading: Reading, earlier_operation: str = "") -> Iterator[str]:
        """What the network is about to do, in its own words and piece by piece; no figures.

        A network that was taught no reasons writes anything.
        """
        # an engine, and the library that constrains it, are for those who want to read along
        from havoc.infer import InferenceEngine, SamplingParams
        from havoc.reason.prime_model import segment_grammar

        opening = [*self._prompt(self._form(reading, earlier_operation)), SPECIAL["<reason>"]]
        engine = InferenceEngine(self._backend, self._tokenizer)
        params = SamplingParams(max_tokens=LONGEST_REASON)
        for event in engine.stream(opening, params, constraint=segment_grammar("reason")):
            if event.text:
                yield event.text

    def _prompt(self, text: str) -> list[int]:
        """The ids before the answer; of a text too long the end is kept, where requests stand."""
        turn = Turn("user", (Segment("text", text),))
        ids = prompt_ids([turn], self._tokenizer, slots=True)
        room = min(self._backend.config.max_seq_len, LONGEST_PROMPT) - 4
        return ids if len(ids) <= room else [*ids[:2], *ids[len(ids) - room + 2 :]]

    def _logits(self, sequences: Sequence[Sequence[int]], last: int) -> NDArray[np.float32]:
        """[sequences, last, vocabulary] after the ``last`` ids of each; all of one length."""
        count, length = len(sequences), len(sequences[0])
        blocks = -(-length // BLOCK)
        places = np.arange(count * length, dtype=np.int32).reshape(count, length)
        step = Step(
            tokens=np.array(sequences, np.int32).ravel(),
            positions=np.tile(np.arange(length, dtype=np.int32), count),
            sequences=np.repeat(np.arange(count, dtype=np.int32), length),
            tables=np.arange(count * blocks, dtype=np.int32).reshape(count, blocks),
            wanted=places[:, -last:].ravel(),
        )
        logits = self._backend.run(self._backend.new_cache(count * blocks), step).values
        return logits.reshape(count, last, -1)


class ModelPlanner:
    """The network alone chooses; the first of its choices that the data can carry is taken."""

    name = "model"

    def __init__(self, model: PlannerModel | None = None) -> None:
        """``model`` None: the network that ships with the package."""
        self._model = model or shipped_model()

    def plan(self, reading: Reading, context: Context | None = None) -> Plan:
        if not reading.text.strip():
            return empty_plan()
        guesses = self._model.guesses(reading, operation_before(context))
        merged = reading if context is None else merge(reading, context.reading)
        best = guesses[0]
        if best.name in STATUSES:
            return status_plan(best.name, guesses, merged)
        first: Plan | None = None
        for item in guesses[:TRIED]:
            if item.name in STATUSES or item.probability < LEAST_SHARE * best.probability:
                continue
            plan = bind_all(refine([item.name], merged), merged, guesses)
            if plan.outcome == "execute":
                return plan
            first = first or plan
        assert first is not None  # the likeliest is an operation
        return first


@cache
def shipped_model() -> PlannerModel:
    """The network in the package. Raises InputError where it was left out."""
    folder = shipped_bundle()
    if folder is None:
        raise InputError(
            "this installation holds no planner network",
            where="--planner",
            remedy="install the whole package, or plan by rules: --planner rules",
        )
    return PlannerModel.open(folder)


def _single(tokenizer: HavocTokenizer, piece: str, path: object) -> int:
    ids = tokenizer.encode(piece)
    if len(ids) != 1:
        raise InputError(
            f"its vocabulary has not {piece!r} as one piece",
            where=str(path),
            remedy="learn the vocabulary with the pieces that havoc data synth writes",
        )
    return ids[0]


def _log_softmax(logits: NDArray[np.float32], ids: Sequence[int]) -> NDArray[np.float64]:
    chosen = logits[list(ids)].astype(np.float64)
    peak = chosen.max()
    result: NDArray[np.float64] = chosen - peak - np.log(np.exp(chosen - peak).sum())
    return result
