"""Guesses of what comes next, from what was there: the network checks several at once.

Where a text repeats itself (it quotes its prompt, or a result), what followed the last three
tokens before is likely to follow again (prompt lookup: Saxena 2023). The network reads a guess
together with the token before it and chooses at each place as it would have alone (Leviathan et
al. 2023, arXiv 2211.17192): a guess costs time where it is wrong, and changes no token.
"""

from __future__ import annotations

from collections.abc import Sequence

LENGTH = 3
LEAST, MOST = 2, 12
COLD = 16
"""Guesses that are left out after one that was wrong from its first token."""


class Drafts:
    """Guesses for one request. Each is as long as the ones before it were right."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, ...], int] = {}
        self._seen = 0
        self._size = 4
        self._cold = 0

    def guess(self, tokens: Sequence[int], most: int) -> list[int]:
        """Up to ``most`` tokens that may follow ``tokens``; none where nothing was like this."""
        for end in range(max(self._seen, LENGTH), len(tokens)):
            self._after[tuple(tokens[end - LENGTH : end])] = end
        self._seen = len(tokens)
        place = self._after.get(tuple(tokens[-LENGTH:]))
        if place is None or most < 1:
            return []
        if self._cold:
            self._cold -= 1
            return []
        return list(tokens[place : place + min(self._size, most)])

    def learn(self, guessed: int, right: int) -> None:
        """How many of the guessed tokens were right."""
        if right == guessed:
            self._size = min(2 * self._size, MOST)
        else:
            self._size = max(LEAST, right + 1)
            if not right:
                self._cold = COLD
