"""Learn how the planner chooses among candidate plans, from authors nobody had seen.

    python benchmarks/train_choice.py --networks runs/planner --folds ahnb ciog djlf ekm --check
    python benchmarks/train_choice.py --networks runs/planner --folds ahnb ciog djlf ekm

For every question the wording weights and the network come from a fold that left its author
out (``train_planner.py`` writes the network's opinions). Each candidate plan is compared with
the label; a conditional logit over the candidates' features learns to prefer those that are
right as a whole, and a logistic regression how probable it is that the chosen one is right.
What is printed leaves one author out once more, for both: side by side with paired differences
hand-written rules and character n-grams (both with the same binders), the rules planner, which
weighs the two, the network and the choice; what was refused that must be; and the calibration.
With ``--check`` nothing is written.
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
from planner_peers import CharacterNgrams, hand_written_rules
from planner_table import plan_of, right
from scipy.optimize import minimize
from table import print_table

from havoc.errors import InputError
from havoc.eval.questions import plan_refused
from havoc.reading.question import read_question
from havoc.reason import wording
from havoc.reason.auto_planner import FILE_NAME, Choice
from havoc.reason.candidates import FEATURES, Candidate, candidates
from havoc.reason.planner import Context
from havoc.reason.questions import Question, read_questions
from havoc.reason.wording import Guess

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "havoc" / "reason" / FILE_NAME
PENALTY = 3.0
OFTEN = 3.0
"""How much more a question of a usual author counts than one of those who ask for every method."""
Floats = NDArray[np.float64]


@dataclass(slots=True)
class Item:
    """A question with its candidates: features [candidates, FEATURES] and what is right."""

    question: Question
    labels: list[str]
    features: Floats
    whole: NDArray[np.bool_]
    operation: NDArray[np.bool_]
    refused: NDArray[np.bool_]
    peers: dict[str, tuple[bool, bool]]


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
    typed = train_wording.with_misspellings(single)
    ngrams = CharacterNgrams(
        [reading.text for _, reading in typed], [question.label for question, _ in typed]
    )
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
            outcomes = np.array([right(question, item.plan) for item in found])
            others = {
                "by hand": hand_written_rules(reading),
                "n-grams": ngrams(reading),
                "network": network,
            }
            items.append(
                Item(
                    question,
                    [item.labels[0] for item in found],
                    np.array([item.features for item in found]),
                    outcomes[:, 1],
                    outcomes[:, 0],
                    np.array([_refused(item, question) for item in found]),
                    {
                        name: right(question, plan_of(question, reading, guesses))
                        for name, guesses in others.items()
                    },
                )
            )
    return items


def _refused(candidate: Candidate, question: Question) -> bool:
    """Nothing is computed: another status, a question back, or data that the tool refuses."""
    return candidate.plan.outcome != "execute" or plan_refused(candidate.plan, question)


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
    usual = np.array([item.question.author in train_wording.USUAL for item in items])
    heft = np.where(usual, OFTEN, 1.0) * possible

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = standardised @ weights
        exponents = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        shares = exponents / np.add.reduceat(exponents, starts)[owner]
        right = np.where(possible, np.maximum(np.add.reduceat(shares * wanted, starts), 1e-12), 1)
        gradient = (shares - shares * wanted / right[owner]) * heft[owner]
        value = -(heft * np.log(right)).sum() + PENALTY * (weights @ weights) / 2
        return float(value), standardised.T @ gradient + PENALTY * weights

    weights = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x
    operations = tuple(sorted({label for item in items for label in item.labels}))
    choice = Choice(mean, scale, weights, np.zeros(0), operations)
    described, correct = [], []
    for item in items:
        place, evidence = _evidence(choice, item)
        described.append(evidence)
        correct.append(float(item.whole[place]))
    return Choice(mean, scale, weights, _logistic(described, correct), operations)


def _evidence(choice: Choice, item: Item) -> tuple[int, Floats]:
    scores = choice.scores(item.features)
    place = int(np.argmax(scores))
    return place, choice.evidence(item.features[place], scores, place, item.labels[place])


def _logistic(described: list[Floats], correct: list[float]) -> Floats:
    x, y = np.array(described), np.array(correct)

    def loss(weights: Floats) -> tuple[float, Floats]:
        z = x @ weights
        value = np.logaddexp(0, z).sum() - y @ z + PENALTY * (weights @ weights) / 2
        return float(value), x.T @ (1 / (1 + np.exp(-z)) - y) + PENALTY * weights

    result: Floats = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    return result


def chosen(choice: Choice, item: Item) -> tuple[int, float]:
    place, evidence = _evidence(choice, item)
    return place, float(1 / (1 + np.exp(-(choice.calibration @ evidence))))


NAMES = ("by hand", "n-grams", "network", "rules", "auto")


def check(items: list[Item], diagram: Path | None = None) -> None:
    """One author left out at a time, also of the choice and its calibration."""
    rows, sure = [], []
    everything: dict[str, list[tuple[bool, bool]]] = {name: [] for name in NAMES}
    refused: dict[str, list[bool]] = {}

    def add_row(name: str, results: dict[str, list[tuple[bool, bool]]], some: list[Item]) -> None:
        shares = {other: 100 * np.mean(np.array(found), axis=0) for other, found in results.items()}
        rows.append(
            (
                name,
                len(some),
                *(f"{shares[other][column]:.1f}" for column in (0, 1) for other in NAMES),
                f"{100 * np.mean([item.whole.any() for item in some]):.1f}",
            )
        )

    for author in sorted({item.question.author for item in items}):
        held = [item for item in items if item.question.author == author]
        choice = learn([item for item in items if item.question.author != author])
        picked = [chosen(choice, item) for item in held]
        results = {name: [item.peers[name] for item in held] for name in NAMES[:3]}
        results["rules"] = [(item.operation[0], item.whole[0]) for item in held]
        results["auto"] = [
            (i.operation[p], i.whole[p]) for i, (p, _) in zip(held, picked, strict=True)
        ]
        add_row(author, results, held)
        for name in NAMES:
            everything[name] += results[name]
        sure += [probability for _, probability in picked]
        for item, (place, _) in zip(held, picked, strict=True):
            refused.setdefault(item.question.status, []).append(bool(item.refused[place]))
    ordered = sorted(items, key=lambda item: item.question.author)
    add_row("all", everything, ordered)
    print_table(
        "Right in % (each author left out of wording, network, choice and calibration)",
        ("author", "questions", *(f"operation {n}" for n in NAMES), *(f"plan {n}" for n in NAMES),
         "plan at best"),
        rows,
    )  # fmt: skip
    auto = np.array(everything["auto"], float)[:, 1]
    for name in NAMES[:-1]:
        difference = auto - np.array(everything[name], float)[:, 1]
        half = 1.96 * difference.std() / np.sqrt(len(difference))
        print(
            f"whole plan, auto minus {name}: {100 * difference.mean():+.1f} points "
            f"({100 * (difference.mean() - half):+.1f} to {100 * (difference.mean() + half):+.1f})"
        )
    print_table(
        "Refused, declined, explained or asked back by auto, by what the label says",
        ("label", "questions", "%"),
        [(name, len(some), f"{100 * np.mean(some):.1f}") for name, some in sorted(refused.items())],
    )
    _calibration(np.array(sure), auto, diagram)


def _calibration(sure: Floats, right: Floats, diagram: Path | None) -> None:
    rows, points, error = [], [], 0.0
    for low in np.arange(0, 1, 0.1):
        inside = (sure >= low) & (sure < low + 0.1 + (low > 0.85))
        if inside.any():
            said, true = sure[inside].mean(), right[inside].mean()
            error += inside.mean() * abs(said - true)
            points.append((said, true, 1.96 * np.sqrt(true * (1 - true) / inside.sum())))
            rows.append(
                (f"{low:.1f} to {low + 0.1:.1f}", int(inside.sum()), f"{said:.3f}", f"{true:.3f}")
            )
    print_table(
        "Calibration of the whole plan", ("probability", "questions", "said", "right"), rows
    )
    print(f"expected calibration error {error:.3f}")
    for least in (0.9, 0.95, 0.97):
        high = sure >= least
        print(f"of {high.sum()} plans with {least} or more {100 * right[high].mean():.1f} % right")
    if diagram is not None:
        draw(points, sure, diagram)


def draw(points: Sequence[tuple[float, float, float]], sure: Floats, path: Path) -> None:
    """The reliability diagram: said beside found, above how often each probability is said."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5.6), dpi=110, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    said, found, half = zip(*points, strict=True)
    above.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    above.errorbar(said, found, half, fmt="o", color="#1f5a8a", capsize=3)
    above.set(ylabel="share of plans that are right", xlim=(0, 1), ylim=(0, 1))
    below.hist(sure, bins=np.arange(0, 1.01, 0.05), color="#1f5a8a")
    below.set(xlabel="probability that the planner gives", ylabel="questions")
    figure.savefig(path)


def write(choice: Choice) -> None:
    np.savez_compressed(
        TARGET,
        features=np.array("\n".join(FEATURES)),
        mean=choice.mean,
        scale=choice.scale,
        weights=choice.weights,
        calibration=choice.calibration,
        operations=np.array("\n".join(choice.operations)),
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
    parser.add_argument("--diagram", type=Path, help="draw the calibration to this file")
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
    check(items, arguments.diagram)
    if not arguments.check:
        write(learn(items))


if __name__ == "__main__":
    main()
