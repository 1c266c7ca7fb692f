"""What may come next: JSON of a schema, one of several texts, a regular expression, a grammar.

llguidance decides; its work is bounded in size here, and in time by ``trial.py``: a constraint
that is not ``ours`` (made by this program) is first compiled in a process of its own. Geng et
al. (2025), arXiv 2501.10868 compares such engines.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.infer.trial import MOST_FUEL, MOST_SYMBOLS, try_out
from havoc.tokenizer import HavocTokenizer
from havoc.tokenizer.special import RESERVED

MOST_BYTES = 65_536
MOST_DEPTH = 32
MOST_NODES = 4_000
MOST_OPTIONS = 4_000
KEPT = 64


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """JSON that the schema (draft 2020-12) validates, without needless white space."""

    schema: Mapping[str, Any]
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """Text that the regular expression matches as a whole (Rust's syntax, no look-around)."""

    pattern: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these texts."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """Text of a grammar in llguidance's dialect of Lark; ``<[64]>`` stands for an id."""

    lark: str
    ours: bool = False


Constraint = JsonSchema | Regex | Choice | Grammar


class Compiler:
    """Makes matchers for one vocabulary; the last ``KEPT`` constraints stay compiled.

    Any thread may ask, and none waits for what another compiles.
    """

    def __init__(self, tokenizer: HavocTokenizer) -> None:
        self._vocabulary = _Vocabulary(tokenizer)
        self._tokenizer = LLTokenizer(TokenizerWrapper(self._vocabulary))
        self._size = tokenizer.vocab_size
        self._eos = tokenizer.eos
        self._compiled: OrderedDict[str, LLMatcher] = OrderedDict()
        self._lock = threading.Lock()

    def matcher(self, constraint: Constraint) -> Matcher:
        """A fresh matcher. InputError: too large or slow, or no grammar can express it."""
        source = _source(constraint)
        with self._lock:
            compiled = self._compiled.get(source)
        if compiled is None:
            if not _ours(constraint):
                words = self._vocabulary
                try_out(source, words.tokens, words.special_token_ids, self._eos)
            limits = LLParserLimits(max_grammar_size=MOST_SYMBOLS, initial_lexer_fuel=MOST_FUEL)
            compiled = LLMatcher(self._tokenizer, source, log_level=0, limits=limits)
            if compiled.is_error():
                raise _refused(" ".join(compiled.get_error().split())[:300])
        with self._lock:
            self._compiled[source] = compiled
            self._compiled.move_to_end(source)
            while len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
            return Matcher(compiled.deep_copy(), self._size, self._eos)


def _ours(constraint: Constraint) -> bool:
    """Whether this program made it: a choice is always a list of texts."""
    return isinstance(constraint, Choice) or constraint.ours


class Matcher:
    """Where one continuation stands in its constraint."""

    def __init__(self, matcher: LLMatcher, vocab_size: int, eos: int) -> None:
        self._matcher = matcher
        self._eos = eos
        self._bits = np.zeros((vocab_size + 31) // 32, np.int32)
        self._pointer = self._bits.ctypes.data

    def allowed(self) -> NDArray[np.int32]:
        """Which ids may come next, a bit each; the end of text where the constraint is met.

        The same memory every time. InputError where the constraint has become too complex.
        """
        self._matcher.unsafe_compute_mask_ptr(self._pointer, self._bits.nbytes)
        self._check()
        return self._bits

    def forced(self) -> list[int]:
        """The ids that must come next, whatever the network says."""
        if self._matcher.is_stopped():
            return []
        tokens: list[int] = self._matcher.compute_ff_tokens()
        return tokens

    def accept(self, tokens: list[int]) -> None:
        """Move on by ids that were allowed. InputError if one was not."""
        tokens = [token for token in tokens if token != self._eos]
        if tokens:
            self._matcher.consume_tokens(tokens)
        self._check()

    @property
    def complete(self) -> bool:
        """Whether nothing but the end of text can follow."""
        return bool(self._matcher.is_stopped())

    def _check(self) -> None:
        if self._matcher.is_error():
            raise _refused(" ".join(self._matcher.get_error().split())[:300])


class _Vocabulary:
    """Our vocabulary as llguidance asks for it: the bytes of each id, and how text is cut."""

    def __init__(self, tokenizer: HavocTokenizer) -> None:
        self.eos_token_id = tokenizer.eos
        self.bos_token_id = tokenizer.bos
        self.tokens = [tokenizer.piece_bytes(number) for number in range(tokenizer.vocab_size)]
        self.special_token_ids = list(range(RESERVED))
        self._tokenizer = tokenizer

    def __call__(self, text: str) -> list[int]:
        return self._tokenizer.encode(text)


def _source(constraint: Constraint) -> str:
    """What llguidance compiles, after the bounds were checked."""
    match constraint:
        case JsonSchema(schema=schema):
            text = _bounded_json(schema)
            overrides: Any = {"whitespace_flexible": False}
            return str(LLMatcher.grammar_from_json_schema(text, overrides=overrides))
        case Regex(pattern=pattern):
            _check_size(pattern, "the regular expression")
            return str(LLMatcher.grammar_from_regex(pattern))
        case Choice(options):
            if not options or len(options) > MOST_OPTIONS or not all(options):
                raise InputError(
                    f"has {len(options)} options, or an empty one",
                    where="choice",
                    remedy=f"give 1 to {MOST_OPTIONS} texts",
                )
            _check_size("".join(options), "the choice")
            texts = " | ".join(json.dumps(option) for option in options)
            return str(LLMatcher.grammar_from_lark(f"start: {texts}"))
        case Grammar(lark=lark):
            _check_size(lark, "the grammar")
            return str(LLMatcher.grammar_from_lark(lark))


def _bounded_json(schema: Mapping[str, Any]) -> str:
    nodes = 0
    waiting: list[tuple[Any, int]] = [(schema, 1)]
    while waiting:
        value, depth = waiting.pop()
        nodes += 1
        if depth > MOST_DEPTH or nodes > MOST_NODES:
            raise InputError(
                f"is deeper than {MOST_DEPTH} levels, or has more than {MOST_NODES} parts",
                where="schema",
                remedy="make it smaller",
            )
        if isinstance(value, Mapping):
            waiting += [(item, depth + 1) for item in value.values()]
        elif isinstance(value, list | tuple):
            waiting += [(item, depth + 1) for item in value]
    try:
        # as they are, and not escaped, so that half a character is found below
        text = json.dumps(schema, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError):
        raise InputError("is no JSON", where="schema", remedy="give a JSON Schema") from None
    _check_size(text, "the schema")
    return text


def _check_size(text: str, name: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InputError(
            f"{name} holds half a character", where="constraint", remedy="correct it"
        ) from None
    if size > MOST_BYTES:
        raise InputError(
            f"{name} has more than {MOST_BYTES:,} bytes", where="constraint", remedy="shorten it"
        )


def _refused(what: str) -> InputError:
    return InputError(
        f"no grammar can be made of it ({what})",
        where="constraint",
        remedy="correct or simplify it",
    )
