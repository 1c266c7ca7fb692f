"""Learn the weights of ``havoc.reason.wording`` from labelled questions.

    python benchmarks/train_wording.py --check      # one author left out at a time
    python benchmarks/train_wording.py              # train on all, write the weights

Authors r and s are never read here: they are the held-out authors of the report.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from havoc.reading.question import Reading, read_question
from havoc.reason import wording
from havoc.reason.questions import Question, read_questions

ROOT = Path(__file__).resolve().parent.parent
AUTHORS = "abcdefhijklmnopq"
ALWAYS_TRAINED = "g"
"""Our own terse wording: in every training set, never in a validation set."""
USUAL = "abcdefhijklmnopq"
"""Authors who ask for what engineers ask for; t to z ask for the other methods, all alike often."""
RARE = 0.15
"""Taken from the scores of operations that no usual author asks for."""
KEPT_FEATURES = 20_000
TARGET = ROOT / "src" / "havoc" / "reason" / "wording.npz"

Example = tuple[Question, Reading]


def load() -> dict[str, list[Example]]:
    return {
        author: [
            (question, read_question(question.question))
            for question in read_questions(ROOT / "tests" / "questions" / f"author-{author}.jsonl")
            if not isinstance(question.op, list)
        ]
        for author in AUTHORS + ALWAYS_TRAINED
    }


def misspelled(question: Question, seed: int) -> Question:
    """The question as a hurried hand types it: letters dropped, doubled or swapped."""
    source = random.Random(f"{seed}{question.id}")
    words = question.question.split(" ")
    for index, word in enumerate(words):
        if len(word) >= 5 and word.isalpha() and source.random() < 0.12:
            at = source.randrange(1, len(word) - 2)
            words[index] = source.choice(
                (
                    word[:at] + word[at + 1 :],
                    word[:at] + word[at] + word[at:],
                    word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                )
            )
    return msgspec.structs.replace(question, question=" ".join(words))


def with_misspellings(examples: list[Example]) -> list[Example]:
    typed = [misspelled(question, 1) for question, _ in examples]
    return [*examples, *((question, read_question(question.question)) for question in typed)]


def context_of(question: Question) -> str:
    return str((question.context or {}).get("op") or "")


def inverse_document_frequency(examples: list[Example]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for question, reading in examples:
        text = wording.masked(reading.text)
        if context_of(question):
            text += f" CTX_{context_of(question)}"
        counts.update({**wording.words(text), **wording.characters(text)}.keys())
    total = len(examples)
    return {
        name: math.log((1 + total) / (1 + count)) + 1
        for name, count in counts.items()
        if count >= 2
    }


def matrix(
    examples: list[Example], idf: dict[str, float], columns: dict[str, int], grow: bool
) -> csr_matrix:
    values, indices, starts = [], [], [0]
    for question, reading in examples:
        for name, value in wording.features(reading, context_of(question), idf).items():
            if grow:
                columns.setdefault(name, len(columns))
            if name in columns:
                values.append(value)
                indices.append(columns[name])
        starts.append(len(values))
    return csr_matrix((values, indices, starts), shape=(len(examples), len(columns)))


def fit(examples: list[Example]) -> tuple[LinearSVC, dict[str, float], dict[str, int]]:
    """Fit on all features, keep the strongest, fit again on those."""
    examples = with_misspellings(examples)
    idf = inverse_document_frequency(examples)
    columns: dict[str, int] = {}
    features = matrix(examples, idf, columns, grow=True)
    labels = [question.label for question, _ in examples]
    model = LinearSVC(C=0.5).fit(features, labels)
    strength = np.abs(model.coef_).max(axis=0)
    names = list(columns)
    kept = {names[i] for i in np.argsort(-strength)[:KEPT_FEATURES]}
    kept |= {name for name in names if name[:2] in {"r:", "s:"}}
    columns = {name: index for index, name in enumerate(sorted(kept))}
    idf = {name: value for name, value in idf.items() if name in kept}
    features = matrix(examples, idf, columns, grow=False)
    model = LinearSVC(C=0.5).fit(features, labels)
    usual = {question.label for question, _ in examples if question.author in USUAL}
    model.intercept_ -= RARE * np.array([name not in usual for name in model.classes_])
    return model, idf, columns


def as_model(
    model: LinearSVC, idf: dict[str, float], columns: dict[str, int], sharpness: float
) -> wording.WordingWeights:
    """What was learned, as the planner takes it."""
    return wording.WordingWeights(
        classes=[str(name) for name in model.classes_],
        rows=columns,
        idf={name: idf.get(name, 1.0) for name in columns},
        weights=model.coef_.T.astype(np.float32),
        scale=np.ones(len(model.classes_), np.float32),
        bias=model.intercept_.astype(np.float32),
        sharpness=sharpness,
    )


def check(data: dict[str, list[Example]], authors: str, dump: Path | None) -> None:
    correct: list[float] = []
    lines = []
    for held_out in authors:
        train = [item for author in data if author != held_out for item in data[author]]
        model, idf, columns = fit(train)
        predicted = model.predict(matrix(data[held_out], idf, columns, grow=False))
        truth = [question.label for question, _ in data[held_out]]
        share = float(np.mean([a == b for a, b in zip(predicted, truth, strict=True)]))
        correct.append(share)
        scores = model.decision_function(matrix(data[held_out], idf, columns, grow=False))
        for (question, _), row in zip(data[held_out], scores, strict=True):
            best = np.argsort(-row)[:6]
            ranked = [[str(model.classes_[i]), round(float(row[i]), 4)] for i in best]
            lines.append(json.dumps({"id": question.id, "label": question.label, "best": ranked}))
        print(f"author {held_out} left out: {share:.3f} of {len(truth)}")
    print(f"mean {np.mean(correct):.3f}")
    if dump is not None:
        dump.write_text("\n".join(lines) + "\n", "utf-8")


def sharpness(model: LinearSVC, data: dict[str, list[Example]]) -> float:
    """Scale of the margins at which the probability of a held-out author's label is highest."""
    margins, truth = [], []
    for held_out in AUTHORS[:2]:
        train = [item for author in data if author != held_out for item in data[author]]
        fold, idf, columns = fit(train)
        margins.append(fold.decision_function(matrix(data[held_out], idf, columns, grow=False)))
        classes = list(fold.classes_)
        truth += [
            classes.index(question.label) if question.label in classes else -1
            for question, _ in data[held_out]
        ]
    scores = np.vstack(margins)
    target = np.array(truth)
    known = target >= 0
    best, best_loss = 1.0, math.inf
    for scale in np.linspace(1, 12, 45):
        scaled = scores * scale
        log_total = np.log(np.exp(scaled - scaled.max(axis=1, keepdims=True)).sum(axis=1)) + (
            scaled.max(axis=1)
        )
        loss = float((log_total - scaled[np.arange(len(target)), target])[known].mean())
        if loss < best_loss:
            best, best_loss = float(scale), loss
    return best


def write(data: dict[str, list[Example]]) -> None:
    examples = [item for author in data for item in data[author]]
    model, idf, columns = fit(examples)
    names = list(columns)
    weights = model.coef_.T.astype(np.float32)
    scale = np.abs(weights).max(axis=0) / 127
    np.savez_compressed(
        TARGET,
        classes=np.array("\n".join(model.classes_)),
        names=np.array("\n".join(names)),
        idf=np.array([idf.get(name, 1.0) for name in names], dtype=np.float16),
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        bias=model.intercept_.astype(np.float32),
        sharpness=np.array(sharpness(model, data)),
    )
    print(f"{len(examples)} questions, {len(names)} features, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="leave one author out at a time")
    parser.add_argument("--authors", default=AUTHORS, help="those that --check leaves out")
    parser.add_argument("--dump", type=Path, help="write the held-out scores of --check there")
    arguments = parser.parse_args()
    loaded = load()
    if arguments.check:
        check(loaded, arguments.authors, arguments.dump)
    else:
        write(loaded)
