"""How an answer is reached: the eight stages, their planners and the audit."""

from havoc.reason.answer import Answer, answer_schema
from havoc.reason.ask import ask

__all__ = ["Answer", "answer_schema", "ask"]
