"""Bodies that were valid once: values exchanged, names changed, bytes flipped, ends cut off."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from live_server import QUESTION

CHAT = {
    "model": "havoc-raw",
    "messages": [{"role": "user", "content": "A design"}],
    "max_tokens": 4,
}
VALID: dict[str, Any] = {
    "/ask": {"question": QUESTION, "data": {"x": [1, 2, 3], "g": ["a", "b", "a"]},
             "budget": "LIGHT", "uploads": [], "stream": False},
    "/completion": {"prompt": "The mean", "max_new_tokens": 4, "temperature": 0.5, "top_p": 0.9,
                    "top_k": 10, "seed": 1, "stop_sequences": ["x"], "stream": False},
    "/generate": {"prompt": "The mean", "max_new_tokens": 4, "stream": True},
    "/chat": {"messages": [{"role": "user", "content": "x"}], "max_new_tokens": 4},
    "/dsl": {"script": "DESCRIBE @a.x\nSPC i_mr DATA [5.1, 5.3, 5.2, 5.0]",
             "data": {"a": {"x": [1, 2]}}},
    "/sessions": {"title": "x"},
    "/tools/describe": {"data": [1.0, 2.0, 3.0]},
    "/tools/t_test_two_sample": {"group1": [1, 2, 3], "group2": [2, 3, 5], "alpha": 0.05},
    "/tools/box_behnken": {"factors": 3},
    "/tools/one_way_anova": {"groups": {"a": [1, 2, 3], "b": [2, 3, 4]}},
    "/v1/chat/completions": {**CHAT, "logprobs": True, "top_logprobs": 2, "seed": 1, "stop": ["a"],
                             "response_format": {"type": "json_object"}, "n": 1,
                             "stream_options": {"include_usage": True}, "stream": True},
    "/v1/completions": {"model": "havoc-raw", "prompt": ["The mean"], "max_tokens": 4,
                        "logprobs": 1, "logit_bias": {"300": 1}},
    "/v1/embeddings": {"model": "havoc-embed", "input": ["The mean", "A chart"],
                       "encoding_format": "float", "dimensions": 384},
    "/kb/search": {"query": "What is a control chart?", "base": "builtin", "k": 3},
    "/mcp": {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
             "params": {"name": "describe", "arguments": {"data": [1, 2, 3]}}},
}  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 3, 2**31, 2**53 + 1, 2**63, 10**40, 0.5, -0.0, 1e-320, 1e308, "",
    "x", "0", "\0", "\u202e", "\ufeff", "<tool>", "{{r1.p}}", "=1+1", "../x", "a" * 5_000,
    "\N{GREEK SMALL LETTER MU}" * 50, "NaN", [], {}, [[]], [None], [1, "a"], {"": None}, {"a": {}},
    [1e308, -1e308], [0] * 200, ["a"] * 50, {"a": [1, 2], "b": [1]}, [{"a": 1}, {"b": 2}],
]  # fmt: skip


def fuzzed(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Paths and bodies; the same seed gives the same."""
    draw = random.Random(seed)
    paths = list(VALID)
    for number in range(count):
        path = paths[number % len(paths)]
        body = copy.deepcopy(VALID[path])
        for _ in range(draw.choice((1, 1, 1, 2, 3))):
            body = _changed(body, draw)
        encoded = json.dumps(body, ensure_ascii=draw.random() < 0.5).encode("utf-8", "replace")
        yield path, _damaged(encoded, draw) if draw.random() < 0.15 else encoded


def _changed(body: Any, draw: random.Random) -> Any:
    """``body`` with one part exchanged, dropped, renamed or doubled."""
    parts = list(_parts(body)) if isinstance(body, dict | list) else []
    if not parts or draw.random() < 0.03:
        return draw.choice(VALUES)
    holder, key = draw.choice(parts)
    way = draw.random()
    if way < 0.7:
        holder[key] = copy.deepcopy(draw.choice(VALUES))
    elif way < 0.8:
        del holder[key]
    elif isinstance(holder, dict):
        holder[str(draw.choice(VALUES))[:40]] = holder[key]
    else:
        holder.extend([holder[key]] * draw.choice((1, 10)))
    return body


def _parts(body: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(body) if isinstance(body, dict) else range(len(body))
    for key in keys:
        yield body, key
        if isinstance(body[key], dict | list):
            yield from _parts(body[key])


def _damaged(body: bytes, draw: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(changed) or 1)
        way = draw.random()
        if way < 0.4 and changed:
            changed[place] = draw.randrange(256)
        elif way < 0.7:
            changed[place:place] = draw.choice(
                [b"[", b"{", b'"', b"\\", b"\x00", b"\xff", b",", b"}"]
            )
        else:
            del changed[place:]
    return bytes(changed)
