"""Arguments of quality studies: gages, non-normal capability, run lengths, outcomes, power."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.factor_names import read_loose_count
from havoc.reading.prose import mask
from havoc.reading.roles import Scalar
from havoc.reason.binding import gages, linearity, outcomes
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.average_run_length import bind_arl
from havoc.reason.binding.capability import limits
from havoc.reason.binding.capability_studies import named_distributions
from havoc.reason.binding.claims import Numbers
from havoc.reason.binding.design_size import runs as stated_runs
from havoc.reason.binding.design_terms import stated_count
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete
from havoc.reason.binding.sigmas import NUMBER, SIGMA, WORD, value_of


def _search(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)


def _place(match: re.Match[str], group: int = 1) -> str:
    return f"question[{match.start(group)}:{match.end(group)}]"


# capability of non-normal values ---------------------------------------------------

_NEED_POSITIVE = {"box_cox", "weibull", "lognormal", "loglogistic", "gamma", "exponential"}


def bind_capability_nonnormal(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    series = evidence.one()
    if len(series.numbers) < 3:
        raise NeedsInput("the measured values are missing", "which values were measured?")
    named = [name for name in dict.fromkeys(named_distributions(text)) if name != "auto"]
    if named:
        binding.set("method", named[0], "question")
    limits(evidence, binding)
    binding.set("data", complete(binding, series), series.source)
    if series.unit:
        binding.set("unit", series.unit, series.source)
    if named and named[0] in _NEED_POSITIVE and min(binding.args["data"]) <= 0:
        raise NeedsInput(
            f"the value {min(binding.args['data']):g} is not above zero, as "
            f"{named[0].replace('_', '-')} needs",
            "is that value right, or may another method be used?",
        )
    required = _search(rf"\bp?pk\s*(?:of|>=|≥|>|at least|min\w*)\s*({NUMBER})", text)
    if required and float(required[1]) > 0:
        binding.set("ppk_required", float(required[1]), _place(required))
    for other in named[1:]:
        args = {**binding.args, "method": other}
        binding.more.append(
            Binding(operation="capability_nonnormal", args=args, provenance={**binding.provenance})
        )


# power of a design --------------------------------------------------------------------

_EFFECTS: tuple[str, ...] = (
    rf"\b(?:effects?|effet|effekt|efekt|efecto|efeito)(?:\s+size)?\s+(?:of\s+(?:interest\s+)?|from\s+|=\s*|is\s+)?(?:about\s+)?({NUMBER})",
    rf"\b(?:delta|diff(?:erence)?|change|shift)\s*(?:of|=|is)?\s*(?:about\s+)?({NUMBER})",
    rf"({NUMBER})\s*+(?:(?:%|[a-zµ]{{1,4}})\s*+)?(?:\w++\s++)?(?:change|difference|shift|effect)\b",
    rf"\b(?:see|notice|find|detect|catch|spot|looking for|recogni[sz]e|from|detectable)\s+(?:an?\s+)?({NUMBER})",
)
_EFFECT_IN_SIGMA: tuple[str, ...] = (
    rf"(?<![\w.])({NUMBER}|{WORD})\s*[\s-]*{SIGMA}(?!\s*(?:=|is|of|about|\d))",
    rf"\b({NUMBER}|{WORD})\s+times\s+(?:the\s+)?(?:\w+\s+)?{SIGMA}",
)
_SPREADS: tuple[str, ...] = (
    rf"\b(?:noise|deviation|scatter|sigma|sd|s)\s*(?:is|of|=|about|around|:|\s)*\s*({NUMBER})",
)


_COUNTED = frozenset({"runs", "n_factors", "replicates", "center_points", "blocks"})


class _Size(msgspec.Struct, frozen=True, kw_only=True):
    factors: int | None
    runs: int | None
    replicates: list[int]
    more_runs: list[int]


def bind_doe_power(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    size = _design(evidence, text)
    if size.factors is None and size.runs is None:
        raise NeedsInput(
            "the size of the design is missing", "how many factors and runs has the design?"
        )
    if size.factors is not None:
        binding.set("n_factors", size.factors, "question")
    if size.runs is not None:
        binding.set("runs", size.runs, "question")
    if size.replicates:
        binding.set("replicates", size.replicates[0], "question")
    power = _power(evidence, text)
    if power is not None:
        binding.set("power", power[0], power[1])
    _effect_and_sigma(evidence, binding, text)
    if "effect" not in binding.args and power is None:
        if not _search(r"\bsmallest|\bwhat effect|\bdetectable", text):
            raise NeedsInput(
                "the effect to be found is missing",
                "which effect (high minus low) should be found, and what is sigma?",
            )
        binding.set("power", 0.8, "default")
    if not binding.take("alpha", evidence.scalar("alpha"), fraction=True):
        stated = Numbers(text).claim("alpha")
        if stated is not None and 0 < stated.fraction < 0.5:
            binding.set("alpha", stated.fraction, stated.source)
    if size.replicates or not _search(
        r"\b(?:how many|number of)\s+(?:rep|times)|\breps? for", text
    ):
        centers = evidence.scalar("center_points")
        if _search(r"\b(?:no|without)\s+cent(?:er|re)", text):
            binding.set("center_points", 0, "question")
        elif centers is not None and centers.value >= 1:
            binding.take_count("center_points", centers)
    for name, values in (("replicates", size.replicates[1:]), ("runs", size.more_runs)):
        for value in values:
            args = {**binding.args, name: value}
            binding.more.append(
                Binding(operation="doe_power", args=args, provenance={**binding.provenance})
            )


def _design(evidence: Evidence, text: str) -> _Size:
    n_factors, runs = evidence.scalar("n_factors"), evidence.reading.all("runs")
    factors = int(n_factors.value) if n_factors is not None else None
    counts = [int(item.value) for item in runs if text[item.start - 1 : item.start] != "^"]
    base = None
    level = _search(r"\b(\d+)\s+(?:two|2)[\s-]level(?:ed)?\s+factors", text)
    if level:
        factors = int(level[1])
    power = _search(r"\b2\s*\^\s*\(?\s*(?:\{)?(\d+)(?:\s*-\s*(\d+))?", text)
    if power:
        factors = int(power[1])
        if power[2]:
            base = 2 ** (factors - int(power[2]))
    crossed = _search(r"\b(2(?:\s*x\s*2)+)\b", text)
    if crossed:
        factors = len(re.findall("2", crossed[1]))
    burman = _search(
        r"\b(?:pb|plackett[\s-]*burman)\s*-?\s*(\d+)|(?<![\w^])(\d+)[\s-]*runs?\b", text
    )
    each = _search(
        r"\b(\d+)\s+(?:runs?|goes|repeats?|times|shots?)\s+(?:at\s+)?(?:each|every|per)\b", text
    )
    replicates = _replicates(evidence, text)
    if each:
        replicates = replicates or [int(each[1])]
        counts = [count for count in counts if count != int(each[1])]
        burman = None
    if base is None and counts:
        base = counts[0]
    if base is None and burman:
        base = int(burman[1] or burman[2])
    corners = _search(
        r"(?<![\w^])(\d+)\s+(?:factorial|corner)s?(?:\s+(?:runs|points))?\s*(?:\+|and|plus)", text
    )
    if base is None and corners:
        base = int(corners[1])
    if factors is None:
        factors = stated_count(evidence) or read_loose_count(text)
    afforded = stated_runs(evidence) if base is None and not replicates else None
    if afforded is not None and afforded[0] & (afforded[0] - 1) == 0 and afforded[0] > 2:
        base = afforded[0]
    again = _search(r"\bask for (\d+)\b|\bor (\d+) runs", text)
    more = [int(again[1] or again[2])] if again else []
    return _Size(factors=factors, runs=base, replicates=replicates, more_runs=more)


def _replicates(evidence: Evidence, text: str) -> list[int]:
    versus = _search(
        r"\b(one|single|\d)\s+replicate\w*\s+(?:vs\.?|versus|or|against)\s+(\w+)", text
    )
    if versus:
        return [int(value_of(versus[1])), int(value_of(versus[2]))]
    for pattern, count in (
        (r"\bunreplicated\b|\bwithout (?:any )?repl|\bno repl|\bsingle rep|\bone rep", 1),
        (r"\bduplicate|\brun once more|\btwice\b|\btwo times\b", 2),
        (r"\btriplicate|\bthree times\b|\bthrice\b", 3),
    ):
        if _search(pattern, text):
            return [count]
    given = evidence.scalar("replicates")
    if given is not None and given.value >= 1 and given.value == int(given.value):
        return [int(given.value)]
    return []


def _power(evidence: Evidence, text: str) -> tuple[float, str] | None:
    given = evidence.scalar("power")
    if given is not None and 0.3 < given.fraction < 1:
        return given.fraction, source_of(given)
    for match in re.finditer(r"(?<![\w.])(\d{2}(?:\.\d+)?)\s*%", text):
        after = text[match.end() : match.end() + 14].lower()
        claimed = any(_overlaps(item, match) for item in evidence.reading.all("alpha"))
        if 50 <= float(match[1]) < 100 and not claimed and "conf" not in after:
            return float(match[1]) / 100, _place(match)
    return None


def _overlaps(scalar: Scalar, match: re.Match[str]) -> bool:
    return scalar.start <= match.start(1) < scalar.end


def _effect_and_sigma(evidence: Evidence, binding: Binding, text: str) -> None:
    several = _search(rf"\beffects\s+({NUMBER}(?:\s*,\s*{NUMBER})+)", text)
    sd = evidence.scalar("sd")
    taken = [
        (item.start, item.end) for item in evidence.reading.scalars if item.role != "reference"
    ]
    if sd is not None:
        if sd.value <= 0:
            raise NeedsInput("sigma must be above zero", "what is the standard deviation?")
        binding.take("sigma", sd)
    else:
        for pattern in _SPREADS:
            spread = _search(pattern, text)
            if spread and float(spread[1]) > 0:
                binding.set("sigma", float(spread[1]), _place(spread))
                taken.append(spread.span(1))
                break
    if several:
        binding.set("effect", [float(value) for value in several[1].split(",")], _place(several))
        return
    if "sigma" not in binding.args:
        for pattern in _EFFECT_IN_SIGMA:
            match = _search(pattern, text)
            if match:
                binding.set("effect", value_of(match[1]), _place(match))
                binding.set("sigma", 1.0, "question")
                binding.echo(
                    "{} is the effect in standard deviations", (value_of(match[1]), _place(match))
                )
                return
    for pattern in _EFFECTS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            inside = any(start <= match.start(1) < end for start, end in taken)
            if not inside and float(match[1]) > 0:
                binding.set("effect", float(match[1]), _place(match))
                return
    _claimed(evidence, binding, text, taken)


def _claimed(evidence: Evidence, binding: Binding, text: str, taken: list[tuple[int, int]]) -> None:
    """Scatter and effect in other words: "jumps around by 2", "worth 3", "changes it by 5"."""
    counted = [item for item in evidence.reading.scalars if item.role in _COUNTED]
    for start, end in [*taken, *((item.start, item.end) for item in counted)]:
        text = mask(text, start, end)
    numbers = Numbers(text)
    for role in ("alpha", "power"):
        numbers.claim(role)
    for name, role in (("sigma", "sigma"), ("effect", "effect")):
        claim = numbers.claim(role) if name not in binding.args else None
        if claim is not None and claim.value > 0 and not claim.percent:
            binding.set(name, claim.value, claim.source)


BINDERS: dict[str, Binder] = {
    **gages.BINDERS,
    **linearity.BINDERS,
    **outcomes.BINDERS,
    "capability_nonnormal": bind_capability_nonnormal,
    "arl": bind_arl,
    "doe_power": bind_doe_power,
}
