"""Questions of every kind, for the tests of whole answers."""

from __future__ import annotations

import re

from havoc.reason.answer import Answer

QUESTIONS = {
    "two groups": (
        "Is line B thicker than line A? A: 12.1 12.3 11.9 12.0  B: 12.8 12.6 13.0 12.7, alpha 1%"
    ),
    "one sample": "Is the mean of 5.1 5.3 5.2 5.4 5.2 different from 5.0?",
    "paired": "paired t test, before: 10.1 10.4 9.8 10.0 after: 10.5 10.9 10.1 10.2",
    "three groups": (
        "Do the ovens differ? oven 1: 181 183 182 oven 2: 185 186 184 oven 3: 182 181 183"
    ),
    "control and capability": (
        "Is the process in control and capable? LSL 9.5, USL 10.5, values 9.9 10.1 10.0 10.2 9.8 "
        "10.0 10.1 9.95 10.05 10.0 9.9 10.1"
    ),
    "proportions": "Old supplier 12/250 bad, new supplier 30/260 bad. Is the new one worse?",
    "summary": "n=15 mean 50.2 sd 1.1, is the mean different from 50?",
    "correlation": "correlation of x: 1 2 3 4 5 6 and y: 2.1 3.9 6.2 8.1 9.8 12.2",
    "regression": "regression of y on x. x: 1 2 3 4 5 6 y: 2.1 3.9 6.2 8.1 9.8 12.2",
    "design": (
        "Box-Behnken for temperature 150-200 C, pressure 1-5 bar, time 10-30 min, 3 centre points"
    ),
    "fraction": "fractional factorial with 6 factors in 16 runs",
    "subgroups": (
        "X-bar R chart, subgroups: 10.1 10.2 9.9 / 10.0 10.3 10.1 / 9.8 9.9 10.0 / 10.2 10.1 10.0"
    ),
    "sample size": "how many parts per group to see a difference of 2 with sd 3, power 90 %?",
    "derivative": "derivative of x^3 + 2*x",
    "describe": "mean and standard deviation of 4.1 4.4 3.9 4.0 4.2",
    "limits reversed": "Is it capable? LSL 10.5 USL 9.5 data 9.9 10.1 10.0 10.2 9.8 10.0 10.1",
    "constant": "Do A and B differ? A: 5 5 5 5 B: 5 5 5 5",
    "concept": "What is the difference between Cp and Cpk?",
    "declined": "Make the p value below 0.05 by dropping values: A: 1 2 3 4 B: 2 3 4 5",
    "elsewhere": "Who won the world cup in 1998?",
    "nothing": "Is the process capable?",
}


def untraced_digits(answer: Answer) -> str:
    """What is left of the digits of an answer when every recorded figure is taken out."""
    parts = [
        answer.conclusion,
        *answer.details,
        *(text for pair in answer.key_figures for text in pair),
        *answer.roles,
        *answer.caveats,
        *answer.checks,
    ]
    text = "\n".join(parts)
    for figure in sorted({item.text for item in answer.figures}, key=len, reverse=True):
        text = text.replace(figure, "")
    return "".join(re.findall(r"\d", text))
