"""One request: what was asked, what came of it, and where it stands in between."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from havoc.infer.backend import Integers
from havoc.infer.constraints import Matcher
from havoc.infer.drafts import Drafts
from havoc.infer.sampling import Choice, SamplingParams
from havoc.infer.streaming import TextStream


@dataclass(frozen=True, slots=True)
class Event:
    """What one step added to a request; the last one says why it ended.

    ``finish_reason``: ``stop`` (end of text, a stop string, a constraint that is met),
    ``length`` (max_tokens, or the context is full), ``cancelled``, ``error``.
    """

    request: int
    text: str = ""
    choices: tuple[Choice, ...] = ()
    finish_reason: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """A finished request. Times in seconds from its arrival."""

    request: int
    text: str
    choices: tuple[Choice, ...]
    finish_reason: str
    error: str
    prompt_tokens: int
    cached_tokens: int
    first_token_seconds: float
    seconds: float

    @property
    def tokens(self) -> list[int]:
        """The generated ids, the end of text left out."""
        return [choice.token for choice in self.choices]


@dataclass(slots=True, eq=False)
class Request:
    """The state of a request in the engine. ``tokens`` are the prompt and what was made."""

    number: int
    tokens: list[int]
    prompt_length: int
    params: SamplingParams
    stream: TextStream
    matcher: Matcher | None
    arrived: float = field(default_factory=time.perf_counter)
    blocks: list[int] = field(default_factory=list)
    computed: int = 0
    cached: int = 0
    first_token: float = 0.0
    text: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    prompt_counts: Counter[int] = field(default_factory=Counter)
    made_counts: Counter[int] = field(default_factory=Counter)
    cancelled: bool = False
    fetched: bool = True  # its result is asked for by number
    outcome: GenerationResult | None = None
    events: deque[Event] | None = None  # where a stream takes its events from
    bits: Integers | None = None  # what the constraint lets come next, in this step
    drafts: Drafts | None = None
    draft: list[int] = field(default_factory=list)  # guesses that are checked in this step
    plain: bool = False  # its next token is the likeliest one

    def __post_init__(self) -> None:
        params = self.params
        self.plain = (
            params.temperature == 0 and params.logprobs is None and not params.changes_logits
        )

    @property
    def made(self) -> int:
        """How many tokens were generated."""
        return len(self.tokens) - self.prompt_length

    @property
    def pending(self) -> int:
        """Tokens that the network has not read yet."""
        return len(self.tokens) - self.computed

    def add(self, choices: Sequence[Choice]) -> str:
        """Append tokens; their text, as far as it is certain."""
        if not self.first_token:
            self.first_token = time.perf_counter() - self.arrived
        tokens = [choice.token for choice in choices]
        self.tokens += tokens
        if not self.plain:  # nothing else asks how often a token was there
            self.made_counts.update(tokens)
        self.choices += choices
        text = self.stream.push(tokens)
        self.text.append(text)
        return text

    def result(self, finish_reason: str, error: str) -> GenerationResult:
        """What the request came to."""
        return GenerationResult(
            self.number,
            "".join(self.text),
            tuple(self.choices),
            finish_reason,
            error,
            self.prompt_length,
            self.cached,
            self.first_token,
            time.perf_counter() - self.arrived,
        )
