"""Answer objects as ``havoc ask --json`` prints them."""

from __future__ import annotations

from typing import Any

import msgspec

from havoc.tools.declaration import registry

LINE_A = [12.1, 12.3, 11.9, 12.0]
LINE_B = [12.8, 12.6, 13.0, 12.7]
HOSTILE = (
    "\x1b[31m\x1b]8;;http://example.org\x07<script>alert(1)</script>\u202e[bold red]$x$[/] {{7*7}}"
)


def comparison() -> dict[str, Any]:
    """A question answered with one call and two checks, one of which could not be run."""
    args = {
        "group1": LINE_B,
        "group2": LINE_A,
        "name1": "line B",
        "name2": "line A",
        "unit": "mm",
        "alternative": "greater",
        "alpha": 0.01,
    }
    result = registry.execute("t_test_two_sample", args)
    check = registry.execute("t_test_two_sample", args | {"equal_var": True})
    conclusion = "The mean of line B is above that of line A (t = 5.7966, df = 6, p < 0.001)."
    return {
        "question": "Is line B thicker than line A?\nA: 12.1 …  B: 12.8 …, alpha 1%",
        "status": "answered",
        "answer": f"{conclusion}\n\nThe difference is **0.7 mm**.\n\n- first\n- second\n\n"
        "| group | mean |\n|---|---|\n| line A | 12.075 |",
        "conclusion": conclusion,
        "confidence": 0.86,
        "caveats": ["Only four values a line."],
        "budget": "MEDIUM",
        "tool_calls": [
            call("r1", "t_test_two_sample", "answer", args, result.to_json()),
            call(
                "r2",
                "t_test_two_sample",
                "check",
                args,
                check.to_json(),
                why="Does it hold with pooled variances?",
                verdict="supports: the same direction",
            ),
            call(
                "r3",
                "normality",
                "check",
                {},
                None,
                why="Are the values normal?",
                error="group1: 4 values given, at least 8 needed",
            ),
        ],
        "citations": [
            {
                "id": "c1",
                "title": "NIST handbook",
                "source": "section 7.3.1",
                "quote": "The two-sample t-test",
            }
        ],
        "charts": [msgspec.to_builtins(chart) for chart in result.outcome.charts],
        "trace": [
            {"stage": "MODE", "summary": "comparison of two groups", "ms": 0.4},
            {"stage": "EXECUTE", "summary": "one call", "ms": 3.5},
        ],
        "model": "rules",
        "versions": {"havoc": "0.1.0"},
        "key_figures": [["mean of line B", "12.775 mm"], ["t", "5.7966"]],
        "roles": ["line B is the group that is claimed to be larger."],
        "figures": [
            {
                "text": "5.7966",
                "reference": "r1.t",
                "value": 5.796550698475785,
                "source": "t_test_two_sample of question[57:76]",
            }
        ],
        "dsl": "TEST t two_sample A=[12.8] B=[12.1] ALPHA 0.01",
        "python": 'import havoc\nhavoc.ask("…")',
        "checks": ["Leaving one value out does not change the decision."],
    }


def call(
    name: str,
    operation: str,
    purpose: str,
    args: dict[str, Any],
    result: dict[str, Any] | None,
    **more: str,
) -> dict[str, Any]:
    return {
        "id": name,
        "tool": "python_math",
        "operation": operation,
        "purpose": purpose,
        "args": args,
        "result": result,
        "error": None,
        "key": "0" * 64,
        "why": "",
        "verdict": "",
    } | more


def clarification() -> dict[str, Any]:
    return {
        "question": "Is it capable?",
        "status": "needs_clarification",
        "answer": "Which specification limits apply?",
        "conclusion": "Which specification limits apply?",
        "confidence": 0.0,
        "caveats": [],
        "budget": "MICRO",
        "tool_calls": [],
        "citations": [],
        "charts": [],
        "trace": [],
        "model": "rules",
        "versions": {},
    }


def hostile(text: str = HOSTILE) -> dict[str, Any]:
    """A user's text at every place of an answer."""
    from chart_examples import hostile as hostile_chart

    result = {"name": text, text: [text], "method": text}
    return {
        "question": text,
        "status": "answered",
        "answer": f"{text}\n\n- {text}\n\n| {text} |\n|---|\n| {text} |",
        "conclusion": text,
        "confidence": 0.5,
        "caveats": [text],
        "budget": text,
        "tool_calls": [
            call(text, text, "answer", {text: text}, result),
            call(text, text, "check", {"data": [text]}, result, why=text, verdict=text),
            call(text, text, "check", {}, None, error=text),
        ],
        "citations": [{"id": text, "title": text, "source": text, "quote": text}],
        "charts": [msgspec.to_builtins(hostile_chart(text))],
        "trace": [{"stage": text, "summary": text, "ms": 1.0}],
        "model": text,
        "versions": {text: text},
        "key_figures": [[text, text]],
        "roles": [text],
        "figures": [{"text": text, "reference": text, "value": text, "source": text}],
        "dsl": text,
        "python": text,
        "checks": [text],
    }
