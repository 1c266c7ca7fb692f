"""What the planner's network reads, and what it may write.

The prompt is the view of the question (``reading.view``), followed by the names of the
hand-written wording rules that hit: what the rules know need not be learned from few questions.
An answer is a call whose operation is one piece of the vocabulary, or one of the statuses.
"""

from __future__ import annotations

from havoc.reading.question import Reading
from havoc.reading.view import question_view
from havoc.reason import patterns
from havoc.reason.wording import STATUSES
from havoc.tools import registry
from havoc.tools.facade import facade_of

MOST_HINTS = 6


def planner_prompt(reading: Reading, earlier_operation: str = "") -> str:
    """The text of the user's turn; slots in it are slot ids."""
    names = dict.fromkeys(name.rpartition(".")[0] for name in patterns.hits(reading.text))
    hints = " ".join(list(names)[:MOST_HINTS]).replace("_", " ")
    view = question_view(reading, earlier_operation)
    return f"{view} | {hints}" if hints else view


def call_opening(tool: str) -> str:
    """What stands before the name of the operation in a call of ``tool``."""
    return f'{{"tool":"{tool}","args":{{"operation":"'


def operation_piece(operation: str) -> str:
    """The piece of the vocabulary that names the operation in a call."""
    return f'{operation}"'


def status_piece(status: str) -> str:
    """What is written in place of a call."""
    return f'{{"status":"{status}"}}'


def vocabulary_pieces() -> list[str]:
    """Pieces that a planner's vocabulary has whole.

    So the choice of an operation is one token, and its logits are the planner's opinion.
    """
    openings = sorted({call_opening(facade_of(name)) for name in registry})
    names = [operation_piece(name) for name in sorted(registry)]
    return [*openings, *names, *(status_piece(name) for name in STATUSES)]
