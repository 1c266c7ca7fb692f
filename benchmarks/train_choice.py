"""Learn how the planner chooses among candidate plans, from authors nobody had seen.

    python benchmarks/train_choice.py --networks runs/planner --folds ahnb ciog djlf ekm --check
    python benchmarks/train_choice.py --networks runs/planner --folds ahnb ciog djlf ekm

For every question the wording weights and the network come from a fold that left its author
out (``train_planner.py`` writes the network's opinions). Each candidate plan is compared with
the label; a conditional logit over the candidates' features learns to prefer those that are
right as a whole, and a logistic regression how probable it is that the chosen one is right.
What is printed leaves one author out once more, for both: rules, network and choice side by
side with paired differences, and the calibration. With ``--check`` nothing is written.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import train_wording
from numpy.typing import NDArray
from scipy.optimize import minimize
from table import print_table

from havoc.errors import InputError
from havoc.eval.plans import plan_matches
from havoc.eval.questions import operation_right, plan_refused
from havoc.reading.question import read_question
from havoc.reason import wording
from havoc.reason.auto_planner import FILE_NAME, Choice
from havoc.reason.candidates import FEATURES, Candidate, candidates
from havoc.reason.planner import Context
from havoc.reason.planner_model import ModelPlanner
from havoc.reason.questions import Question, read_questions
from havoc.reason.wording import Guess

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "havoc" / "reason" / FILE_NAME
PENALTY = 3.0
Floats = NDArray[np.float64]


@dataclass(slots=True)
class Item:
    """A question with its candidates: features [candidates, FEATURES] and what is right."""

    question: Question
    features: Floats
    whole: NDArray[np.bool_]
    operation: NDArray[np.bool_]
    network: tuple[bool, bool]


class _Opinion:
    """The guesses that a fold's network wrote down, as a model for ModelPlanner."""

    def __init__(self, guesses: list[Guess]) -> None:
        self._guesses = guesses

    def guesses(self, reading: object, earlier_operation: str = "") -> list[Guess]:
        return self._guesses


def fold_items(fold: str, authors: str, questions: Path, networks: Path, alone: bool) -> list[Item]:
    """The questions of the authors in ``fold``, planned by what has not seen them.

    With ``alone`` the choice is without the network's opinion, to see what that adds.
    """
    data = {
        author: [
            (item, read_question(item.question))
            for item in read_questions(questions / f"author-{author}.jsonl")
        ]
        for author in authors
    }
    single = [
        example
        for author in authors
        if author not in fold
        for example in data[author]
        if not isinstance(example[0].op, list)
    ]
    weights = train_wording.as_model(*train_wording.fit(single), wording.shipped().sharpness)
    opinions = json.loads((networks / f"{fold}.json").read_text("utf-8"))
    items = []
    for author in fold:
        for question, reading in data[author]:
            before = str((question.context or {}).get("op") or "")
            earlier = (question.context or {}).get("question")
            context = (
                Context(reading=read_question(earlier), operation=before)
                if isinstance(earlier, str)
                else None
            )
            guesses = wording.guess_with(weights, reading, before)
            network = [Guess(name=n, probability=p) for n, p in opinions[question.id]]
            found = candidates(reading, context, guesses, None if alone else network)
            plan = ModelPlanner(_Opinion(network)).plan(reading, context)  # type: ignore[arg-type]
            named = operation_right(plan, question)
            complete = named and (plan_matches(plan, question) or plan_refused(plan, question))
            items.append(
                Item(
                    question,
                    np.array([item.features for item in found]),
                    np.array([_whole(item, question) for item in found]),
                    np.array([operation_right(item.plan, question) for item in found]),
                    (named, complete),
                )
            )
    return items


def _whole(candidate: Candidate, question: Question) -> bool:
    return operation_right(candidate.plan, question) and (
        plan_matches(candidate.plan, question) or plan_refused(candidate.plan, question)
    )


def learn(items: Sequence[Item]) -> Choice:
    """Weights of the choice, then those of the probability that what it chooses is right."""
    features = np.concatenate([item.features for item in items])
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    starts = np.cumsum([0, *(len(item.features) for item in items)])[:-1]
    owner = np.repeat(np.arange(len(items)), [len(item.features) for item in items])
    wanted = np.concatenate(
        [item.whole if item.whole.any() else item.operation for item in items]
    ).astype(float)
    standardised = (features - mean) / scale
    possible = np.add.reduceat(wanted, starts) > 0

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = standardised @ weights
        exponents = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        shares = exponents / np.add.reduceat(exponents, starts)[owner]
        right = np.where(possible, np.maximum(np.add.reduceat(shares * wanted, starts), 1e-12), 1)
        gradient = (shares - shares * wanted / right[owner]) * possible[owner]
        value = -np.log(right).sum() + PENALTY * (weights @ weights) / 2
        return float(value), standardised.T @ gradient + PENALTY * weights

    weights = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x
    choice = Choice(mean=mean, scale=scale, weights=weights, calibration=np.zeros(0))
    described, correct = [], []
    for item in items:
        scores = choice.scores(item.features)
        place = int(np.argmax(scores))
        described.append(choice.evidence(item.features[place], scores, place))
        correct.append(float(item.whole[place]))
    return Choice(
        mean=mean, scale=scale, weights=weights, calibration=_logistic(described, correct)
    )


def _logistic(described: list[Floats], correct: list[float]) -> Floats:
    x, y = np.array(described), np.array(correct)

    def loss(weights: Floats) -> tuple[float, Floats]:
        z = x @ weights
        value = np.logaddexp(0, z).sum() - y @ z + PENALTY * (weights @ weights) / 2
        return float(value), x.T @ (1 / (1 + np.exp(-z)) - y) + PENALTY * weights

    result: Floats = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    return result


def chosen(choice: Choice, item: Item) -> tuple[int, float]:
    scores = choice.scores(item.features)
    place = int(np.argmax(scores))
    evidence = choice.evidence(item.features[place], scores, place)
    return place, float(1 / (1 + np.exp(-(choice.calibration @ evidence))))


def check(items: list[Item]) -> None:
    """One author left out at a time, also of the choice and its calibration."""
    rows, rules, network, auto, sure = [], [], [], [], []
    for author in sorted({item.question.author for item in items}):
        held = [item for item in items if item.question.author == author]
        choice = learn([item for item in items if item.question.author != author])
        picked = [chosen(choice, item) for item in held]
        results = {
            "rules": [(item.operation[0], item.whole[0]) for item in held],
            "network": [item.network for item in held],
            "auto": [(i.operation[p], i.whole[p]) for i, (p, _) in zip(held, picked, strict=True)],
        }
        rows.append(
            (
                author,
                len(held),
                *(f"{100 * np.mean([r[k] for r in results[name]]):.1f}" for k in (0, 1)
                  for name in results),
                f"{100 * np.mean([item.whole.any() for item in held]):.1f}",
            )
        )  # fmt: skip
        rules += results["rules"]
        network += results["network"]
        auto += results["auto"]
        sure += [probability for _, probability in picked]
    everything = [("rules", rules), ("network", network), ("auto", auto)]
    rows.append(
        (
            "all",
            len(rules),
            *(f"{100 * np.mean([r[k] for r in results]):.1f}" for k in (0, 1)
              for _, results in everything),
            f"{100 * np.mean([item.whole.any() for item in items]):.1f}",
        )
    )  # fmt: skip
    names = ("rules", "network", "auto")
    print_table(
        "Right in % (each author left out of wording, network, choice and calibration)",
        ("author", "questions", *(f"operation {n}" for n in names), *(f"plan {n}" for n in names),
         "plan at best"),
        rows,
    )  # fmt: skip
    for name, other in (("rules", rules), ("network", network)):
        difference = np.array([a[1] for a in auto], float) - np.array([r[1] for r in other], float)
        half = 1.96 * difference.std() / np.sqrt(len(difference))
        print(
            f"whole plan, auto minus {name}: {100 * difference.mean():+.1f} points "
            f"({100 * (difference.mean() - half):+.1f} to {100 * (difference.mean() + half):+.1f})"
        )
    _calibration(np.array(sure), np.array([right for _, right in auto], float))


def _calibration(sure: Floats, right: Floats) -> None:
    rows, error = [], 0.0
    for low in np.arange(0, 1, 0.1):
        inside = (sure >= low) & (sure < low + 0.1 + (low > 0.85))
        if inside.any():
            said, true = sure[inside].mean(), right[inside].mean()
            error += inside.mean() * abs(said - true)
            rows.append(
                (f"{low:.1f} to {low + 0.1:.1f}", int(inside.sum()), f"{said:.3f}", f"{true:.3f}")
            )
    print_table(
        "Calibration of the whole plan", ("probability", "questions", "said", "right"), rows
    )
    high = sure >= 0.9
    print(f"expected calibration error {error:.3f}; of {high.sum()} plans with 0.9 or more, "
          f"{100 * right[high].mean():.1f} % are right")  # fmt: skip


def write(choice: Choice) -> None:
    np.savez_compressed(
        TARGET,
        features=np.array("\n".join(FEATURES)),
        mean=choice.mean,
        scale=choice.scale,
        weights=choice.weights,
        calibration=choice.calibration,
    )
    for name, weight in sorted(
        zip(FEATURES, choice.weights, strict=True), key=lambda w: -abs(w[1])
    ):
        print(f"{weight:+.3f}  {name}")
    print(f"{TARGET.stat().st_size} bytes in {TARGET}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=Path, required=True, help="folder of train_planner.py")
    parser.add_argument("--folds", nargs="+", required=True, help="authors left out together")
    parser.add_argument("--questions", type=Path, default=ROOT / "tests" / "questions")
    parser.add_argument("--check", action="store_true", help="print the table, write nothing")
    parser.add_argument(
        "--without-network", action="store_true", help="choose by wording and data (with --check)"
    )
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    authors = "".join(arguments.folds)
    if len(set(authors)) != len(authors):
        raise InputError("names an author twice", where="--folds")
    alone = arguments.without_network
    if alone and not arguments.check:
        raise InputError("learns no weights that ship", where="--without-network", remedy="--check")
    each = [
        (fold, authors, arguments.questions, arguments.networks, alone) for fold in arguments.folds
    ]
    with ProcessPoolExecutor(arguments.processes) as pool:
        parts = list(pool.map(fold_items, *zip(*each, strict=True)))
    items = [item for part in parts for item in part]
    check(items)
    if not arguments.check:
        write(learn(items))


if __name__ == "__main__":
    main()
