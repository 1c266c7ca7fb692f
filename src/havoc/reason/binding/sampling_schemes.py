"""Arguments of double sampling and of sampling by variables."""

from __future__ import annotations

import re
from contextlib import suppress

from havoc.reading.number_pieces import PERCENT_SIGN, UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.capability import limits
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete
from havoc.reason.binding.marked_times import without
from havoc.reason.binding.sampling import (
    bind_acceptance_sampling,
    lot_by_its_noun,
    qualities,
    read_lot,
    read_scheme,
)
from havoc.reason.binding.sampling_stages import read_stages

_NUMBER = rf"(-?{UNSIGNED})"
_STAGE = re.compile(
    r"(?<![\w^])([ncra])[_\s]?([1-9])(?:\s*(?:=|:|is|of)\s*|\s+)(\d+)(?![\d.]*\d)", re.IGNORECASE
)
_STEP = (
    r"\s+(?:sample\s+)?(?:of\s+)?(\d+)\b[^;]{0,60}?\b(?:accept\w*|take|pass|ac)\s+"
    r"(?:on|at|with|number|at\s+most|:|=|\s)*\s*(\d+)"
    r"(?:\s*,?\s*(?:and\s+)?(?:reject|refuse|re)\s+(?:on|at|with|number|from|:|=|\s)*\s*(\d+))?"
)
_FIRST = re.compile(rf"\bfirst{_STEP}", re.IGNORECASE)
_SECOND = re.compile(rf"\bsecond{_STEP}", re.IGNORECASE)
_K = re.compile(
    rf"(?<![\w^])k(?:\s*(?:=|:|is|of)\s*|\s+(?=\d\.\d))({UNSIGNED})"
    rf"|\b(?:acceptab\w*|acceptance)\s+constant\s*(?:k\s*)?(?:is|of|=|:)?\s*({UNSIGNED})|\bquality\s+index\s*(?:is|of|=|:)?\s*({UNSIGNED})"
    rf"|\b(?:mean|average|x-?bar)\s*(?:\+|-|−|±|plus|minus|\+/-)\s*({UNSIGNED})\s*\*?\s*(?:s|sd|sigma)\b"
    rf"|/\s*s\s*(?:must\s+be|has\s+to\s+be|>=|≥|at\s+least|is)\s*({UNSIGNED})",
    re.IGNORECASE,
)
_N = re.compile(
    r"(?<![\w^])n\s*(?:=|:|is|of|\s)\s*(\d+)(?![\d.]*\d)"
    r"|(?i:\bmeasur\w*\s+(?:only\s+)?(\d{1,3})\s+[a-z]+)|(?i:\bonly\s+(\d{1,3})\s+[a-z]+)"
    r"|(?i:(?<![\w.,])(\d+)\s+(?:pieces|pcs|parts|units|items|pulled|measured|readings|specimens)\b)"
)
_SIGMA = re.compile(
    rf"(?:\bknown\s+(?:sigma|standard\s+deviation|sd)|\bsigma\s+(?:is\s+)?known|\bsigma|σ)\s*(?:is|of|=|:|as|to\s+be)?\s*{_NUMBER}",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"\bknown\s+(?:sigma|σ|s\.?d\.?\b|standard\s+dev\w*|variab\w*|spread|process)|\b(?:sigma|σ|standard\s+deviation|variability)\s*(?:is\s+|method\s*)?:?\s*known\b",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\bunknown\s+(?:sigma|σ|s\.?d|standard|variab)|\b(?:sigma|σ|standard\s+deviation|variability)\s*(?:is\s+|method\s*)?:?\s*(?:unknown|not\s+known)|\bs[\s-]method",
    re.IGNORECASE,
)
_FORM_M = re.compile(r"\b(?:M[\s-]method|form\s*(?:2|two|II)\b|estimated\s+percent)", re.IGNORECASE)
_MEAN_SD = re.compile(
    rf"\b(?:mean|average|x-?bar)\s*(?:is|of|=|:)?\s*{_NUMBER}(?:[^.;]|\.(?=\d)){{0,30}}?\b(?:sd|s|std\.?\s*dev\w*|std|spread|scatter|standard\s+deviation|st\.?dev)\s*(?:is|of|=|:)?\s*{_NUMBER}",
    re.IGNORECASE,
)
_UNITS_BEFORE = re.compile(
    r"(?<![\w.])(\d{1,4})\s+[a-z]+[\s,:;]+(?:[a-z]+[\s,:]+)?$", re.IGNORECASE
)
_LOWER = re.compile(
    rf"\b(?:min(?:imum)?|at\s+least|not\s+(?:less|below)(?:\s+than)?|lower\s+(?:limit|bound))\s*(?:limit\s*)?(?:is|of|=|:)?\s*{_NUMBER}",
    re.I,
)
_UPPER = re.compile(
    rf"\b(?:max(?:imum)?|at\s+most|not\s+(?:more|above)(?:\s+than)?|upper\s+(?:limit|bound))\s*(?:limit\s*)?(?:is|of|=|:)?\s*{_NUMBER}",
    re.I,
)


_RATIO = re.compile(
    r"\bratio\s*(?:of|is|=|:)?\s*([1-5])\b|\b(?:second|2nd|other)\b[^.;]{0,30}?\b(?:twice|double)\b|\bequally\s+large\s+second\b"
    r"|\bsecond\b[^.;]{0,30}?\b([2-5])\s+times\b",
    re.IGNORECASE,
)
_BOTH_RISKS = re.compile(
    rf"\brisks?\s*(?:of|are|is|:|=)?\s*({UNSIGNED})\s*%?\s*(?:and|/|,|&)\s*({UNSIGNED})\s*%|(?<![\w.])({UNSIGNED})\s*%?\s*(?:and|/|&)\s*({UNSIGNED})\s*%\s*risks?",
    re.IGNORECASE,
)
_SAME_RISKS = re.compile(
    rf"\b(?:both|each)\s+risks?\s*(?:of|at|are|=|:)?\s*({UNSIGNED})\s*%", re.IGNORECASE
)
_CHANCES = re.compile(
    rf"(?<![\w.])({UNSIGNED})\s*%[^.;%\d]{{0,40}}?\b(?:with|thru|through|only|gets?|in)\b[^.;%\d]{{0,14}}(\d{{1,2}})(?:\s*(?:%|(?:of|in|out\s+of)\s+100))?",
    re.IGNORECASE,
)
_SHARE = re.compile(rf"(?<![\w.])({UNSIGNED})\s*{PERCENT_SIGN}", re.IGNORECASE)


def _two_qualities(binding: Binding, text: str) -> None:
    """ "2 % fine / 10 % not, both risks 5 %", ".5 % gets through 95 of 100, 4 % only 10"."""
    args = binding.args
    both, same = _BOTH_RISKS.search(text), _SAME_RISKS.search(text)
    told = both or same
    if told:
        values = [float(group) / 100 for group in told.groups() if group]
        binding.set("alpha", round(values[0], 12), f"question[{told.start()}:{told.end()}]")
        binding.set("beta", round(values[-1], 12), f"question[{told.start()}:{told.end()}]")
        text = without(text, [told.span()])
    chances = list(_CHANCES.finditer(text))
    if len(chances) == 2:
        (good, high), (bad, low) = sorted((float(m[1]) / 100, float(m[2]) / 100) for m in chances)
        if high > 0.5 > low:
            for name, value in (("aql", good), ("ltpd", bad), ("alpha", 1 - high), ("beta", low)):
                binding.set(name, round(value, 12), "question")
            return
    if "n" in args or {"aql", "ltpd"} <= args.keys() or {"aql", "lot_size"} <= args.keys():
        return
    shares = sorted({round(float(match[1]) / 100, 12) for match in _SHARE.finditer(text)})
    if len(shares) == 2 and shares[1] < 0.5 and "lot_size" not in args:
        binding.set("aql", shares[0], "question")
        binding.set("ltpd", shares[1], "question")


def _lot_and_quality(binding: Binding, text: str) -> None:
    """ "from 2500 stoppers at AQL 1.5"; beside a lot the customary quality is the AQL in percent."""
    told = _FROM_LOT.search(text)
    if told:
        binding.set("lot_size", int(told[1]), f"question[{told.start(1)}:{told.end(1)}]")
    else:
        lot_by_its_noun(binding, text)
    bare = next((match for match in _BARE.finditer(text) if float(match[1]) in _AQLS), None)
    if "lot_size" in binding.args and "aql" not in binding.args and bare:
        place = f"question[{bare.start()}:{bare.end()}]"
        binding.set("aql", round(float(bare[1]) / 100, 12), place)


_FROM_LOT = re.compile(
    r"\b(?:from|to|for|of)\s+(\d{2,7})(?![\w.]*\d)(?!\s*%)(?=\s+[a-z])", re.IGNORECASE
)
_BARE = re.compile(rf"(?<![\w.=/])({UNSIGNED})(?=\s*(?:,|;|$|\.\s))")


_AQLS = frozenset({0.065, 0.1, 0.15, 0.25, 0.4, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0})
_TWO_SAMPLES = re.compile(
    r"\b(?:double|multiple)\s+(?:sampling\b|plan\b|sample\s+plan)", re.IGNORECASE
)
_MEASURED = re.compile(
    r"\b(?:sampling|inspection|plan|check)\s+by\s+(?:variables|measur\w+)|\bvariables\s+(?:plan|sampling)"
    r"|\bby\s+(?:the\s+)?measured\s+values|\bby\s+measur\w+,?\s+(?:and\s+)?not\s+(?:by\s+)?counting|\bz\s?1\.9\b|\biso\s?3951",
    re.IGNORECASE,
)


def bind_sampling(evidence: Evidence, binding: Binding) -> None:
    """Sampling by attributes, unless the question names two samples or measured values."""
    text = evidence.reading.plain
    for pattern, operation, binder in (
        (_TWO_SAMPLES, "double_sampling", bind_double_sampling),
        (_MEASURED, "acceptance_sampling_variables", bind_acceptance_sampling_variables),
    ):
        if pattern.search(text):
            binding.operation = operation
            binder(evidence, binding)
            return
    bind_acceptance_sampling(evidence, binding)


def bind_double_sampling(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    stages = read_stages(text)
    if stages is not None:
        stages.set(binding)
        rest = without(text, stages.spans)
    else:
        rest = _stages(binding, text)
    read_lot(binding, rest)
    own = {name: binding.args.pop(name) for name in ("n",) if name in binding.args}
    qualities(binding, with_digits(rest), [])
    binding.args.update(own)
    _two_qualities(binding, with_digits(rest))
    if stages is None and not binding.args.keys() & {"lot_size", "ltpd", "n"}:
        _lot_and_quality(binding, with_digits(rest))
    ratio = _RATIO.search(with_digits(rest))
    if ratio and "n" not in binding.args:
        value = next(
            (int(group) for group in ratio.groups() if group),
            1 if "equal" in ratio[0].lower() else 2,
        )
        binding.set("ratio", value, f"question[{ratio.start()}:{ratio.end()}]")
    args = binding.args
    for name in ("c",):
        args.pop(name, None)
    read_scheme(binding, text)
    if evidence.has(r"\bmultiple\s+sampl|\bmultiple\s+plan"):
        binding.set("plan", "multiple", "question")
    if "n" in args:
        _share(binding, rest)
        for name in ("aql", "ltpd", "alpha", "beta"):
            if "lot_size" not in args or name != "aql":
                args.pop(name, None)
        return
    args.pop("p", None)
    if not ({"aql", "ltpd"} <= args.keys() or {"aql", "lot_size"} <= args.keys()):
        raise NeedsInput(
            "a double sampling plan needs its numbers, or what it must protect against",
            "which n1, c1, n2 and c2 does the plan have, or which lot size and AQL apply?",
        )


def _stages(binding: Binding, text: str) -> str:
    """ "n1=50 c1=1 r1=4 n2=100 c2=3", or "first 50, accept on 1; second 100, accept on 3"."""
    found: dict[tuple[str, int], int] = {}
    rest = text
    for match in _STAGE.finditer(text):
        kind = "c" if match[1].lower() == "a" else match[1].lower()
        found.setdefault((kind, int(match[2])), int(match[3]))
        rest = rest[: match.start()] + " " * (match.end() - match.start()) + rest[match.end() :]
    if not found:
        first, second = _FIRST.search(text), _SECOND.search(text)
        if first is None or second is None:
            return text
        for stage, match in ((1, first), (2, second)):
            found["n", stage], found["c", stage] = int(match[1]), int(match[2])
            if match[3]:
                found["r", stage] = int(match[3])
            rest = rest[: match.start()] + " " * (match.end() - match.start()) + rest[match.end() :]
    stages = sorted({stage for kind, stage in found if kind == "n"})
    accept = [found.get(("c", stage)) for stage in stages]
    if len(stages) < 2 or None in accept:
        raise NeedsInput(
            "each sample of the plan needs its size and its acceptance number",
            "what are n1, c1, n2 and c2?",
        )
    binding.set("n", [found["n", stage] for stage in stages], "question")
    binding.set("accept", accept, "question")
    reject = [found.get(("r", stage)) for stage in stages]
    if reject[0] is not None:
        last = accept[-1]
        assert last is not None
        reject = [last + 1 if value is None else value for value in reject]
        binding.set("reject", reject, "question")
    return rest


_PERCENTS = re.compile(
    rf"(?<![\w.])(?:{UNSIGNED}\s*%?\s*(?:,|/|and\b|or\b|&)\s*(?:and\s+|or\s+)?){{0,12}}{UNSIGNED}\s*{PERCENT_SIGN}",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"\bp\s*=\s*(0?\.\d+)(?!\s*%)", re.IGNORECASE)


def _share(binding: Binding, text: str) -> None:
    if "p" in binding.args or binding.args.keys() & {"aql", "ltpd"}:
        return
    values = []
    for match in _PERCENTS.finditer(text):
        values += [round(float(number) / 100, 12) for number in re.findall(UNSIGNED, match[0])]
    values += [float(match[1]) for match in _FRACTION.finditer(text)]
    values = [value for value in dict.fromkeys(values) if value <= 1]
    if values:
        binding.set("p", values[0] if len(values) == 1 else values, "question")


def bind_acceptance_sampling_variables(evidence: Evidence, binding: Binding) -> None:
    text = with_digits(evidence.reading.plain)
    given = _limits(evidence, binding, text)
    for name, pattern in (("k", _K), ("n", _N)):
        match = pattern.search(text)
        if match:
            group = match.lastindex or 1
            value = float(match[group]) if name == "k" else int(match[group])
            binding.set(name, value, f"question[{match.start(group)}:{match.end(group)}]")
    lot = read_lot(binding, text)
    if lot is not None and binding.args.get("n") == binding.args["lot_size"]:
        binding.args.pop("n")
    own_n = binding.args.get("n")
    qualities(binding, text, [])
    binding.args.pop("c", None)
    if own_n is None or "k" not in binding.args:
        binding.args.pop("n", None)
        _two_qualities(binding, text)
    if "k" not in binding.args and not binding.args.keys() & {"lot_size", "ltpd"}:
        _lot_and_quality(binding, text)
    if own_n is not None:
        binding.args["n"] = own_n
    read_scheme(binding, text)
    _sigma(binding, text)
    if _FORM_M.search(text) and len(given) < 2:
        binding.set("form", "M", "question")
    if given:
        _values(evidence, binding, text)
    args = binding.args
    if "n" in args and "k" in args:
        if "data" not in args and not args.keys() & {"aql", "ltpd"}:
            _share(binding, text)
        if not given:
            for name in ("aql", "ltpd"):
                if name in args and "p" not in args:
                    args["p"] = args[name]
        return
    if "k" in args and "data" in args:
        return
    args.pop("p", None)
    if "aql" not in args:
        raise NeedsInput(
            "a variables plan needs an AQL",
            "which AQL applies, and how many units are in a lot (or which quality must be rejected)?",
        )
    if not args.keys() & {"lot_size", "ltpd"}:
        raise NeedsInput(
            "an AQL alone does not fix a plan",
            "how many units are in a lot (or which quality must be rejected)?",
        )
    if evidence.has(r"\biso\s*3951"):
        binding.warn("the plan is that of ANSI Z1.9; ISO 3951-1 has its own tables, close to it")


def _limits(evidence: Evidence, binding: Binding, text: str) -> list[str]:
    found = []
    for name, role, other in (("lsl", "minimum", _LOWER), ("usl", "maximum", _UPPER)):
        scalar = evidence.scalar(name, role)
        match = other.search(text)
        if scalar is not None:
            binding.set(name, scalar.value, source_of(scalar))
        elif match:
            binding.set(name, float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
        else:
            continue
        found.append(name)
    if not found:
        both = Binding(operation=binding.operation)
        with suppress(NeedsInput):
            limits(evidence, both)
        for name in ("lsl", "usl"):
            if name in both.args:
                binding.set(name, both.args[name], both.provenance.get(name, "question"))
                found.append(name)
    return found


def _sigma(binding: Binding, text: str) -> None:
    value = _SIGMA.search(text)
    if _UNKNOWN.search(text):
        binding.set("sigma_method", "unknown", "question")
    elif value and float(value[1]) > 0:
        binding.set("sigma", float(value[1]), f"question[{value.start(1)}:{value.end(1)}]")
    elif _KNOWN.search(text):
        binding.set("sigma_method", "known", "question")


def _values(evidence: Evidence, binding: Binding, text: str) -> None:
    summary = _MEAN_SD.search(text)
    told = (
        _UNITS_BEFORE.search(text[max(0, summary.start() - 40) : summary.start()])
        if summary
        else None
    )
    if summary and (told or "n" in binding.args):
        size = int(told[1]) if told else binding.args["n"]
        if "k" not in binding.args:
            binding.args.pop("n", None)
        binding.set(
            "data",
            {"n": size, "mean": float(summary[1]), "sd": float(summary[2])},
            f"question[{summary.start()}:{summary.end()}]",
        )
        return
    series = [item for item in evidence.series() if len(item.numbers) >= 3]
    if series:
        chosen = evidence.one() if len(series) > 1 else series[0]
        binding.set("data", complete(binding, chosen), chosen.source)
        if chosen.unit:
            binding.set("unit", chosen.unit, chosen.source)


BINDERS: dict[str, Binder] = {
    "acceptance_sampling": bind_sampling,
    "double_sampling": bind_double_sampling,
    "acceptance_sampling_variables": bind_acceptance_sampling_variables,
}
