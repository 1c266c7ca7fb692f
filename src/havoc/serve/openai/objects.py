"""The objects that OpenAI's clients read: completions, chunks, usage, log-probabilities."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any

from havoc.infer import GenerationResult
from havoc.infer.sampling import Choice
from havoc.infer.streaming import Pieces
from havoc.serve import sse

ANALYST = "havoc"
NETWORK = "havoc-raw"
EMBEDDER = "havoc-embed"
Json = dict[str, Any]


class Reply:
    """What all chunks of one reply share: id, time, model."""

    def __init__(self, model: str, kind: str) -> None:
        prefix = "chatcmpl-" if kind.startswith("chat") else "cmpl-"
        self.identity = prefix + secrets.token_hex(12)
        self.kind = kind
        self.model = model
        self.created = int(time.time())

    def body(self, choices: list[Json], usage: Json | None = None, *, chunk: bool = False) -> Json:
        """A whole reply, or a chunk of one."""
        kind = self.kind + ".chunk" if chunk and self.kind.startswith("chat") else self.kind
        body: Json = {
            "id": self.identity,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }
        if usage is not None:
            body["usage"] = usage
        return body

    def chunk(self, delta: Json, index: int = 0, finish: str | None = None, **more: Any) -> bytes:
        """One chunk of a chat, as an event."""
        choice = {"index": index, "delta": delta, "finish_reason": finish, **more}
        return sse.json_event(self.body([choice], chunk=True))

    def last(self, usage: Json) -> bytes:
        """The chunk that has the usage, and no choice."""
        return sse.json_event(self.body([], usage, chunk=True))


def usage(results: Iterable[GenerationResult]) -> Json:
    """Tokens of all texts; the prompt, which they share, counts once."""
    listed = list(results)
    prompt = max((result.prompt_tokens for result in listed), default=0)
    made = sum(len(result.choices) for result in listed)
    cached = max((result.cached_tokens for result in listed), default=0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": made,
        "total_tokens": prompt + made,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


NO_TOKENS: Json = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
"""The analyst by rules reads and writes no tokens of a network."""


def chat_logprobs(choices: Sequence[Choice], pieces: Pieces) -> Json:
    """Log-probabilities as a chat has them. A token that had to come has 0."""
    return {
        "content": [
            {
                **_token(choice.token, choice.logprob or 0.0, pieces),
                "top_logprobs": [_token(token, value, pieces) for token, value in choice.top],
            }
            for choice in choices
        ],
        "refusal": None,
    }


def completion_logprobs(choices: Sequence[Choice], pieces: Pieces, offset: int = 0) -> Json:
    """Log-probabilities as a completion has them."""
    body: Json = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for choice in choices:
        text = _text(choice.token, pieces)
        body["tokens"].append(text)
        body["token_logprobs"].append(choice.logprob or 0.0)
        body["top_logprobs"].append({_text(token, pieces): value for token, value in choice.top})
        body["text_offset"].append(offset)
        offset += len(text)
    return body


def _token(token: int, logprob: float, pieces: Pieces) -> Json:
    """A token; a control token has a name and no bytes, because it is no part of the text."""
    name = pieces.control_name(token)
    return {
        "token": _text(token, pieces),
        "logprob": logprob,
        "bytes": None if name else list(pieces.piece_bytes(token)),
    }


def _text(token: int, pieces: Pieces) -> str:
    name = pieces.control_name(token)
    return name or pieces.piece_bytes(token).decode("utf-8", "replace")
