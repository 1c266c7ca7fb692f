"""How good the sentences are that explain a concept: is it answered, and is the key fact quoted?

    python benchmarks/explanations.py                # the test part
    python benchmarks/explanations.py --part tune    # the part that the rules were tuned on
    python benchmarks/explanations.py --show         # every question with its sentences

The questions are those of engineers at work, from two words to a chatty mail, with typing
errors. Each has patterns of its key fact, one of which must be found in a single quoted
sentence; they were written before the pages that answer and before the rules of choosing.
The questions outside ask for what the base does not know, most of them close to its field: they
must be refused. Measured at the knowledge base itself, whatever a planner makes of the wording.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from retrieval import interval
from table import print_table

from havoc.rag import KnowledgeBase
from havoc.rag.extract import Explanation, explain_from

PARTS = Path(__file__).parent / "explanations"


def items(name: str) -> list[dict[str, Any]]:
    lines = (PARTS / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def holds(sentence: str, facts: list[str]) -> bool:
    plain = " ".join(sentence.split())
    return any(re.search(fact, plain, re.IGNORECASE) for fact in facts)


def show(question: str, explanation: Explanation, facts: list[str]) -> None:
    print(f"\n{question}")
    for sentence in explanation.sentences:
        mark = "+" if holds(sentence.text, facts) else " "
        print(f"  {mark} {sentence.score:.2f} {sentence.passage.document}: {sentence.text[:220]}")
    if not explanation.sentences:
        print(f"  refused; missing {explanation.missing}")


def share(values: list[bool]) -> str:
    numbers = 100.0 * np.array(values, float)
    low, high = interval(numbers)
    return f"{numbers.mean():.1f} % ({low:.1f} to {high:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=("test", "tune"), default="test")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    base = KnowledgeBase.open()
    answered, first, held, refused = [], [], [], []
    for item in items(arguments.part):
        explanation = explain_from([base], item["question"])
        texts = [sentence.text for sentence in explanation.sentences]
        answered.append(bool(texts))
        first.append(bool(texts) and holds(texts[0], item["facts"]))
        held.append(any(holds(text, item["facts"]) for text in texts))
        if arguments.show:
            show(item["question"], explanation, item["facts"])
    for item in items("outside"):
        if item["part"] == arguments.part:
            explanation = explain_from([base], item["question"])
            refused.append(not explanation.sentences)
            if arguments.show:
                show(item["question"], explanation, [])
    print_table(
        f"{len(answered)} questions and {len(refused)} outside ({arguments.part} part)",
        ("", "share (95 % bootstrap interval)"),
        [
            ("answered", share(answered)),
            ("key fact in the first sentence", share(first)),
            ("key fact in one of the sentences", share(held)),
            ("outside: refused", share(refused)),
        ],
    )


if __name__ == "__main__":
    main()
