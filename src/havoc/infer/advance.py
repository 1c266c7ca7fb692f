"""What a step brings to one request: its next tokens, what they force, and whether it ends."""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

from havoc.infer.backend import Logits
from havoc.infer.requests import Request
from havoc.infer.sampling import Choice, choose


class Progress(NamedTuple):
    """``reason`` is why the request ends (none: it goes on); ``right`` counts the guesses that
    the network confirmed, whose keys and values are there already."""

    text: str
    choices: tuple[Choice, ...]
    reason: str | None
    right: int


def advance(
    request: Request, logits: Logits, row: int, *, eos: int | None, context: int
) -> Progress:
    """Go on with ``request`` by the logits from ``row``: one, and one for each guess.

    Raises InputError where nothing may follow, or where the network overflowed.
    """
    text, choices, reason, right = "", [], None, 0
    for place in range(len(request.draft) + 1):
        chosen, ended = _next(request, logits, row + place, eos, context)
        if chosen:
            text += request.add(chosen)
            choices += chosen
        if request.stream.stopped or ended:
            reason = "stop"
        elif room(request, context) <= 0:
            reason = "length"
        if reason or place == len(request.draft) or chosen[0].token != request.draft[place]:
            break
        right += 1
    return Progress(text, tuple(choices), reason, right)


def room(request: Request, context: int) -> int:
    """Tokens that may still come."""
    return min(request.params.max_tokens - request.made, context - len(request.tokens))


def _next(
    request: Request, logits: Logits, row: int, eos: int | None, context: int
) -> tuple[list[Choice], bool]:
    """The next token with those that it forces, and whether the text ends after them."""
    best = int(logits.best[row])
    if request.plain and best >= 0:
        choice = Choice(best)
    else:
        choice = choose(
            logits.values[row],
            request.params,
            len(request.tokens),
            request.prompt_counts,
            request.made_counts,
        )
    if _ends(request, choice.token, eos):
        return [], True
    matcher = request.matcher
    if matcher is None:
        return [choice], False
    matcher.accept([choice.token])
    forced = matcher.forced()[: max(0, room(request, context) - 1)]
    if not forced:
        return [choice], matcher.complete
    taken = list(takewhile(lambda token: not _ends(request, token, eos), forced))
    matcher.accept(taken)
    ended = matcher.complete or len(taken) < len(forced)
    return [choice, *map(Choice, taken)], ended


def _ends(request: Request, token: int, eos: int | None) -> bool:
    # where the constraint is met nothing can follow, whatever is ignored
    goes_on = request.params.ignore_eos and request.matcher is None
    return (token == eos and not goes_on) or token in request.params.stop_ids
