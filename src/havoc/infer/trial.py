"""Whether a constraint of a stranger compiles, tried in a process of its own.

A grammar can take minutes to compile in spite of every limit of llguidance (the remainders of a
``multipleOf``), take all memory, or end the process (rules that nest without end exhaust the
stack). Here it does so in a process that is stopped after ``DEADLINE`` seconds. What compiled
there within the limits is compiled again by whoever asked.
"""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from havoc.errors import InputError

DEADLINE = 5
"""Seconds of processor time; of the clock, where others use the processor, three times as many."""
MOST_AT_ONCE = 2
MOST_MEMORY = 2 << 30
MOST_SYMBOLS = 500_000
MOST_FUEL = 2_000_000
STACK = 4 << 20
"""Of the trial: half of what a thread has elsewhere, so that what fits here fits there."""
OUT_OF_TIME = -int(getattr(signal, "SIGXCPU", 0)) or 99
_places = threading.BoundedSemaphore(MOST_AT_ONCE)


def try_out(source: str, pieces: Sequence[bytes], special: Sequence[int], eos: int) -> None:
    """Compile ``source`` for a vocabulary in another process. InputError: it cannot be.

    ``special`` are the ids that stand for no text. A few are tried at once; whoever comes on top
    waits for them.
    """
    asked = {
        "source": source,
        "pieces": [base64.b64encode(piece).decode() for piece in pieces],
        "special": list(special),
        "eos": eos,
        "seconds": DEADLINE,
    }
    if not _places.acquire(timeout=6 * DEADLINE):
        raise _refused("too many others are being compiled", "ask again later")
    try:
        tried = subprocess.run(
            # this file alone: to import the engine would take longer than most compilations
            [sys.executable, "-P", __file__],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=3 * DEADLINE,
        )
        ended = tried.returncode
    except subprocess.TimeoutExpired:
        ended = OUT_OF_TIME
    finally:
        _places.release()
    if ended == OUT_OF_TIME:
        raise _refused(f"it takes longer than {DEADLINE} s to compile")
    if ended:
        raise _refused("the compiler ran out of memory or stack")
    said = tried.stdout.decode(errors="replace")
    if said:
        raise _refused(" ".join(said.split())[:300])


def _refused(what: str, remedy: str = "correct or simplify it") -> InputError:
    return InputError(f"no grammar can be made of it ({what})", where="constraint", remedy=remedy)


class _Vocabulary:
    """What llguidance asks of a vocabulary. How text is cut does not matter here: by bytes."""

    def __init__(self, pieces: list[bytes], special: list[int], eos: int) -> None:
        self.eos_token_id = self.bos_token_id = eos
        self.tokens = pieces
        self.special_token_ids = special
        self._ids = {piece: number for number, piece in enumerate(pieces) if len(piece) == 1}

    def __call__(self, text: str | bytes) -> list[int]:
        raw = text.encode() if isinstance(text, str) else text
        return [self._ids[raw[place : place + 1]] for place in range(len(raw))]


def _compile(asked: dict[str, Any]) -> str:
    """What is wrong with it, after the first mask too; nothing where all is well."""
    from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper

    pieces = [base64.b64decode(piece) for piece in asked["pieces"]]
    words = LLTokenizer(TokenizerWrapper(_Vocabulary(pieces, asked["special"], asked["eos"])))
    limits = LLParserLimits(max_grammar_size=MOST_SYMBOLS, initial_lexer_fuel=MOST_FUEL)
    matcher = LLMatcher(words, asked["source"], log_level=0, limits=limits)
    if not matcher.is_error():
        matcher.compute_bitmask()
    return str(matcher.get_error()) if matcher.is_error() else ""


def main() -> None:
    """Read what is to be compiled, and say what is wrong with it."""
    asked = json.load(sys.stdin)
    try:
        import resource
    except ImportError:  # this system has no such limits
        pass
    else:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (asked["seconds"], asked["seconds"] + 1))
    threading.stack_size(STACK)
    thread = threading.Thread(target=lambda: sys.stdout.write(_compile(asked)))
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
