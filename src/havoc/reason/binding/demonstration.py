"""Arguments of a reliability demonstration: R90 C90, slots, lives, hours, failures allowed."""

from __future__ import annotations

import re

from havoc.reading.number_pieces import APART, PERCENT_SIGN, UNSIGNED
from havoc.reading.prose import mask
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.marked_times import IN_WORDS, TIME_UNIT, count_of, runs

_NUMBER = rf"{APART}({UNSIGNED})"
_PERCENT = rf"\s*{PERCENT_SIGN}?"
_TIME = rf"{_NUMBER}(\s?k\b)?\s*({TIME_UNIT})?"
_RELIABLE = r"(?:reliab\w*|fiabilit\w*|zuverl[äa]ssigk\w*|fiabilidad|confiabilidad\w*|affidabilit\w*|niezawodno\w*)"
_SURE = (
    r"(?:confidence|conf|cl|confiance|vertrauen\w*|aussagesicherh\w*|konfidenz\w*|confianza|confiança|"
    r"fiducia|confidenza|ufno\w*)"
)
_GOAL = rf"(?:at\s+least\s+)?{_NUMBER}{_PERCENT}\s*(?:rel\b|{_RELIABLE}|surviv\w*|good\b|of\s+the\s+\w+\s+(?:function|work|surviv)\w*)"
_RELIABILITY = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\br\s*(?:=|:|of)?\s*{_NUMBER}(?![\d.]*\d){_PERCENT}(?=\s*[/,;]?\s*(?:(?:and|with|at|,)\s*)?(?:c|conf|cl|\d))",
        rf"\br\s*=\s*{_NUMBER}(?![\d.]*\d){_PERCENT}",
        rf"\br\s?(\d\d(?:\.\d+)?)(){_PERCENT}(?!\d)",
        rf"\b{_RELIABLE}\s*(?:of|is|=|:|at\s+least|de|von|di|da)?\s*{_NUMBER}{_PERCENT}",
        _GOAL,
    )
)
_RATIO = re.compile(rf"\b({IN_WORDS}|\d+)\s+(?:in|out\s+of)\s+({IN_WORDS}|\d+)\b", re.IGNORECASE)
_CONFIDENCE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![a-z])c\s*(?:=|:)?\s*{_NUMBER}(?![\d.]*\d){_PERCENT}(?!\s*{TIME_UNIT})",
        rf"\b{_SURE}\b\.?\s*(?:level|of|is|=|:|de|von|di|da)?\s*{_NUMBER}{_PERCENT}",
        rf"{_NUMBER}{_PERCENT}\s*(?:statistical\s+|de\s+|di\s+)?(?:{_SURE}\b|sure\b|trust|certain\w*)",
        rf"\b(?:prove|demonstrate|show)\w*\s+(?:it\s+)?(?:at|with|to)\s+{_NUMBER}\s*(%|percent|pct)",
        rf"\bdemonstrate\w*\s+at\s+{_NUMBER}\s*(%|percent|pct)",
    )
)
_MTBF = re.compile(
    rf"\b(?:mtbf|mttf|mean\s+life|mean\s+time\s+between\s+failures)\b[^\d\n]{{0,30}}?{_TIME}",
    re.IGNORECASE,
)
_SHAPE = re.compile(
    rf"(?:\b(?:beta|shape|slope|weibull)|β)\s*(?:assumed|known|parameter|of|is|=|:)?\s*(?:about\s+|around\s+)?{_NUMBER}",
    re.IGNORECASE,
)
_SCALE = re.compile(rf"(?:\beta|η)\s*(?:target|goal|of|is|=|:)?\s*{_TIME}", re.IGNORECASE)
_FACTOR = re.compile(
    rf"\b(?:accel\w*\s*(?:factor)?|af)\s*(?:of|is|=|:)?\s*{_NUMBER}", re.IGNORECASE
)
_A_LIFE = (
    r"(?:(?:mission|target|required|design|service|warranty|specified|full|useful|nominal)\s+)?"
    r"(?:lives|life(?:times?|spans?)?|missions?|lengths?|durations?)\b"
)
_LIVES = re.compile(rf"{_NUMBER}\s*(?:x\b|times)?\s*(?:the\s+)?{_A_LIFE}(?!\s*[\d])", re.IGNORECASE)
_LIVES_IN_WORDS = re.compile(
    rf"\b(?:test|run|for|to|through)\w*\s+(?:[a-z]+\s+){{0,3}}?({IN_WORDS}|twice|double)\s+(?:times\s+)?(?:(?:the|its)\s+)?{_A_LIFE}",
    re.IGNORECASE,
)
_MULTIPLES = {"twice": 2, "double": 2}
_BOTH = re.compile(
    r"(?<![\w./])r?(\d\d(?:\.\d+)?)\s?%?\s?/\s?c?(\d\d(?:\.\d+)?)(?![\w./]*\d)\s?%?", re.IGNORECASE
)
_TEST_TIME = re.compile(
    rf"\b(?:test(?:ed|ing)?|run(?:ning)?|on\s+test|leave|keep)\s*+"
    rf"(?:(?:each|every|all|them|it|one|of|on|part|unit|piece)\s++){{0,4}}(?:for|during|time)?\s*+(?:of|is|=|:)?\s*+{_NUMBER}(\s?k\b)?\s*+({TIME_UNIT})"
    rf"|\bfor\s+{_NUMBER}(\s?k\b)?\s*({TIME_UNIT})",
    re.IGNORECASE,
)
# "we can bench them to 30k", "I test until 20000 cycles": what the test goes up to
_TEST_END = re.compile(
    rf"\b(?:test|run|bench|cycle|leave|keep|take|push|soak|going|go)\w*+\s++(?:(?:each|every|all|them|'?em|it|one|of|on|part|unit|piece|parts|units|pcs|pieces|samples|out|up|\d{{1,4}})\s++){{0,4}}"
    rf"(?:to|until|till|up\s+to|through)\s++{_NUMBER}(\s?k\b)?\s*+({TIME_UNIT})?",
    re.IGNORECASE,
)
_LIFE_TIME = re.compile(
    rf"(?:\b(?:at|last\w*|life|to|until|of|says|for)\s+)?(?<![\w.]){_NUMBER}(\s?k\b)?\s*({TIME_UNIT})",
    re.IGNORECASE,
)
_FAILURE = (
    r"(?:fail\w*|failures?|breaks?|broken|rejects?|d[ée]faillances?|pannes?|ausf[äa]ll\w*|fallos?|fallas?|falhas?|"
    r"guasti|guasto|awari\w*|uszkodze\w*)"
)
_FAILURES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\br\s*=\s*(\d(?:\s*,\s*\d)*)(?!\d|\.\d)",
        rf"\b({IN_WORDS}|\d{{1,2}})\s+(?:permitted\s+|allowed\s+|allowable\s+)?{_FAILURE}\b",
        rf"\b({IN_WORDS}|\d{{1,2}})\s+(?:of\s+them\s+)?(?:died|dead|broke|burst|cracked|gave\s+up)\b",
        rf"\b({IN_WORDS}|\d{{1,2}})\s+(?:can|may)\s+{_FAILURE}\b",
        rf"\b(?:let|allow\w*|permit\w*|bust|break|lose)\s+(?:me\s+)?(?:bust\s+|lose\s+)?({IN_WORDS}|\d{{1,2}})\b(?!\s*%)",
    )
)
_NO_FAILURE = re.compile(
    rf"\b(?:no|none|zero|without|nobody|0|not\s+one|sans|aucune?|keine?|ohne|sin|cero|sem|senza|bez)\b[^.;?\n]{{0,30}}?\b(?:{_FAILURE}|break\w*|duds?|loss\w*|allowed)"
    r"|\bno\s+(?:fails?|failures?|duds?)\b|\bpassed\s+all\b|\ball\s+(?:passed|survived)\b|\bw(?:/o|ithout)\s+fail|"
    r"\bnone\s+(?:of\s+them\s+)?(?:can\s+|has\s+|have\s+)?(?:fail\w*|break\w*|broke\w*|died|dead|cracked)|\bnobody\s+fails|\bc\s*=\s*0\b",
    re.IGNORECASE,
)
_UNITS_TESTED = re.compile(
    rf"(?<![\w.\-])(\d{{1,6}}|{IN_WORDS})(?![\w.,%]*\d)"
    rf"(?!\s*(?:%|percent|pct|{TIME_UNIT}(?!\s+(?:units|parts|pieces|pcs)\b)|k\b|lives?\b|life))(?!\w)",
    re.IGNORECASE,
)


def bind_demonstration_test(evidence: Evidence, binding: Binding) -> None:
    text = evidence.reading.plain
    if evidence.has(r"\bexponential\b"):
        binding.set("distribution", "exponential", "question")
    rest = _scale_free(binding, text)
    rest = _failures(binding, rest, evidence)
    rest = _named(binding, _without_data(rest))
    rest = _shares(binding, rest)
    rest = _times(binding, rest)
    _units(binding, rest)
    _check(binding, evidence)


def _set_time(binding: Binding, name: str, match: re.Match[str], group: int) -> None:
    value = float(match[group]) * (1000 if match[group + 1] else 1)
    binding.set(name, value, f"question[{match.start()}:{match.end()}]")


def _scale_free(binding: Binding, text: str) -> str:
    """MTBF and eta, which need no mission time."""
    for name, pattern in (("mtbf", _MTBF), ("scale", _SCALE)):
        match = pattern.search(text)
        if match:
            _set_time(binding, name, match, 1)
            if match[3]:
                binding.set("unit", match[3], f"question[{match.start(3)}:{match.end(3)}]")
            text = mask(text, match.start(1), match.end())
    return text


def _failures(binding: Binding, text: str, evidence: Evidence) -> str:
    del evidence
    for index, pattern in enumerate(_FAILURES):
        match = pattern.search(text)
        if match is None:
            continue
        source = f"question[{match.start()}:{match.end()}]"
        if index == 0:
            counts = [int(number) for number in re.findall(r"\d", match[1])]
            binding.set("failures", counts[0] if len(counts) == 1 else counts, source)
        else:
            binding.set("failures", count_of(match[1]), source)
        return mask(text, match.start(1), match.end(1))
    none = _NO_FAILURE.search(text)
    if none:
        binding.set("failures", 0, f"question[{none.start()}:{none.end()}]")
        number = re.search(r"\b(?:0|zero)\b", none[0], re.IGNORECASE)
        if number:
            return mask(text, none.start() + number.start(), none.start() + number.end())
    return text


def _without_data(text: str) -> str:
    """Lists of lifetimes belong to another request of the same question."""
    for run in runs(text):
        if len(run.items) >= 3:
            text = mask(text, run.start, run.end)
    return text


def _named(binding: Binding, text: str) -> str:
    words = _LIVES_IN_WORDS.search(text)
    if words:
        binding.set(
            "life_ratio",
            float(_MULTIPLES.get(words[1].lower()) or count_of(words[1])),
            f"question[{words.start(1)}:{words.end(1)}]",
        )
        text = mask(text, words.start(1), words.end(1))
    for name, pattern in (
        ("acceleration_factor", _FACTOR),
        ("shape", _SHAPE),
        ("life_ratio", _LIVES),
    ):
        match = pattern.search(text)
        if match:
            binding.set(name, float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
            text = mask(text, match.start(1), match.end(1))
    return text


def _shares(binding: Binding, text: str) -> str:
    """Confidence first where it is named, then reliability, so that R90/C95 falls apart right."""
    both = _BOTH.search(text)
    if both and all(50 <= float(share) < 100 for share in both.groups()):
        source = f"question[{both.start()}:{both.end()}]"
        for name, share in zip(("reliability", "confidence"), both.groups(), strict=True):
            binding.set(name, round(float(share) / 100, 12), source)
        binding.echo(
            "{} is the reliability and {} the confidence",
            (float(both[1]), source),
            (float(both[2]), source),
        )
        return mask(text, both.start(), both.end())
    for name, patterns in (("confidence", _CONFIDENCE), ("reliability", _RELIABILITY)):
        for pattern in patterns:
            match = pattern.search(text)
            if match is None:
                continue
            sign = any(match.groups()[1:])
            value = float(match[1])
            binding.set(
                name,
                round(value / 100, 12) if sign or value > 1 else value,
                f"question[{match.start(1)}:{match.end(1)}]",
            )
            text = mask(text, match.start(1), match.end())
            break
    ratio = _RATIO.search(text)
    if ratio and "reliability" not in binding.args:
        part, whole = count_of(ratio[1]), count_of(ratio[2])
        if 0 < part < whole:
            binding.set("reliability", part / whole, f"question[{ratio.start()}:{ratio.end()}]")
            text = mask(text, ratio.start(), ratio.end())
    lone = re.search(rf"(?<![\w.]){_NUMBER}\s*(%|percent\b|pct\b)", text)
    if lone:
        for name in ("reliability", "confidence"):
            if name not in binding.args and (
                name == "confidence" or not binding.args.keys() & {"mtbf", "scale"}
            ):
                binding.set(
                    name, round(float(lone[1]) / 100, 12), f"question[{lone.start()}:{lone.end()}]"
                )
                return mask(text, lone.start(), lone.end())
    return text


def _times(binding: Binding, text: str) -> str:
    test = _TEST_TIME.search(text)
    if test:
        group = 1 if test[1] else 4
        _set_time(binding, "test_time", test, group)
        binding.set("test_time_unit", test[group + 2], f"question[{test.start()}:{test.end()}]")
        text = mask(text, test.start(group), test.end())
    elif (end := _TEST_END.search(text)) is not None and _LIFE_TIME.search(
        mask(text, end.start(1), end.end())
    ):
        _set_time(binding, "test_time", end, 1)
        if end[3]:
            source = f"question[{end.start(3)}:{end.end(3)}]"
            binding.set("test_time_unit", end[3], source)
        text = mask(text, end.start(1), end.end())
    life = _LIFE_TIME.search(text)
    if life:
        _set_time(binding, "time", life, 1)
        binding.set("time_unit", life[3], f"question[{life.start(3)}:{life.end(3)}]")
        text = mask(text, life.start(1), life.end())
    if "test_time" in binding.args and not binding.args.keys() & {"time", "scale", "mtbf"}:
        # One time only: the reliability is stated for it, and the test runs one life.
        for tested, name in (("test_time", "time"), ("test_time_unit", "time_unit")):
            if tested in binding.args:
                binding.set(name, binding.args.pop(tested), binding.provenance.pop(tested))
    return text


def _units(binding: Binding, text: str) -> None:
    for match in _UNITS_TESTED.finditer(text):
        number = count_of(match[1])
        after = text[match.end() : match.end() + 20].lower()
        worded = match[1].lower() in {"zero", "one"} or re.match(r"\s*(?:can|may|fail)", after)
        if number >= 2 and not worded:
            binding.set("n", number, f"question[{match.start()}:{match.end()}]")
            return


def _check(binding: Binding, evidence: Evidence) -> None:
    args = binding.args
    for name in ("reliability", "confidence"):
        value = args.get(name)
        if value is not None and not 0 < value < 1:
            raise NeedsInput(
                f"a {name} of {100 * value:g} % is impossible",
                f"which {name}, below one hundred percent, is meant?",
            )
    asks_size = evidence.has(
        r"\bhow many|\b(?:sample|unit|test)\s+(?:size|count|quantity)|\bnumber of (?:units|test|pieces|samples)|\bn\s*=?\s*\?"
        r"|\bcombien|\bwie\s?viele|\bcu[aá]nt|\bquant[aeio]s?\b|\bile\b|\btaille\b|\bqty\b"
    )
    fixed_size = evidence.has(r"\bhow long|\bonly\b|\bslots\b|\bavailable\b")
    if asks_size and not fixed_size and {"n", "reliability", "confidence"} <= args.keys():
        del args["n"]
    args.setdefault("failures", 0)
    known = args.keys()
    if "confidence" not in known and not {"n", "reliability"} <= known:
        raise NeedsInput(
            "the confidence level is missing",
            "with which confidence must it be shown, for example 90 %?",
        )
    if not known & {"reliability", "n", "mtbf", "scale"}:
        raise NeedsInput(
            "it is not said what must be shown",
            "which reliability (or MTBF) must be demonstrated, or how many units were tested?",
        )
    if "n" in known and "confidence" not in known and "reliability" not in known:
        raise NeedsInput(
            "the confidence level is missing", "with which confidence must it be shown?"
        )
