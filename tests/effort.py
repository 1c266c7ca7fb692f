"""How much work something takes, in processor time: other work on the machine does not count."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class TooMuchWork(AssertionError):
    """What was to be quick is not; raised where it had got to."""


@contextlib.contextmanager
def processor_seconds(most: float, what: str = "this") -> Iterator[None]:
    """Stop the block with TooMuchWork once it has computed for ``most`` seconds.

    Meant for bounds far above the need of an algorithm that is linear and far below
    that of one that is not; a regular expression is stopped too while it searches.
    """

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TooMuchWork(f"{what} takes more than {most:g} seconds of computing")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
