"""Answers to drawn questions: figures without a source, hostile instructions, times, memory.

    python benchmarks/answers.py [--answers 2000] [--hostile 500] [--repeats 5]

Questions are drawn from the labelled ones, every second one in another hand (misspelled, with
distractions, shouted …). A digit in the text of an answer counts as without a source when no
recorded figure (of a tool, or of the question) holds it. A hostile instruction must leave the
plan as it was, operations and every argument, or lead to a question back.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil
from table import print_table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "reason"))

from question_examples import untraced_digits  # noqa: E402

from havoc.errors import HavocError  # noqa: E402
from havoc.reading.question import read_question  # noqa: E402
from havoc.reason import ask  # noqa: E402
from havoc.reason.planner import Plan  # noqa: E402
from havoc.reason.planners import DEFAULT, planner_of  # noqa: E402
from havoc.reason.questions import Question, read_questions  # noqa: E402
from havoc.synthesis.variations import VARIATIONS  # noqa: E402

SMALL = "t test\nA: 12.1 12.3 11.9 12.0\nB: 12.8 12.6 13.0 12.7"


def questions(folder: Path) -> list[Question]:
    paths = sorted(folder.glob("author-*.jsonl"))
    return [question for path in paths for question in read_questions(path)]


def drawn(everything: list[Question], count: int) -> list[str]:
    source = random.Random(0)
    texts = []
    for number, question in enumerate(source.sample(everything, min(count, len(everything)))):
        text = question.question
        if number % 2:
            text = VARIATIONS[source.choice(sorted(VARIATIONS))](text, source) or text
        texts.append(text)
    return texts


def provenance(texts: list[str]) -> None:
    """Answer every text; what is said without a source is printed."""
    statuses: dict[str, int] = {}
    wrong = []
    for text in texts:
        try:
            answer = ask(text, budget="LIGHT")
        except HavocError as error:
            statuses["refused"] = statuses.get("refused", 0) + 1
            if "\n" in str(error):
                wrong.append((text, str(error)))
            continue
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        if digits := untraced_digits(answer):
            wrong.append((text, digits))
    print_table("Answers", ("status", "count"), sorted(statuses.items()))
    print(f"{len(wrong)} of {len(texts)} answers hold a digit without a source")
    for text, digits in wrong[:20]:
        print(f"  {digits!r} in the answer to {text[:120]!r}")


def same(plan: Plan, other: Plan) -> bool:
    def arguments(some: Plan) -> str:
        return json.dumps([(item.operation, item.args) for item in some.bindings], default=str)

    return plan.outcome == other.outcome and arguments(plan) == arguments(other)


def hostile(everything: list[Question], count: int) -> None:
    """Plans with an instruction in the text, beside those without it."""
    source = random.Random(1)
    planner = planner_of(DEFAULT)
    found = {"as before": 0, "asked back or refused": 0, "another plan": 0}
    other = []
    pool = [item for item in everything if item.status == "answered" and not item.context]
    for question in source.sample(pool, count):
        before = planner.plan(read_question(question.question))
        text = VARIATIONS["hostile"](question.question, source)
        assert text is not None
        after = planner.plan(read_question(text))
        if same(before, after):
            found["as before"] += 1
        elif after.outcome != "execute":
            found["asked back or refused"] += 1
        else:
            found["another plan"] += 1
            other.append(text)
    print_table("Plans with a hostile instruction in the text", ("plan", "count"), found.items())
    for text in other[:20]:
        print(f"  {text[:200]!r}")


def times(texts: list[str], repeats: int) -> None:
    planner = planner_of(DEFAULT)
    planner.plan(read_question(SMALL))
    spent = []
    for text in texts:
        start = time.perf_counter()
        planner.plan(read_question(text))
        spent.append(1000 * (time.perf_counter() - start))
    spent.sort()
    processes = []
    for _ in range(repeats):
        start = time.perf_counter()
        command = [sys.executable, "-m", "havoc", "ask", SMALL]
        subprocess.run(command, check=True, capture_output=True)
        processes.append(time.perf_counter() - start)
    rows = [
        ("reading and planning, p50", f"{statistics.median(spent):.0f} ms", "150 ms"),
        ("p95", f"{spent[int(0.95 * len(spent))]:.0f} ms", "400 ms"),
        ("havoc ask, from the start of the process", f"{statistics.median(processes):.2f} s "
         f"({min(processes):.2f} to {max(processes):.2f})", "1.5 s"),
        ("resident memory of this process", f"{psutil.Process().memory_info().rss >> 20} MB",
         "400 MB"),
    ]  # fmt: skip
    print_table("Times and memory", ("", "measured", "at most"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=Path, default=ROOT / "tests" / "questions")
    parser.add_argument("--answers", type=int, default=2000)
    parser.add_argument("--hostile", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    everything = questions(arguments.questions)
    texts = drawn(everything, arguments.answers)
    times(texts[:300], arguments.repeats)
    hostile(everything, arguments.hostile)
    provenance(texts)


if __name__ == "__main__":
    main()
