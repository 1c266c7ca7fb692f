"""Arguments of power and sample size: which number is the effect, the spread, n, the power."""

from __future__ import annotations

import re

from havoc.reading.counts import read_counts
from havoc.reading.prose import mask
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.claims import COUNT_WORDS, GROUP_NOUN, NUMBER, SPREAD, Claim, Numbers
from havoc.reason.binding.evidence import Binder, Evidence

_ASKS_POWER = re.compile(
    r"\b(?:what|which|how\s+much|how\s+(?:big|good|large|high))(?:'s|\s+is|\s+was|\s+are|\s+were)?\s+(?:my\s+|the\s+|our\s+)?"
    r"(?:power|chances?|odds|probability)|\bpower\s+(?:is|do|would|achieved|left|have)|\bhow\s+likely|\bpower\s*\?|\bpower\s+calculation"
    r"|\b(?:will|would|could|can|do|did)\s+(?:i|we|it|this|that|my\s+\w+|our\s+\w+|the\s+\w+)\s+(?:even\s+|really\s+|ever\s+)?"
    r"(?:notice|see|detect|find|spot|catch|show|pick\s+up)\b|\b(?:chance|odds)\s+(?:do|did|have|that)\s+(?:i|we)\b",
    re.IGNORECASE,
)
_ASKS_SIZE = re.compile(
    r"\bhow\s+(?:many|(?:big|large)(?!\s+(?:is|was|are)\s+(?:my|the|our)\s+(?:chance|power|odds|probab)))|\bsample\s+size|\bnumber\s+of|\bn\s*(?:\?|per)|\bwhat\s+n\b|\breps?\s+per|\bparts\s+per",
    re.IGNORECASE,
)
_ASKS_EFFECT = re.compile(
    r"\b(?:smallest|minimum\s+detectable|detectable|least)\b|\bwhat\s+(?:difference|effect|shift|change)\b|\bwhat\s+can\s+(?:i|we)\s+(?:detect|see|find)",
    re.IGNORECASE,
)
_SHARE_WORDS = re.compile(
    r"\b(?:rate|share|fraction|p\s?=|proportions?|percentages?|defects?|defectives?|scrap|rejects?|bad|fail\w*|yield|nonconform\w*|positives?)(?!\w)",
    re.IGNORECASE,
)
_ESTIMATE = re.compile(
    r"\bestimat\w*|\bpin\b|\bmargin\b|\bto\s+within\b|\bw/in\b|\bwithin\s+[±+]|\bknown\s+to\b|\bexact\s+to\b|\bprecis\w+\s+of\b|±|\+\s?/?\s?-|\bplus\s*(?:/|or)?\s*minus\b|\b(?:good|accurate)\s+to\b",
    re.IGNORECASE,
)


_ABOUT_SIZE = re.compile(
    r"\brelevant|plus\s+or\s+minus|±|\+\s?/\s?-|\bmargin|\bhow\s+(?:many|much|large|big|small|few|long)|\bsampl|\bsizes?\b|\bpower\w*|\bdetect\w*|\bneed\w*|\benough\b"
    r"|\breplic\w*|\bnumbers?\b|\b(?:un)?der\s?powered|\bn\b|\b(?:pcs|pieces|parts|units|runs|shots|tests|measurements)\b"
    r"|\bchances?\b|\bprobab\w*|\bdiscover|\bsee\b|\bfind\b|\bcatch\b|\bnotice|\bprove\b|\bshow\b|\bβ|\bbeta\b"
    r"|\bcombien|\bpuissance|\bd[ée]tect|\bwie\s?viele?|\bstichprobe|\berkenn|\bquant[oae]s?\b|\bcu[aá]nt|\bpod(?:er|ência)\b"
    r"|\bpotencia|\bile\b|\bmoc\b|\bwykry|\bhoeveel|\bpotenza|\b(?:1|one)\s?-\s?(?:β|beta)",
    re.IGNORECASE,
)
"""What a question about a sample size, a power or a detectable effect cannot do without."""


def bind_power(evidence: Evidence, binding: Binding) -> None:
    """Design, effect, spread, n and power: all but the one that is asked for."""
    _from_table(evidence, binding)
    text = evidence.reading.plain
    numbers = Numbers(text)
    estimating = _ESTIMATE.search(text) is not None
    _levels(binding, numbers, text, estimating)
    _groups(binding, numbers, text)
    margin = numbers.claim("margin") if estimating else None
    _take(binding, "sigma", numbers.claim("sigma"))
    variances = _variances(binding, numbers)
    relation = numbers.claim("correlation") if "correlation" in text.lower() else None
    size = numbers.claim("n")
    if size is not None and "n" not in binding.args:
        binding.set("n", int(size.value), size.source)
    if _ASKS_POWER.search(text) and not _ASKS_SIZE.search(text):
        _at_hand(binding, numbers)
    if margin is not None:
        _margin(evidence, binding, numbers, margin)
        return
    if relation is not None:
        binding.set("design", "correlation", "question")
        binding.set("effect", relation.value, relation.source)
    elif binding.args.get("groups", 2) > 2:
        binding.set("design", "anova", "question")
        _means(evidence, binding)
    elif _two_shares(binding, numbers, text):
        pass
    else:
        binding.set("design", _t_design(text), "question")
    _reliably(binding, numbers)
    _newest_level(binding, text)
    if "p1" not in binding.args and not variances and "means" not in binding.args:
        _effect(binding, numbers, text)
    if binding.args.get("groups") == 2:
        del binding.args["groups"]
    _direction(evidence, binding)
    if "power" not in binding.args and _ABOUT_SIZE.search(text) is None:
        # "5 % before, 3 % after, is it better?" compares; nobody wants to know a size
        raise NeedsInput(
            "neither a sample size nor a power is asked for",
            "how many parts were looked at on each side, or do you want to know how many are needed?",
        )
    _one_unknown(binding, text)
    _require(binding)


def _take(binding: Binding, name: str, claim: Claim | None, *, fraction: bool = False) -> None:
    if claim is not None and name not in binding.args:
        binding.set(name, claim.fraction if fraction else claim.value, claim.source)


def _levels(binding: Binding, numbers: Numbers, text: str, estimating: bool) -> None:
    """Standardised effect, significance level and power."""
    _take(binding, "effect_size", numbers.claim("effect_size"))
    alpha = numbers.claim("alpha")
    beta = numbers.claim("beta")
    confidence = numbers.claim("confidence")
    power = numbers.claim("power")
    sure = numbers.claim("sure")
    if alpha is not None:
        binding.set("alpha", _checked(alpha, "alpha"), alpha.source)
    elif confidence is not None or (sure is not None and estimating):
        level = confidence or sure
        assert level is not None
        binding.set("alpha", round(1 - _checked(level, "confidence"), 12), level.source)
    chance = re.search(
        r"(?<!\d)(\d++)\s++(?:of|out of|in)\s++(\d++)\s++(?:studies|times|cases|trials|experiments)",
        text,
    )
    if power is None and sure is not None and not estimating:
        power = sure
    if power is not None:
        binding.set("power", _checked(power, "power"), power.source)
    elif beta is not None:
        binding.set("power", round(1 - _checked(beta, "beta"), 12), beta.source)
    elif chance and int(chance[1]) < int(chance[2]):
        binding.set(
            "power", int(chance[1]) / int(chance[2]), f"question[{chance.start()}:{chance.end()}]"
        )
        numbers.text = mask(numbers.text, chance.start(), chance.end())


def _checked(claim: Claim, name: str) -> float:
    slightly_above = name == "power" and not claim.percent and 1 < claim.value < 10
    if slightly_above or not 0 < claim.fraction < 1:
        raise NeedsInput(
            f"the {name} is {claim.value:g}{' %' if claim.percent else ''}, and it must lie between 0 and 1",
            f"which {name} do you mean, for example {'0.05' if name == 'alpha' else '0.8'}?",
        )
    return claim.fraction


def _groups(binding: Binding, numbers: Numbers, text: str) -> None:
    """The number of groups; "3 or more" makes an analysis of variance."""
    if "groups" in binding.args:
        return
    for match in re.finditer(
        rf"(?<![\w.])(\d{{1,3}}|{'|'.join(COUNT_WORDS)})[\s-]+(?:\w+\s+)?{GROUP_NOUN}\b|\bk\s*=\s*(\d{{1,3}})\b",
        numbers.text,
        re.IGNORECASE,
    ):
        written = (match[1] or match[2]).lower()
        count = COUNT_WORDS.get(written) or int(written)
        if count < 2 or re.search(r"\b(?:per|each)\s", match[0]):
            continue
        binding.set("groups", count, f"question[{match.start()}:{match.end()}]")
        numbers.text = mask(numbers.text, match.start(), match.start() + len(written))
        return
    named = re.search(
        r"\b(?:number\s+of\s+)?(?:levels?|groups?)\s*[:=]?\s*(\d{1,3})(?![\w.]*\d)",
        numbers.text,
        re.I,
    )
    counted = _counted_groups(numbers.text)
    for found in (named if re.search(r"\banova\b", text, re.I) else None, counted):
        count = (COUNT_WORDS.get(found[1].lower()) or int(found[1])) if found else 0
        if found and count >= 2:
            binding.set("groups", count, f"question[{found.start(1)}:{found.end(1)}]")
            numbers.text = mask(numbers.text, found.start(1), found.end(1))
            return
    if re.search(r"\banova\b", text, re.IGNORECASE):
        raise NeedsInput("the number of groups is missing", "how many groups are compared?")


_AT_HAND = re.compile(
    r"\b(?:(?:can|could)\s+(?:only\s+)?(?:fit|afford|get|take|test|measure)|only\s+(?:have|got|get)|have|had|with|got|tested|measured|"
    r"used|took|ran|paired,?)\s+(?:only\s+|just\s+)?(\d{1,6})\s+(?!sigma|sd|percent|level|factors?)[a-z]{3,}\b",
    re.IGNORECASE,
)
_ON_BOTH_SIDES = re.compile(
    r"(?<![\w.])(\d{1,6})\s+[a-z]+\s+[^.;?]{0,40}?\b(?:and\s+|,\s*|vs\.?\s+)\1\s+(?:[a-z]+\s+)?(?:with|of|on|in|from|for)\b",
    re.IGNORECASE,
)


def _counted_groups(text: str) -> re.Match[str] | None:
    """ "four oils … turbines per oil": the noun that is counted comes again behind "per"."""
    count = rf"(?<![\w.])(\d{{1,2}}|{'|'.join(COUNT_WORDS)})\s+([a-z]{{3,20}})s\b"
    for match in re.finditer(count, text, re.IGNORECASE):
        if re.search(rf"\b(?:per|each|every|an?)\s+{re.escape(match[2])}\b", text, re.IGNORECASE):
            return match
    return None


def _at_hand(binding: Binding, numbers: Numbers) -> None:
    """The number of pieces that there are, where the power is asked for and any noun counts them."""
    if "n" in binding.args:
        return
    match = _ON_BOTH_SIDES.search(numbers.text) or _AT_HAND.search(numbers.text)
    if match:
        binding.set("n", int(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
        numbers.text = mask(numbers.text, match.start(1), match.end(1))


def _variances(binding: Binding, numbers: Numbers) -> bool:
    text = numbers.text
    between = re.search(
        rf"between[^\d\n.;]{{0,40}}?var\w*\s*(?:=|is|of)?\s*{NUMBER}", text, re.IGNORECASE
    )
    within = re.search(
        rf"(?:error|within)[^\d\n.;]{{0,40}}?var\w*\s*(?:=|is|of)?\s*{NUMBER}", text, re.IGNORECASE
    )
    if between and within:
        binding.set("between_var", float(between[1]), "question")
        binding.set("within_var", float(within[1]), "question")
    return "between_var" in binding.args


def _means(evidence: Evidence, binding: Binding) -> None:
    """Expected group means, given as a list."""
    for item in evidence.series():
        if len(item.numbers) == binding.args["groups"] and re.search(
            r"\bmeans?\b", item.name + evidence.text
        ):
            binding.set("means", item.numbers, item.source)
            return


def _margin(evidence: Evidence, binding: Binding, numbers: Numbers, margin: Claim) -> None:
    """The size for an estimate of given precision."""
    if "sigma" in binding.args:
        binding.set("design", "mean_margin", "question")
        binding.set("margin", margin.value, margin.source)
    else:
        shares = [item for item in numbers.all("share") if 0 < item.fraction < 1]
        level = [item for item in shares if item.percent and item.value >= 90]
        if level and "alpha" not in binding.args:
            shares.remove(level[-1])
            binding.set("alpha", round(1 - level[-1].fraction, 12), level[-1].source)
        points = re.match(r"\s*(?:percentage\s+)?points?", evidence.text[margin.end :])
        share = margin.percent or bool(points) or bool(shares) or margin.value < 0.5
        counts = read_counts(evidence.reading.plain)
        if not share or not (shares or counts or _SHARE_WORDS.search(evidence.text)):
            raise NeedsInput(
                "the standard deviation is missing",
                "how large is the standard deviation of single values?",
            )
        binding.set("design", "proportion_margin", "question")
        fraction = margin.value / 100 if margin.percent or points else margin.value
        binding.set("margin", fraction, margin.source)
        if shares:
            binding.set("p", shares[0].fraction, shares[0].source)
        elif counts and 0 < counts[0].successes < counts[0].trials:
            binding.set("p", counts[0].successes / counts[0].trials, counts[0].source)
        else:
            binding.echo("a share of {} was assumed, the least favourable one", (0.5, "default"))
    for name in ("n", "power", "groups"):
        binding.args.pop(name, None)
    if "alpha" not in binding.args:
        loose = [item for item in numbers.all("share") if item.percent and item.value >= 80]
        if loose:
            binding.set("alpha", round(1 - loose[0].fraction, 12), loose[0].source)


def _two_shares(binding: Binding, numbers: Numbers, text: str) -> bool:
    """Two percentages and no standard deviation: proportions are compared."""
    if "sigma" in binding.args or "effect_size" in binding.args:
        return False
    before = numbers.text
    shares = [item for item in numbers.all("share") if 0 < item.fraction < 1]
    if len(shares) == 1 and shares[0].percent:
        shares += _second_share(numbers.text)
    if "power" not in binding.args and len(shares) > 2:
        last = next((item for item in reversed(shares) if item.percent and item.value >= 70), None)
        if last is not None:
            shares.remove(last)
            binding.set("power", last.fraction, last.source)
    worded = _SHARE_WORDS.search(text) is not None
    if len(shares) < 2 or not (worded or all(item.percent for item in shares[:2])):
        numbers.text = before
        if worded and shares and not re.search(rf"\b{SPREAD}\b", text, re.IGNORECASE):
            raise NeedsInput(
                "only one share is given",
                "from which share to which share should a change be found?",
            )
        return False
    one = re.search(
        r"\b(?:known|standard|historic\w*|target|against\s+the|one[\s-](?:sample|arm|group)|claimed|(?:1|one|single)[\s-]proportion|"
        r"hypothesi[sz]ed|h0)\b",
        text,
        re.IGNORECASE,
    ) and not re.search(
        r"\b(?:two|both|each|per\s+group|per\s+arm|before\s+and\s+after|vs)\b", text, re.IGNORECASE
    )
    binding.set("design", "one_proportion" if one else "two_proportions", "question")
    for name, item in zip(("p1", "p2"), shares, strict=False):
        binding.set(name, item.fraction, item.source)
    return True


def _second_share(text: str) -> list[Claim]:
    """ "reject rate 5 percent, hoping for 2": the other share without its percent sign."""
    match = re.search(
        r"\b(?:hop(?:e|ing)|aim(?:ing)?|down|up|get(?:ting)?|target|now|maybe|goes|from|against|versus|vs\.?)\s+(?:it\s+)?"
        r"(?:for|to|at|is|of)?\s*(\d++(?:\.\d++)?)(?![\w.]*\d)(?!\s*[a-z]*\s*(?:each|per|sure))",
        text,
        re.IGNORECASE,
    )
    if not match or not 0 < float(match[1]) < 100:
        return []
    return [Claim(float(match[1]), True, match.start(1), match.end(1))]


def _t_design(text: str) -> str:
    if re.search(
        r"\bpair(?:ed|s|wise)?\b|\bbefore\s*(?:/|and|&)\s*after\b|\bof\s+(?:the\s+)?diff(?:erence)?s\b",
        text,
        re.IGNORECASE,
    ):
        return "paired_t"
    if re.search(
        r"\b(?:one|1|single)[\s-]+sample|\bfrom\s+(?:the\s+)?(?:nominal|target|set\s?point|reference)|\bsingle\s+mean\b|\bmean\s+(?:has\s+|have\s+|really\s+|truly\s+)*(?:moved|shifted|drifted)\b|\bagainst\s+(?:the\s+|a\s+)?(?:nominal|target|reference)",
        text,
        re.IGNORECASE,
    ):
        return "one_sample_t"
    return "two_sample_t"


def _reliably(binding: Binding, numbers: Numbers) -> None:
    """A lone high percentage is the power: "can our study reliably (80 %) reveal"."""
    if "power" in binding.args:
        return
    before = numbers.text
    for item in numbers.all("share"):
        if item.percent and 60 <= item.value < 100:
            binding.set("power", item.fraction, item.source)
            numbers.text = mask(before, item.start, item.end)
            return
    numbers.text = before


_LEVEL = re.compile(r"(?<![\w.])(\d{2}(?:\.\d+)?|0?\.\d+)(?![\w.]*\d)\s*(?:%|percent)?")
_GIVEN_UP = re.compile(r"\b(?:instead\s+of|rather\s+than|not)\s+(?:the\s+)?[\d.]+")


def _newest_level(binding: Binding, text: str) -> None:
    """ "and with 95 instead of 90?" after a power of 90 %: the lone level is the new power."""
    turn, _, before = text.partition("\n")
    if not before or "power" not in binding.args or len(turn) > 60:
        return
    turn = _GIVEN_UP.sub(lambda match: " " * len(match[0]), turn)
    levels = list(_LEVEL.finditer(turn))
    numbers = re.findall(r"\d++(?:\.\d++)?", turn)
    role = re.search(
        r"\b(?:sd|s|sigma|alpha|diff\w*|shift|effect|n|conf\w*|delta|change|scatter|spread)\b",
        turn,
        re.I,
    )
    if len(numbers) != 1 or len(levels) != 1 or role:
        return
    value = float(levels[0][1])
    value = value / 100 if value > 1 else value
    if 0.5 <= value < 1:
        binding.set("power", value, f"question[{levels[0].start(1)}:{levels[0].end(1)}]")


def _effect(binding: Binding, numbers: Numbers, text: str) -> None:
    if "effect" in binding.args or "effect_size" in binding.args:
        return
    if _ASKS_EFFECT.search(text) and {"n", "power"} <= set(binding.args):
        return
    _take(binding, "effect", numbers.claim("effect"))
    if "effect" in binding.args:
        binding.set("effect", abs(binding.args["effect"]), binding.provenance["effect"])


def _direction(evidence: Evidence, binding: Binding) -> None:
    stated = re.search(
        r"\b(?:ha|h1|alternative(?:\s+hypothesis)?)\s*(?:is|:|=)?\s*(less|greater|<|>|lower|higher|smaller|larger)",
        evidence.text,
    )
    if stated:
        below = stated[1] in {"less", "<", "lower", "smaller"}
        binding.set("alternative", "less" if below else "greater", "question")
    elif evidence.has(r"\b(?:one|single|1)[\s-]+(?:sided|tailed)"):
        falls = binding.args.get("p2", 1) < binding.args.get("p1", 0)
        binding.set("alternative", "less" if falls else "greater", "question")


def _one_unknown(binding: Binding, text: str) -> None:
    """One of effect, n and power must be open: what the newest turn asks for."""
    known = set(binding.args)
    effects = {"effect", "effect_size", "p2", "means", "between_var"} & known
    if not (effects and {"n", "power"} <= known):
        return
    turn = text.split("\n")[0]
    if _ASKS_SIZE.search(turn) and not _ASKS_POWER.search(turn):
        del binding.args["n"]
    elif _ASKS_EFFECT.search(turn):
        for name in ("effect", "effect_size"):
            binding.args.pop(name, None)
    else:
        del binding.args["power"]


def _require(binding: Binding) -> None:
    """All but one must be known; a missing power is the usual one."""
    known = set(binding.args)
    design = binding.args["design"]
    spread = bool({"sigma", "within_var"} & known)
    if design in {"two_proportions", "one_proportion"}:
        has_effect = True
    elif design == "correlation":
        has_effect = "effect" in known
    else:
        has_effect = bool({"effect_size", "between_var"} & known) or (
            bool({"effect", "means"} & known) and spread
        )
    if {"effect", "means"} & known and not has_effect:
        raise NeedsInput(
            "the standard deviation is missing",
            "how large is the standard deviation of single values (or is the difference given in standard deviations)?",
        )
    if not has_effect and not {"n", "power"} <= known:
        missing = "the difference that matters" + ("" if spread else " and the standard deviation")
        raise NeedsInput(
            f"{missing} {'is' if spread else 'are'} missing",
            "which difference must be detected, how large is the standard deviation, and with what power?",
        )
    if has_effect and not {"n", "power"} & known:
        binding.set("power", 0.8, "default")
        binding.echo("power {} was assumed, the usual choice", (0.8, "default"))
    if design == "two_sample_t":
        binding.echo("two independent groups of equal size are compared")


def _from_table(evidence: Evidence, binding: Binding) -> None:
    """Inputs given as a table with one row."""
    for table in evidence.tables:
        names = {
            column.name.lower(): column
            for column in table.columns
            if column.kind == "number" and len(column.present) == 1
        }
        for role, parameter in (
            ("groups", "groups"),
            ("between_var", "between_var"),
            ("within_var", "within_var"),
            ("delta", "effect"),
            ("effect", "effect"),
            ("sd", "sigma"),
            ("sigma", "sigma"),
            ("n", "n"),
        ):
            if role in names:
                value = names[role].present[0]
                whole = parameter in {"groups", "n"}
                binding.set(parameter, int(value) if whole else value, f"{table.source}#{role}")


BINDERS: dict[str, Binder] = {"power_sample_size": bind_power}
