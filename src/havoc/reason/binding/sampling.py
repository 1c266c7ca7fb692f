"""Arguments of acceptance sampling: plan, lot, qualities and risks as people write them."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.number_pieces import APART, NO_MORE_DIGITS, PERCENT_SIGN, UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.marked_times import IN_WORDS, count_of

_NUMBER = rf"{APART}({UNSIGNED})"
_WHOLE = rf"(\d++){NO_MORE_DIGITS}(?!\s*+(?:%|percent|pct))"
_PERCENT = rf"\s*{PERCENT_SIGN}?"
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "1st": 1, "2nd": 2,
    "3rd": 3, "4th": 4, "5th": 5, "6th": 6,
}  # fmt: skip

_LOT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\bof )(?<!\bfrom )\b(?:lots?|batch(?:es)?|box(?:es)?|drums?|consignments?|deliver(?:y|ies)|shipments?|pallets?|bags?)"
        rf"(?:\s+(?:size|of|with|comprised|comprises|has|have|arrive|contains?|is|are|=|:|by))*\s*[=:]?\s*{_WHOLE}",
        rf"\b(?:delivered|arrive\s+by|plan\s+for)\s+(?:a\s+lot\s+of\s+)?{_WHOLE}",
    )
)
_LOT_LETTER = re.compile(r"\bN\s*(?:=|:)?\s*(\d+)(?![\d.]*\d)")
_LOT_COMPRISED = re.compile(
    rf"(?<!\bof )(?<!\bfrom )\blots?\s+(?:\w+\s+){{0,2}}?{_WHOLE}", re.IGNORECASE
)
_FAULTY = r"bad|defect\w*|non-?conform\w*|faulty|reject\w*|duds?|broken|fail\w*|nok|ng\b"
_RETURN = r"reject|refuse|bounce|return|(?:send|go|goe)s?\s+(?:it\s+|them\s+|the\s+lot\s+)?back"
_GLOSS = r"\)?\s*(?:\([^()\d]{0,40}\)\s*)?(?:(?:is|of|at|about|value|level|[=:])\s*){0,3}"
"""Between a quality and its number: "AQL (acceptable quality level) of 0.65"."""
_ARRIVES = re.compile(
    rf"\b(?:brings?|delivers?|ships?|sends?|receives?|gets?)\s+(?:us\s+)?(?:about\s+)?{_WHOLE}"
    rf"|(?<![\w.,]){_WHOLE}\s+(?:[a-z]+\s+){{0,2}}?(?:arrive|come\s+in|in\s+(?:the|a|each)\s+(?:box|lot|bag|drum|crate|delivery))",
    re.IGNORECASE,
)
_PIECES = re.compile(
    rf"(?<![\w.,]){_WHOLE}\s*(?:pcs?|pieces|parts|units|items|of\s+them)\b", re.IGNORECASE
)
_PER_LOT = re.compile(
    rf"(?<![\w.,]){_WHOLE}\s+(?:[a-z]+\s+){{0,2}}?(?:per|a|an|in\s+(?:a|each|every|the))\s+(?:lot|batch|shipment|deliver\w+|box|pallet|consignment|order)",
    re.IGNORECASE,
)
_NOUNS = re.compile(rf"(?<![\w.,#-]){_WHOLE}\s+[a-z]{{3,}}s\b(?!\s*ago)", re.IGNORECASE)
_SIZE = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\w^])n\s*(?:=|:)?\s*(\d+)(?![\d.]*\d)",
        rf"(?i)\bsample\s+(?:size\s+)?(?:of|is|=|:)?\s*{_WHOLE}",
        rf"(?i)\b(?:pull|pulls|check|checks|open|opens|draw|draws|inspect|inspects|examine|examines|take|takes|"
        rf"control|test|tests|look\s+at|looking\s+at)\s+(?:out\s+|from\s+each\s+lot\s+)?{_WHOLE}",
        r"(?i)\bplan\s+(?:of\s+)?(\d+)\s*/\s*\d+",
        rf"(?i)\bout\s+of\s+(?:a\s+sample\s+of\s+)?{_WHOLE}",
    )
)
_ACCEPT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w^])c\s*(?:=|:|≤|<=)?\s*(\d+)(?![\d.]*\d)",
        r"\bac\s*(?:=|:)?\s*(\d+)",
        r"\bplan\s+(?:of\s+)?\d+\s*/\s*(\d+)",
        rf"\b(?:accept(?:s|ed|ing)?(?:ance)?\s*(?:(?:number|no\.?|on|with|at\s+most|at|up\s+to|if|when|there\s+are|is|of|=|:|max\w*)\s*){{0,4}}|"
        rf"permits?|allows?)\s*(?:<=|≤|=<|<\s?=)?\s*{_WHOLE}",
        rf"\b(?:{_RETURN})s?\s+(?:it\s+|the\s+lot\s+)?(?:when|if|with|at|on)?\s*more\s+than\s+{_WHOLE}",
        rf"\b(?:pass|take|release|let\s+(?:it|the\s+lot|them)\s+(?:pass|through|go|in))(?:es|s)?\s+(?:it\s+)?"
        rf"(?:on|at|with|up\s+to|if\s+(?:at\s+most|up\s+to))\s*{_WHOLE}(?=\s*(?:{_FAULTY}|[,.;]|$))",
        rf"\b{_WHOLE}\s+(?:{_FAULTY})\s+(?:ones?\s+|pieces?\s+|parts?\s+|units?\s+)?(?:is\s+|are\s+)?(?:still\s+)?(?:allowed|tolerated|permitted|acceptable|fine|ok)\b",
    )
)
_REJECT_AT = re.compile(
    rf"\b(?:{_RETURN})s?\s+(?:it\s+|the\s+lot\s+)?(?:on|upon|at|with|from|if)?\s*(?:the\s+)?"
    rf"(?:(\d+)|({'|'.join(_ORDINALS)})|({IN_WORDS}))\b(?!\s*%)",
    re.IGNORECASE,
)
_ONE_TOO_MANY = re.compile(
    rf"\b(\d+)\s+(?:or\s+more\s+)?(?:{_FAULTY})\s*(?:ones?|1|pieces?|parts?|units?)?\s*(?:=+>?|->|→|,|:|means|and|then)?\s*"
    rf"(?:we\s+|you\s+|it\s+is\s+|it['’]s\s+|it\s+|(?:the|whole)\s+lot\s+(?:is\s+|gets\s+)?)?(?:{_RETURN})",
    re.IGNORECASE,
)
_ZERO = re.compile(
    r"\b0[\s-]*(?:acceptance|accept)\b|\baccept(?:s|ing|ance)?[\s-]+(?:on\s+)?0\b"
    rf"|(?<![\w.,])(?:0|no|not\s+(?:a\s+single|one|1))\s+(?:{_FAULTY})",
    re.I,
)
_AQL = re.compile(rf"\baql{_GLOSS}{_NUMBER}{_PERCENT}", re.IGNORECASE)
_AQL_BEFORE = re.compile(rf"{_NUMBER}{_PERCENT}\s*aql\b", re.IGNORECASE)
_TOLERATED = re.compile(
    rf"\b(?:accepts?\s+at\s+most|tolerates?|can\s+live\s+with|agreed(?:\s+(?:on|to))?)\s+(?:about\s+|up\s+to\s+)?{_NUMBER}\s*(%|percent|pct)",
    re.IGNORECASE,
)
_TOLERABLE = re.compile(
    rf"{_NUMBER}\s*(%|percent|pct)\s*(?:{_FAULTY})?\s*(?:(?:is|are|as)\s+)?(?:still\s+)?(?:tolerable|tolerated|acceptable|ok\b|fine\b)",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    rf"(?<![\w.]){_NUMBER}\s*(%|percent|pct)[^\n]{{0,20}}?\binstead\b", re.IGNORECASE
)
_IN_A_HUNDRED = re.compile(
    r"(?<![\w.])(\d{1,2})\s*(?:times\s+)?(?:in|out\s+of)\s+(?:a\s+|every\s+)?100\b", re.I
)
_GOOD_QUALITY = re.compile(rf"\b(?:prq|p1){_GLOSS}{_NUMBER}{_PERCENT}", re.IGNORECASE)
_BAD_QUALITY = re.compile(rf"\b(?:ltpd|rql|lq|crq|p2){_GLOSS}{_NUMBER}{_PERCENT}", re.IGNORECASE)
_RISK_WORDS = {
    "alpha": r"(?:\balpha|α|\bproducer'?s?['’]?s?\s+risk)",
    "beta": r"(?:\bbeta|β|\bconsumer'?s?['’]?s?\s+risk)",
}
# The number behind the word is tried first: "LTPD 3% producer risk 5% consumer risk 10%".
_RISKS = {
    name: (
        re.compile(rf"{words}\s*(?:is|of|=|:|at\s+most)?\s*{_NUMBER}{_PERCENT}", re.IGNORECASE),
        re.compile(rf"{_NUMBER}{_PERCENT}\s*{words}", re.IGNORECASE),
    )
    for name, words in _RISK_WORDS.items()
}
_LEVEL = re.compile(
    r"\b(?:(?:inspection\s+)?lev(?:el)?\.?|gil|general)\s*(?:=|:)?\s*(iii|ii|i|s-?[1-4]|[123])\b|\b(s-[1-4])\b",
    re.IGNORECASE,
)
_SEVERITY = re.compile(
    r"\b(tightened|reduced|normal)\b(?!(?:ly)?\s+(?:distrib\w*|values?|data))", re.IGNORECASE
)
_ROMAN = {"1": "I", "2": "II", "3": "III"}
_ANY_PERCENT = re.compile(rf"(?<![\w.]){_NUMBER}\s*(%|percent\b|pct\b)", re.IGNORECASE)
_RANGE = re.compile(
    rf"\bfrom\s+{_NUMBER}\s*(?:%|percent)?\s*(?:to|-|until)\s*{_NUMBER}\s*(?:%|percent)",
    re.IGNORECASE,
)
_BARE_BEFORE_PERCENT = re.compile(
    rf"(?<![\w.]){_NUMBER}\s*(?:,|and|or|/)\s*(?=(?:[\d.]++\s*+(?:,|and|or|/)\s*+)*+[\d.]++\s*+(?:%|percent))"
)
_FRACTION = re.compile(r"\bp\s*=\s*(0?\.\d+)(?!\s*%)", re.IGNORECASE)
_PROBABILITY = re.compile(
    r"^\s*(?:of\s+(?:the\s+|all\s+|good\s+|poor\s+|bad\s+|such\s+|those\s+)*(?:lots|time|batches|deliveries)\b"
    r"|chance|prob(?!lem)\w*|accept\w*|pass\w*|risk|conf\w*|certain\w*|sure\b|safe\w*|likel\w*)",
    re.IGNORECASE,
)
_QUALITY = re.compile(
    r"^\s*(?:of\s+(?:them|the\s+\w+|it|all)\s+)?(?:is|are|was|were)?\s*(?:bad\b|defect\w*|nonconform\w*|non-conform\w*|faulty|reject\w*|scrap)",
    re.IGNORECASE,
)
_SORTED = re.compile(r"^\s*(?:sort\w*|inspect\w*|screen\w*|rectif\w*|check\w*)", re.IGNORECASE)
_CURVE_POINTS = 16
_SURE = 0.8


def bind_acceptance_sampling(evidence: Evidence, binding: Binding) -> None:
    text = with_digits(evidence.reading.plain)
    used: list[tuple[int, int]] = []
    lot = read_lot(binding, text)
    _plan(binding, text, lot)
    if (
        "c" in binding.args
        and "n" not in binding.args
        and not re.search(r"(?i)\b(?:aql|ltpd|l?rq[l]|how\s+many)\b", text)
    ):
        _sample_by_its_noun(binding, text)
    qualities(binding, text, used)
    if lot is None and binding.args.keys() & {"aql", "ltpd"}:
        lot_by_its_noun(binding, text)
    if evidence.has(r"\bhypergeom\w*|\bisolated lot|\bsingle lot\b"):
        binding.set("distribution", "hypergeometric", "question")
    read_scheme(binding, text)
    _check(binding)


def read_scheme(binding: Binding, text: str) -> None:
    """Inspection level and severity of the standards."""
    level = _LEVEL.search(text)
    if level:
        letter = (level[1] or level[2]).upper()
        letter = _ROMAN.get(letter, letter)
        if letter.startswith("S") and "-" not in letter:
            letter = f"{letter[0]}-{letter[1]}"
        binding.set("level", letter, f"question[{level.start()}:{level.end()}]")
    severity = _SEVERITY.search(text)
    if severity:
        binding.set(
            "inspection",
            severity[1].lower(),
            f"question[{severity.start()}:{severity.end()}]",
        )


def _check(binding: Binding) -> None:
    args = binding.args
    plan = {"n", "c"} <= args.keys()
    if plan and args["c"] >= args["n"]:
        raise NeedsInput(
            f"a sample of {args['n']} cannot hold more than {args['c']} defectives",
            "what are the sample size and the acceptance number?",
        )
    if plan and "lot_size" in args and args["n"] > args["lot_size"]:
        raise NeedsInput(
            f"a sample of {args['n']} is larger than the lot of {args['lot_size']}",
            "how large are the sample and the lot?",
        )
    standard = {"aql", "lot_size"} <= args.keys() and "ltpd" not in args
    if plan and standard and args["c"] > 0:
        own: dict[str, Any] = {name: args.pop(name) for name in ("n", "c", "p") if name in args}
        curve = Binding(operation=binding.operation, args=own)
        curve.provenance = {name: binding.provenance.pop(name, "question") for name in own}
        binding.more.append(curve)
        return
    if plan or standard or ("ltpd" in args and (args.keys() & {"aql", "c"} or "beta" in args)):
        if "ltpd" in args and "aql" not in args and not plan:
            args.setdefault("c", 0)
        return
    if "aql" in args:
        raise NeedsInput(
            "an AQL alone does not fix a plan",
            "how many units are in a lot (or which quality must be rejected)?",
        )
    if "n" in args:
        raise NeedsInput(
            "the acceptance number is missing",
            "with how many defectives is the lot still accepted?",
        )
    raise NeedsInput(
        "a sampling plan needs a quality level",
        "which AQL applies (and which lot size), or which n and c should be judged?",
    )


def read_lot(binding: Binding, text: str) -> tuple[int, int] | None:
    for pattern in (_LOT_LETTER, *_LOT, _LOT_COMPRISED):
        match = next((found for found in pattern.finditer(text) if int(found[1]) > 1), None)
        if match:
            binding.set("lot_size", int(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
            return match.span(1)
    of_each = re.search(r"\b(?:deliver|suppl|receiv)\w*\s+(?:of\s+)?(\d{3,})", text, re.IGNORECASE)
    if of_each:
        binding.set("lot_size", int(of_each[1]), f"question[{of_each.start(1)}:{of_each.end(1)}]")
        return of_each.span(1)
    return None


def lot_by_its_noun(binding: Binding, text: str) -> None:
    """ "500 pcs, AQL 2.5": the only whole number of pieces beside a quality is the lot."""
    for pattern in (_ARRIVES, _PER_LOT, _PIECES, _NOUNS):
        sizes = {int(next(filter(None, match.groups()))) for match in pattern.finditer(text)}
        sizes -= {binding.args.get("n"), 0, 1}
        if len(sizes) == 1:
            size = sizes.pop()
            place = next(m.span() for m in pattern.finditer(text) if str(size) in m.groups())
            binding.set("lot_size", size, f"question[{place[0]}:{place[1]}]")
            return


def _sample_by_its_noun(binding: Binding, text: str) -> None:
    """ "13 pieces, zero accepted": the only number of pieces beside an acceptance number."""
    found = [match for match in _PIECES.finditer(text) if int(match[1]) > 1]
    if len(found) == 1 and int(found[0][1]) != binding.args.get("lot_size"):
        place = f"question[{found[0].start(1)}:{found[0].end(1)}]"
        binding.set("n", int(found[0][1]), place)


_AT_MOST_OF = re.compile(
    rf"\b(?:at\s+most|up\s+to|max\w*|not?\s+more\s+than)\s+{_WHOLE}\s*(?:{_FAULTY})?\s*(?:of|in|out\s+of|/)\s*(?:a\s+sample\s+of\s+)?{_WHOLE}",
    re.IGNORECASE,
)


def _plan(binding: Binding, text: str, lot: tuple[int, int] | None) -> None:
    both = _AT_MOST_OF.search(text)
    if both and int(both[1]) < int(both[2]):
        binding.set("n", int(both[2]), f"question[{both.start(2)}:{both.end(2)}]")
        binding.set("c", int(both[1]), f"question[{both.start(1)}:{both.end(1)}]")
        return
    for pattern in _SIZE:
        match = next((m for m in pattern.finditer(text) if m.span(1) != lot), None)
        if match:
            binding.set("n", int(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
            break
    for pattern in _ACCEPT:
        match = next((m for m in pattern.finditer(text) if m.span(1) != lot), None)
        if match:
            binding.set("c", int(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
            return
    match = _REJECT_AT.search(text)
    if match:
        first_bad = (
            int(match[1])
            if match[1]
            else _ORDINALS[match[2].lower()]
            if match[2]
            else count_of(match[3])
        )
        if first_bad >= 1:
            binding.set("c", first_bad - 1, f"question[{match.start()}:{match.end()}]")
            return
    beyond = _ONE_TOO_MANY.search(text)
    if beyond and int(beyond[1]) >= 1:
        binding.set("c", int(beyond[1]) - 1, f"question[{beyond.start()}:{beyond.end()}]")
        return
    zero = _ZERO.search(text)
    if zero:
        binding.set("c", 0, f"question[{zero.start()}:{zero.end()}]")


def qualities(binding: Binding, text: str, used: list[tuple[int, int]]) -> None:
    """AQL, LTPD and risks that are named; then those that are only described; then p."""
    bad = _take(binding, "ltpd", _BAD_QUALITY, text, used)
    good = _take(binding, "aql", _GOOD_QUALITY, text, used, like=bad)
    for pattern in (_INSTEAD, _AQL, _TOLERATED, _TOLERABLE, _AQL_BEFORE):
        if not good:
            fraction_scale = bad is not None and bad[1] < 1 and not bad[2]
            good = _take(binding, "aql", pattern, text, used, percent=not fraction_scale)
    for name, patterns in _RISKS.items():
        hits = (match for pattern in patterns for match in pattern.finditer(text))
        match = next((hit for hit in hits if not _overlaps(hit.span(1), used)), None)
        if match:
            value = float(match[1])
            binding.set(
                name,
                round(value / 100 if match[2] or value >= 1 else value, 12),
                f"question[{match.start()}:{match.end()}]",
            )
            used.append(match.span())
    ranged = _RANGE.search(text)
    if ranged:
        low, high = float(ranged[1]) / 100, float(ranged[2]) / 100
        step = (high - low) / (_CURVE_POINTS - 1)
        binding.set(
            "p", [round(low + i * step, 12) for i in range(_CURVE_POINTS)],
            f"question[{ranged.start()}:{ranged.end()}]",
        )  # fmt: skip
        return
    if not binding.args.keys() & {"n", "aql", "ltpd"} and _two_points(binding, text, used):
        return
    shares, risks = _free_percentages(text, used)
    described = len(shares) == 2 and (risks or binding.args.keys() & {"alpha", "beta"})
    if described and not binding.args.keys() & {"n", "aql", "ltpd"}:
        _described(binding, shares, risks)
        return
    if len(shares) == 1 and risks and max(risks) > 0.5 and not binding.args.keys() & {"n", "aql", "ltpd"}:  # fmt: skip
        # "95 % sure that a lot with 4 % bad is rejected", with no defective allowed
        if binding.args.get("c") == 0 or re.search(r"\bnone\b|\bno\s+(?:bad|defect)", text, re.I):
            binding.set("ltpd", shares[0], "question")
            binding.set("beta", round(1 - max(risks), 12), "question")
            binding.set("c", 0, "question")
        return
    if "ltpd" in binding.args and "beta" not in binding.args and len(risks) == 1:
        risk = risks[0]
        binding.set("beta", round(1 - risk if risk > 0.5 else risk, 12), "question")
    if shares and {"n", "c"} <= binding.args.keys():
        binding.set("p", shares[0] if len(shares) == 1 else shares, "question")


def _overlaps(span: tuple[int, int], used: list[tuple[int, int]]) -> bool:
    return any(low <= span[0] < high for low, high in used)


def _take(
    binding: Binding,
    name: str,
    pattern: re.Pattern[str],
    text: str,
    used: list[tuple[int, int]],
    *,
    percent: bool = False,
    like: tuple[int, float, bool] | None = None,
) -> tuple[int, float, bool] | None:
    """Set ``name`` as a fraction. Without a sign, ``percent`` and a value of one or more decide."""
    match = pattern.search(text)
    if match is None:
        return None
    value, sign = float(match[1]), match[2] is not None
    as_percent = sign or percent or value >= 1 or (like is not None and (like[2] or like[1] >= 1))
    binding.set(
        name,
        round(value / 100, 12) if as_percent else value,
        f"question[{match.start(1)}:{match.end()}]",
    )
    used.append(match.span())
    return match.start(), value, sign


def _free_percentages(text: str, used: list[tuple[int, int]]) -> tuple[list[float], list[float]]:
    """Percentages that are qualities, and those that are probabilities."""
    shares: list[float] = []
    risks: list[float] = []
    hits = [(m.start(1), m.end(), float(m[1])) for m in _ANY_PERCENT.finditer(text)]
    hits += [(m.start(1), m.end(1), float(m[1])) for m in _BARE_BEFORE_PERCENT.finditer(text)]
    risks += [float(m[1]) / 100 for m in _IN_A_HUNDRED.finditer(text)]
    for start, end, value in sorted(hits):
        if _overlaps((start, end), used) or _SORTED.match(text[end : end + 20]):
            continue
        before = text[max(0, start - 24) : start].lower()
        quality = _QUALITY.match(text[end : end + 24])
        probability = not quality and (
            _PROBABILITY.match(text[end : end + 20])
            or (
                re.search(r"(?:pass|accept\w*|risk)\s+(?:\w+\s+){0,2}$", before)
                and not re.search(r"\bat\s+$", before)
            )
            or value > 60
        )
        (risks if probability else shares).append(round(value / 100, 12))
    shares += [float(m[1]) for m in _FRACTION.finditer(text)]
    return list(dict.fromkeys(shares)), risks


def _two_points(binding: Binding, text: str, used: list[tuple[int, int]]) -> bool:
    """ "lots at 0.5 % with 95 % and lots at 4 % with at most 10 %": two points of the curve.

    The one share that only a chance of acceptance can be tells which of each two is the chance.
    """
    found = [m for m in _ANY_PERCENT.finditer(text) if not _overlaps(m.span(1), used)]
    values = [float(match[1]) / 100 for match in found]
    high = [place for place, value in enumerate(values) if value >= _SURE]
    if len(values) != 4 or len(high) != 1:
        return False
    chances = values[high[0] % 2 :: 2]
    qualities_of = values[1 - high[0] % 2 :: 2]
    alpha, beta = 1 - max(chances), min(chances)
    good, bad = qualities_of if chances[0] > chances[1] else qualities_of[::-1]
    if not (good < bad and beta < 0.5):
        return False
    place = f"question[{found[0].start()}:{found[-1].end()}]"
    for name, value in (("aql", good), ("ltpd", bad), ("alpha", alpha), ("beta", beta)):
        binding.set(name, round(value, 12), place)
    return True


def _described(binding: Binding, shares: list[float], risks: list[float]) -> None:
    """Two qualities with their chances of acceptance: "95 % at 1 % bad, 10 % at 6 %"."""
    good, bad = min(shares), max(shares)
    binding.set("aql", good, "question")
    binding.set("ltpd", bad, "question")
    if len(risks) >= 2:
        high, low = max(risks), min(risks)
        if high > 0.5:
            binding.set("alpha", round(1 - high, 12), "question")
        binding.set("beta", low, "question")
