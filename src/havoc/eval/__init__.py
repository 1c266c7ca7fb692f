"""Measuring the analyst: question sets, graders and reports."""

from havoc.eval.questions import Report, evaluate_questions

__all__ = ["Report", "evaluate_questions"]
