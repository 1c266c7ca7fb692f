"""Who reads engineers' questions best: rules, n-grams, neighbours, a chat model, networks.

    python benchmarks/planner_table.py --networks runs/planner --fold ahnb --smollm2 150 \\
        --runs "0.8 M=ahnb,s1-ahnb,s2-ahnb" "without pretraining=np-ahnb"

All answer the questions of authors whom none of them has seen, and learn from the same records.
Each only names operations: binding the arguments, asking back and trying the next guess where the
data cannot carry the first is the same code for all. Several runs of a row differ by their seed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from planner_peers import (
    CharacterNgrams,
    EmbeddingNeighbours,
    Opinion,
    SmolLM2,
    hand_written_rules,
)
from table import print_table

from havoc.bundle import Bundle
from havoc.eval.plans import plan_matches
from havoc.eval.questions import operation_right, plan_refused
from havoc.infer import InferenceEngine, SamplingParams, load_backend
from havoc.reading.question import Reading, read_question
from havoc.reason.planner import Context, Plan
from havoc.reason.planner_model import ModelPlanner
from havoc.reason.planner_prompt import (
    call_opening,
    operation_piece,
    planner_prompt,
    status_piece,
)
from havoc.reason.questions import Question, read_questions
from havoc.reason.wording import STATUSES, Guess
from havoc.tokenizer.conversation import Segment, Turn, prompt_ids
from havoc.tokenizer.special import SPECIAL
from havoc.tools import registry
from havoc.tools.facade import facade_of

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 500
"""Requests that wait in the engine together."""
Right = NDArray[np.float64]
"""[questions, 2]: operation, whole plan."""


class _Given:
    """Guesses that are known already, as a model for ModelPlanner."""

    def __init__(self, guesses: list[Guess]) -> None:
        self._guesses = guesses

    def guesses(self, reading: Reading, earlier_operation: str = "") -> list[Guess]:
        return self._guesses


def plan_of(question: Question, reading: Reading, guesses: list[Guess]) -> Plan:
    """The plan that follows from guesses, arguments and questions back by the binders."""
    earlier = (question.context or {}).get("question")
    context = None
    if isinstance(earlier, str):
        operation = str((question.context or {}).get("op") or "")
        context = Context(reading=read_question(earlier), operation=operation)
    return ModelPlanner(_Given(guesses)).plan(reading, context)  # type: ignore[arg-type]


def right(question: Question, plan: Plan) -> tuple[bool, bool]:
    """Operation, and the whole plan."""
    named = operation_right(plan, question)
    return named, named and (plan_matches(plan, question) or plan_refused(plan, question))


def evaluate(
    items: Sequence[tuple[Question, Reading]],
    guess: Callable[[Question, Reading], list[Guess]],
    *,
    tried: int | None = None,
) -> Right:
    """``tried`` 1: what the first guess leads to, though another could be carried out."""
    found = []
    for question, reading in items:
        guesses = guess(question, reading)[:tried]
        found.append(right(question, plan_of(question, reading, guesses)))
    return np.array(found, float)


def records_without(path: Path, authors: str) -> tuple[list[str], list[str]]:
    """(texts, labels) of the records of one operation in which no word of ``authors`` stands."""
    texts, labels = [], []
    for line in path.read_text("utf-8").splitlines():
        record = json.loads(line)
        if set(record["meta"]["authors"]) & set(authors) or len(record["completion"]) > 1:
            continue
        (segment,) = record["completion"]
        label = (
            segment["tool"]["args"]["operation"]
            if "tool" in segment
            else json.loads(segment["text"])["status"]
        )
        texts.append(record["meta"]["question"])
        labels.append(label)
    return texts, labels


def opinions_of(path: Path) -> Callable[[Question, Reading], list[Guess]]:
    stored = json.loads(path.read_text("utf-8"))
    return lambda question, reading: [
        Guess(name=name, probability=share) for name, share in stored[question.id]
    ]


def written_freely(bundle: Bundle, items: Sequence[tuple[Question, Reading]]) -> list[Guess]:
    """What the network writes of its whole vocabulary: "unclear" where that names no operation."""
    tokenizer = bundle.tokenizer
    engine = InferenceEngine(load_backend(bundle), tokenizer)
    prompts = []
    for question, reading in items:
        before = str((question.context or {}).get("op") or "")
        turn = Turn("user", (Segment("text", planner_prompt(reading, before)),))
        prompts.append(prompt_ids([turn], tokenizer, slots=True)[-500:])
    written = {tuple(tokenizer.encode(status_piece(name))): name for name in STATUSES}
    for name in registry:
        pieces = call_opening(facade_of(name)), operation_piece(name)
        ids = (SPECIAL["<tool>"], *(i for piece in pieces for i in tokenizer.encode(piece)))
        written[ids] = name
    found = []
    for start in range(0, len(prompts), AT_ONCE):
        for result in engine.generate(
            prompts[start : start + AT_ONCE], SamplingParams(max_tokens=3)
        ):
            made = tuple(result.tokens)
            found.append(written.get(made[:1]) or written.get(made))
    print(f"{sum(name is None for name in found)} of {len(found)} name nothing that there is")
    return [Guess(name=name or "unclear", probability=1.0) for name in found]


def row(name: str, runs: Sequence[Right], count: int) -> tuple[object, ...]:
    """Means with the 95 % interval of the questions, and the spread of the seeds."""
    shares = np.array([run.mean(axis=0) for run in runs])
    half = 1.96 * np.mean([run.std(axis=0) for run in runs], axis=0) / np.sqrt(count)
    cells = []
    for column in (0, 1):
        spread = f", seeds {np.ptp(shares[:, column]) * 100:.1f}" if len(runs) > 1 else ""
        cells.append(f"{100 * shares[:, column].mean():.1f} ±{100 * half[column]:.1f}{spread}")
    return (name, count, *cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=Path, required=True, help="folder of train_planner.py")
    parser.add_argument("--fold", required=True, help="authors left out")
    parser.add_argument("--runs", nargs="*", default=[], help="NAME=run,run: networks of a row")
    parser.add_argument("--smollm2", type=int, default=0, help="questions for SmolLM2, drawn")
    parser.add_argument("--questions", type=Path, default=ROOT / "tests" / "questions")
    arguments = parser.parse_args()
    items = [
        (question, read_question(question.question))
        for author in arguments.fold
        for question in read_questions(arguments.questions / f"author-{author}.jsonl")
    ]
    texts, labels = records_without(arguments.networks / "all" / "train.jsonl", arguments.fold)
    print(f"{len(texts)} records to learn from, {len(items)} questions of others", flush=True)
    rows: list[tuple[object, ...]] = []

    def add(name: str, opinion: Opinion, some: Sequence[tuple[Question, Reading]]) -> None:
        found = evaluate(some, lambda question, reading: opinion(reading))
        rows.append(row(name, [found], len(some)))
        print(*rows[-1], flush=True)

    add("hand-written rules", hand_written_rules, items)
    add("character n-grams", CharacterNgrams(texts, labels), items)
    add("nearest neighbours, MiniLM", EmbeddingNeighbours(texts, labels), items)
    if arguments.smollm2:
        drawn = np.random.default_rng(0).choice(len(items), arguments.smollm2, replace=False)
        operations = sorted(set(labels) - set(STATUSES))
        add("SmolLM2-135M-Instruct", SmolLM2(operations), [items[n] for n in sorted(drawn)])
    for group in arguments.runs:
        name, _, runs = group.partition("=")
        guesses = [opinions_of(arguments.networks / f"{run}.json") for run in runs.split(",")]
        rows.append(row(name, [evaluate(items, guess) for guess in guesses], len(items)))
        if group == arguments.runs[0]:
            alone = [evaluate(items, guess, tried=1) for guess in guesses]
            rows.append(row(f"{name}, first guess only", alone, len(items)))
            bundle = Bundle.open(arguments.networks / runs.split(",")[0] / "bundle")
            free = iter(written_freely(bundle, items))
            found = evaluate(items, lambda question, reading, free=free: [next(free)])
            rows.append(row(f"{name}, first guess without the constraint", [found], len(items)))
    print_table(
        "Right in %, on authors that nobody learned from",
        ("opinion", "questions", "operation", "whole plan"),
        rows,
    )


if __name__ == "__main__":
    main()
