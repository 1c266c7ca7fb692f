"""Arguments of further designs: space-filling, orthogonal arrays, Latin squares, mixtures."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.factor_names import COUNT, number_of, read_names
from havoc.reading.factors import read_factors
from havoc.reason.binding.design_terms import common, factors, runs, take_runs
from havoc.reason.binding.evidence import Binding, Evidence, NeedsInput
from havoc.reason.binding.statistics import Binder


def bind_latin_hypercube(evidence: Evidence, binding: Binding) -> None:
    factors(evidence, binding)
    runs = evidence.scalar("runs", "n")
    if not binding.take_count("runs", runs):
        points = re.search(
            r"\b(\d+)\s*(?:space[\s-]filling\s+)?(?:points?|pts|settings|samples|simulations|sims|well)",
            evidence.text,
        )
        if not points:
            raise NeedsInput(
                "the number of points is missing", "how many points should the design have?"
            )
        binding.set("runs", int(points[1]), "question")
    binding.take_count("seed", evidence.scalar("seed"))


def bind_taguchi(evidence: Evidence, binding: Binding) -> None:
    array = re.search(r"\bl\s?(4|8|9|12|16|18|25|27|32|36)\b", evidence.text)
    if array:
        binding.set("array", f"L{array[1]}", f"question[{array.start()}:{array.end()}]")
    try:
        factors(evidence, binding)
    except NeedsInput:
        if not array:
            raise
    three = re.search(
        r"\b(two|three|four|[2345])[\s-]*(?:lvls?|levels?)|(?:at|on|with)\s+(two|three|four|[2345])\s+(?:lvls?|levels?)",
        evidence.text,
    )
    if three:
        word = three[1] or three[2]
        binding.set(
            "n_levels", {"two": 2, "three": 3, "four": 4}.get(word) or int(word), "question"
        )


def bind_mixture(evidence: Evidence, binding: Binding) -> None:
    lattice = re.search(r"\{\s*(\d+)\s*,\s*(\d+)\s*\}", evidence.reading.text)
    if evidence.has(r"\bcentroid\b") and not evidence.has(r"\blattice\b"):
        binding.set("method", "simplex_centroid", "question")
    elif lattice or evidence.has(r"\blattice\b"):
        binding.set("method", "simplex_lattice", "question")
    if lattice:
        binding.set("n_components", int(lattice[1]), "question")
        binding.set("degree", int(lattice[2]), "question")
        return
    for pattern, name in ((r"\bq\s*=\s*(\d+)", "n_components"), (r"\bm\s*=\s*(\d+)", "degree")):
        match = re.search(pattern, evidence.text)
        if match:
            binding.set(name, int(match[1]), "question")
    ranges = read_factors(evidence.reading.plain)
    if ranges:
        raise NeedsInput(
            "component ranges need an extreme-vertices design, which this version does not have",
            "would an unconstrained simplex lattice or centroid do?",
        )
    names = read_names(evidence.reading.text)
    if names:
        binding.set("components", names, "question")
    elif "n_components" not in binding.args and not binding.take_count(
        "n_components", evidence.scalar("n_factors")
    ):
        count = re.search(
            r"\b(\d+)\s*(?:\w+\s+)?(?:components?|ingredients?|solvents)", evidence.text
        )
        if not count:
            raise NeedsInput("the components are missing", "which components are blended?")
        binding.set("n_components", int(count[1]), "question")


BINDERS: dict[str, Binder] = {
    "latin_hypercube": bind_latin_hypercube,
    "taguchi": bind_taguchi,
    "mixture": bind_mixture,
}
