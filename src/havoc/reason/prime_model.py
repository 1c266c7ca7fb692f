"""PRIME at the level of generation: a network that reasons, calls tools and answers by itself.

Per subgoal a reason (free text without figures), a call under the grammar of the tools, and the
real result; at MEDIUM and HEAVY what speaks for it, against it and what it means in practice;
then an answer in which figures are references to results. The program writes the control ids,
the results and the call's beginning; what the network may write is bounded everywhere, so that
an untrained network wastes tokens, but can neither invent a figure nor call what is not there.
"""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from havoc.errors import HavocError, InputError
from havoc.infer import InferenceEngine, SamplingParams
from havoc.infer.call_grammar import call_grammar, resolved
from havoc.infer.constraints import Choice, Constraint, Grammar
from havoc.infer.reasoning import Piece, Problem, ReasoningTokenParser
from havoc.reason.render import Figure, render
from havoc.reason.route import route
from havoc.reason.workspace import Route
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.conversation import Segment, Turn, prompt_ids
from havoc.tokenizer.special import SPECIAL
from havoc.tools import registry
from havoc.tools.facade import execute_json, facade_of
from havoc.tools.result import ToolResult

REASON_TOKENS = 200
CALL_TOKENS = 150
ARGUMENT_TOKENS = 80
ANSWER_TOKENS = 200
RESULT_CHARACTERS = 2_000
LEAST_RESULT_TOKENS = 200
MARKS = 16  # control ids around the parts of a subgoal
ROOMY = 2_048
"""Context that has room for all this; in a smaller one every part is shorter."""
SUBGOALS = {"MICRO": 1, "LIGHT": 3, "MEDIUM": 7, "HEAVY": 12}
# no figure of any script and nothing a terminal obeys; squares are part of names such as R²
LETTER = r"([^\p{N}\p{C}<>{}]|[²³\n])"
UNFINISHED = re.compile(r"\{{1,2}[^{}]*\}?\Z")


def segment_grammar(name: str) -> Grammar:
    """What may stand in a segment such as ``reason``: text without figures, then its end."""
    closing = SPECIAL[f"</{name}>"]
    return Grammar(f"start: TEXT <[{closing}]>\nTEXT: /{LETTER}{{1,800}}/\n", ours=True)


@dataclass(frozen=True, slots=True)
class PrimeCall:
    """One subgoal: what was called, and what came of it (a result, or an error)."""

    call: dict[str, Any]
    result: ToolResult | None
    error: str


@dataclass(frozen=True, slots=True)
class PrimeResult:
    """What ``generate_with_prime`` returns. ``text`` is the answer with its figures filled in.

    ``verification`` names what does not hold (empty: nothing); ``seconds`` are by stage.
    """

    text: str
    ids: list[int]
    segments: list[Piece]
    routing: Route
    calls: list[PrimeCall]
    figures: list[Figure]
    verification: list[str]
    seconds: dict[str, float]


@dataclass(slots=True)
class _State:
    """The ids written so far, and where time went."""

    ids: list[int]
    begun: int
    full: bool = False  # the context had no room for another subgoal
    seconds: dict[str, float] = field(default_factory=dict)


class HavocPrimeModel:
    """A network behind an engine that answers questions whose data are slots."""

    def __init__(self, engine: InferenceEngine, *, results: str = "figures") -> None:
        """``results``: what the network reads of a result, its ``figures`` or only the names of
        its ``fields`` (a network that was trained on slots reads no figure)."""
        if results not in ("figures", "fields"):
            raise InputError(f"{results!r} is unknown", where="results", remedy="figures or fields")
        if not isinstance(engine.tokenizer, HavocTokenizer):
            raise InputError(
                "needs the reserved ids of havoc",
                where="tokenizer",
                remedy="use a model that havoc has trained",
            )
        self._engine = engine
        self._tokenizer = engine.tokenizer
        self._names_only = results == "fields"

    def generate_with_prime(
        self,
        question: str,
        slots: Mapping[str, Any],
        *,
        operations: Sequence[str] = (),
        budget: str | None = None,
        system: str = "",
        params: SamplingParams | None = None,
    ) -> PrimeResult:
        """Answer ``question``, in which slots such as ``<d0>`` stand for the data.

        ``operations`` limits what may be called (none: every operation for whose arguments
        there are slots); ``params`` are those of the draws, their length and what stops them
        aside. Subgoals end where the context would not hold another and the answer. Raises
        InputError for a budget or operation that is not there, or a question too long.
        """
        params = params or SamplingParams()
        possible = self._possible(operations or list(registry), slots)
        turns = [Turn("system", (Segment("text", system),))] if system else []
        turns.append(Turn("user", (Segment("text", question),)))
        prompt = prompt_ids(turns, self._tokenizer, slots=True)
        state = _State(list(prompt), len(prompt))
        routing = route(question, [], budget or "LIGHT")
        calls: list[PrimeCall] = []
        for _ in range(SUBGOALS[routing.budget.name] if possible else 0):
            least = REASON_TOKENS + 2 * CALL_TOKENS + LEAST_RESULT_TOKENS
            state.full = self._left(state) < self._most(least)
            if state.full:
                break
            call = self._subgoal(state, possible, slots, params)
            calls.append(call)
            if routing.budget.argue and call.result is not None:
                for role in ("advocate", "attack", "pragmatist"):
                    self._segment(state, role, ARGUMENT_TOKENS, params)
            if call.error or self._is_enough(state, params):
                break
        template = self._answer(state, calls, params)
        return self._result(state, template, routing, calls)

    # --- stages -------------------------------------------------------------------------

    def _possible(self, operations: Sequence[str], slots: Mapping[str, Any]) -> dict[str, Grammar]:
        """The operations for whose required arguments there are slots, with their grammars."""
        possible = {}
        for name in operations:
            schema = registry.get(name).schema()
            try:
                possible[name] = call_grammar(facade_of(name), name, schema, slots)
            except InputError as error:
                if error.where == "slots":
                    raise
        return possible

    def _subgoal(
        self,
        state: _State,
        possible: Mapping[str, Grammar],
        slots: Mapping[str, Any],
        params: SamplingParams,
    ) -> PrimeCall:
        self._segment(state, "reason", REASON_TOKENS, params)
        state.ids.append(SPECIAL["<tool>"])
        # the operation is chosen by its call's beginning, which the grammar then repeats
        openings = {
            f'{{"tool":"{facade_of(name)}","args":{{"operation":"{name}"': name for name in possible
        }
        chosen, _ = self._continued(state, "call", Choice(tuple(openings)), CALL_TOKENS, params)
        operation = openings.get(chosen, next(iter(possible)))
        text, ids = self._continued(state, "call", possible[operation], CALL_TOKENS, params)
        state.ids += [*ids, SPECIAL["</tool>"]]
        return self._executed(state, text, slots)

    def _executed(self, state: _State, text: str, slots: Mapping[str, Any]) -> PrimeCall:
        """Carry the call out and append what came of it as ``<result>``."""
        start = time.perf_counter()
        call: dict[str, Any] = {}
        result: ToolResult | None = None
        error = ""
        try:
            call = json.loads(text)
        except ValueError:
            error = "the call broke off before its end"
        else:
            try:
                result = execute_json(resolved(call, slots))
            except HavocError as problem:
                error = str(problem)
            except (ArithmeticError, ValueError) as problem:  # values no tool was tried with
                error = f"cannot be computed with these values ({problem})"
        if result is None:
            shown = json.dumps({"error": error})
        else:
            shown = msgspec.json.encode(result.quantities).decode()
            if self._names_only or len(shown) > RESULT_CHARACTERS:
                shown = json.dumps(result.fields(), separators=(",", ":"))
        body = self._tokenizer.encode(shown[:RESULT_CHARACTERS])[: self._left(state)]
        state.ids += [SPECIAL["<result>"], *body, SPECIAL["</result>"]]
        self._spent(state, "tools", start)
        return PrimeCall(call, result, error)

    def _is_enough(self, state: _State, params: SamplingParams) -> bool:
        """Whether the network goes on to answer instead of opening another reason."""
        more = SPECIAL["<reason>"]
        either = Grammar(f"start: <[{more}]> | TEXT\nTEXT: /(.|\\n)+/\n", ours=True)
        _, ids = self._continued(state, "reason", either, 1, params)
        return ids != [more]

    def _answer(self, state: _State, calls: Sequence[PrimeCall], params: SamplingParams) -> str:
        """The answer as a template: text without figures, and references to results.

        Empty where every call failed: there is nothing to answer with.
        """
        if calls and all(call.result is None for call in calls):
            state.ids.append(self._tokenizer.eos)
            return ""
        paths = [
            f"{{{{r{number}.{path}}}}}"
            for number, call in enumerate(calls, start=1)
            if call.result is not None
            for path in call.result.figure_names()
        ]
        references = f"| {' | '.join(map(json.dumps, paths))} " if paths else ""
        lark = f"start: (TEXT {references}){{1,24}}\nTEXT: /{LETTER}{{1,120}}/\n"
        grammar = Grammar(lark, ours=True)
        text, ids = self._continued(state, "answer", grammar, ANSWER_TOKENS, params)
        state.ids += [*ids, self._tokenizer.eos]
        # where the tokens ran out within a reference, its rest would read as a figure
        return UNFINISHED.sub("", text)

    def _left(self, state: _State) -> int:
        """Tokens that a call and its result may still take, with an answer to come."""
        kept = self._most(3 * ARGUMENT_TOKENS + ANSWER_TOKENS) + MARKS
        return max(0, self._engine.context - len(state.ids) - kept)

    def _most(self, tokens: int) -> int:
        """``tokens``, or their share of a context that is less than roomy."""
        return tokens * min(self._engine.context, ROOMY) // ROOMY

    def _segment(self, state: _State, name: str, most: int, params: SamplingParams) -> None:
        """Text without figures until the network closes it, or ``most`` tokens."""
        state.ids.append(SPECIAL[f"<{name}>"])
        closing = SPECIAL[f"</{name}>"]
        _, ids = self._continued(state, name, segment_grammar(name), most, params)
        state.ids += ids if ids[-1:] == [closing] else [*ids, closing]

    def _continued(
        self, state: _State, stage: str, constraint: Constraint, most: int, params: SamplingParams
    ) -> tuple[str, list[int]]:
        start = time.perf_counter()
        # nothing but the constraint says where a part ends
        params = dataclasses.replace(
            params, max_tokens=max(1, self._most(most)), stop=(), stop_ids=(), ignore_eos=False
        )
        (result,) = self._engine.generate([state.ids], params, constraint=constraint, control=True)
        self._spent(state, stage, start)
        if result.finish_reason == "error":
            raise InputError(result.error, where=stage)
        return result.text, result.tokens

    def _spent(self, state: _State, stage: str, start: float) -> None:
        state.seconds[stage] = state.seconds.get(stage, 0.0) + time.perf_counter() - start

    def _result(
        self, state: _State, template: str, routing: Route, calls: list[PrimeCall]
    ) -> PrimeResult:
        parser = ReasoningTokenParser(self._tokenizer)
        written = state.ids[state.begun :]
        segments = [*parser.push(written), *parser.finish()]
        scopes = {
            f"r{number}": call.result.to_json()
            for number, call in enumerate(calls, start=1)
            if call.result is not None
        }
        rendered = render(template, scopes, {name: name for name in scopes})
        return PrimeResult(
            rendered.text,
            written,
            segments,
            routing,
            calls,
            rendered.figures,
            _verified(calls, parser.problems, state.full),
            state.seconds,
        )


def _verified(calls: Sequence[PrimeCall], problems: Sequence[Problem], full: bool) -> list[str]:
    """What does not hold: failed calls, violated assumptions, malformed reasoning."""
    found = [f"call {n}: {call.error}" for n, call in enumerate(calls, start=1) if call.error]
    if full:
        found.append("the context had no room for another call")
    if not any(call.result for call in calls):
        found.append("no call gave a result")
    for number, call in enumerate(calls, start=1):
        checks = call.result.outcome.assumptions if call.result else []
        found += [
            f"call {number}: {check.name} is violated ({check.detail})"
            for check in checks
            if check.status == "violated"
        ]
    return [*found, *(f"reasoning: {problem.what}" for problem in problems)]
