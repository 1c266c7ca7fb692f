"""Arguments of factorial, screening and response-surface designs."""

from __future__ import annotations

import re

from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.design_size import common, refused, take_runs
from havoc.reason.binding.design_terms import DESIGN_TOKEN, factors, two_levels
from havoc.reason.binding.evidence import Binder, Evidence

GENERATOR = re.compile(r"(?<![A-Za-z=])([A-HJ-Z])\s*=\s*([-+]?[A-HJ-Z]{2,8})(?![a-z])")
DEFINING_WORD = re.compile(
    r"(?<![A-Za-z])I\s*=\s*([-+]?[A-HJ-Z]{3,9}(?:\s*=\s*[-+]?[A-HJ-Z]{3,9})*)(?![a-z])"
)
_ROMAN = {
    "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "three": 3, "four": 4, "five": 5, "six": 6,
}  # fmt: skip
_RESOLUTION = re.compile(
    r"\bres(?:olution)?\.?\s*(?:of\s+|is\s+|[=:])?\s*(iii|iv|vii|vi|v|[3-7]|three|four|five|six)\b"
    r"|\b2\s*\^?\s*\(?\s*\d+\s*-\s*\d+\s*\)?\s*,?\s*\(?(iii|iv|vii|vi|v)\b"
)
_MAINS = r"(?:mains?(?:\s+effects?)?|me|single\s+effects?|(?:individual|pure)\s+effects?)"
_PAIRS = r"(?:2\s?-?fis?|two[\s-]?(?:factor|way)|2-?way|interactions?|pairs?|twos|combinations\s+of\s+two)"
_MIXED = r"(?:hidden|mixed|mix|confounded|aliased|tangled|confused|muddled|contaminated|masked|blurred|overlaid)"
_CLEAR = re.compile(
    rf"\b{_MAINS}\b[^.;]{{0,30}}\b(?:clear|free|unaliased|unconfounded)\b[^.;]{{0,20}}{_PAIRS}"
    rf"|\bnot\s+with\s+(?:the\s+)?{_MAINS}|\bno\s+aliasing\s+of\s+{_MAINS}"
    rf"|\b(?:not|n't|no|never|without|avoid)\b[^.;]{{0,24}}\b{_MAINS}\b[^.;]{{0,24}}\b{_MIXED}\b[^.;]{{0,20}}\b{_PAIRS}"
    rf"|\b{_MAINS}\b[^.;]{{0,24}}(?:not|n't|never)\b[^.;]{{0,12}}\b{_MIXED}\b[^.;]{{0,20}}\b{_PAIRS}"
)
_ALLOWED = re.compile(
    rf"\b(?:accept|ok|fine|allow)\w*\b[^.;]{{0,20}}\b{_MAINS}\b[^.;]{{0,24}}\b(?:aliased|confounded|mixed)"
    rf"\b[^.;]{{0,12}}{_PAIRS}"
)
_FOLDOVER = r"\bfold[\s-]?over|\bfold it over|\breflected"
_FRACTIONS = (
    (r"\bhalf\b|\b1/2\b", 1), (r"\bquarter\b|\b1/4\b", 2), (r"\beighth\b|\b1/8\b", 3),
    (r"\bsixteenth\b|\b1/16\b", 4),
)  # fmt: skip


def bind_full_factorial(evidence: Evidence, binding: Binding) -> None:
    grid = re.search(r"\b(\d)\s*x\s*(\d)(?:\s*x\s*(\d))?(?:\s*x\s*(\d))?\b", evidence.text)
    token = DESIGN_TOKEN.search(evidence.text)
    try:
        factors(evidence, binding)
    except NeedsInput:
        if not grid:
            raise
        sizes = [int(size) for size in grid.groups() if size]
        binding.set(
            "factors",
            [{"name": "ABCD"[index], "n_levels": size} for index, size in enumerate(sizes)],
            "question",
        )
    if token and token[1] == "3" and "n_factors" in binding.args:
        count = binding.args.pop("n_factors")
        binding.set(
            "factors",
            [{"name": "ABCDEFGH"[index], "n_levels": 3} for index in range(count)],
            "question",
        )
    _require_settings(evidence, binding)
    common(evidence, binding)


_CODED = (
    r"\b(?:coded|hi(?:gh)?\s*(?:/|-|and|n)?\s*lo(?:w)?|lo(?:w)?\s*(?:/|-|and|n)?\s*hi(?:gh)?|levels?|lvls?|lv|on\s*/?\s*off|"
    r"yes\s*/?\s*no|[23]\s*\^|2\s*k\b|\d\s*(?:x|by)\s*\d|plus\s*/?\s*minus|standard\s+order|low|high)\b|[-−]1?\s*/\s*\+\s*1?|\+\s*/\s*-"
)


def _require_settings(evidence: Evidence, binding: Binding) -> None:
    """Factors that are called by name get their settings from somebody who knows them."""
    listed = binding.args.get("factors", [])
    settled = any(set(item) & {"low", "levels", "n_levels"} for item in listed)
    letters = bool(listed) and all(re.fullmatch(r"[A-Za-z]\d?", item["name"]) for item in listed)
    # "2^4" and "3 factors at 2 levels" name a design in coded units.
    if settled or letters or evidence.has(_CODED) or DESIGN_TOKEN.search(evidence.text):
        return
    named = ", ".join(str(item["name"]) for item in listed) or "the factors"
    if listed or not evidence.has(r"\b(?:factors?|variables?|faktoren|facteurs?)\b"):
        raise NeedsInput(
            f"the settings of {named} are missing",
            f"which low and high setting (or which levels) shall {named} have?",
        )


def _scenarios(evidence: Evidence, binding: Binding) -> bool:
    """ "6 factors in 16 runs, 32 runs; 7 factors in 16, 32, 64 runs": one call each."""
    pairs = []
    for match in re.finditer(
        r"(\d{1,2})\s+factors?\s+in\s+(\d{1,4}(?:\s*runs?)?(?:\s*(?:,|and|or)\s*\d{1,4}(?:\s*runs?)?)*)",
        evidence.text,
    ):
        pairs += [(int(match[1]), int(size), match) for size in re.findall(r"\d+", match[2])]
    if len(pairs) < 2:
        return False
    for index, (count, size, match) in enumerate(pairs):
        target = binding if index == 0 else Binding(operation=binding.operation)
        source = f"question[{match.start()}:{match.end()}]"
        target.set("n_factors", count, source)
        target.set("runs", size, source)
        if index:
            binding.more.append(target)
    return True


def read_generators(text: str) -> list[str]:
    """Generators as written, or from defining words: I=ABCD is D=ABC."""
    found = [f"{match[1]}={match[2]}" for match in GENERATOR.finditer(text)]
    for match in DEFINING_WORD.finditer(text):
        for word in re.findall(r"[-+]?[A-HJ-Z]{3,9}", match[1]):
            sign = "-" if word.startswith("-") else ""
            letters = "".join(sorted(word.lstrip("+-")))
            found.append(f"{letters[-1]}={sign}{letters[:-1]}")
    return list(dict.fromkeys(found))


def wanted_resolution(evidence: Evidence) -> int | None:
    """Resolution as a number, or as what may be mixed with what."""
    match = _RESOLUTION.search(evidence.text)
    if match:
        written = match[1] or match[2]
        return _ROMAN.get(written) or int(written)
    if _ALLOWED.search(evidence.text):
        return 3
    return 4 if _CLEAR.search(evidence.text) else None


def bind_fractional_factorial(evidence: Evidence, binding: Binding) -> None:
    if _scenarios(evidence, binding):
        return
    token = DESIGN_TOKEN.search(evidence.text)
    generators = read_generators(evidence.reading.text)
    if generators:
        binding.set("generators", generators, "question")
    try:
        count = factors(evidence, binding)
    except NeedsInput:
        if not generators:
            raise
        count = 0
    if generators and "factors" in binding.args and not token:
        letters = {letter for item in generators for letter in item if letter.isalpha()}
        if not any(set(factor) & {"low", "levels"} for factor in binding.args["factors"]) and len(
            binding.args["factors"]
        ) < len(letters):
            binding.args.pop("factors")
            count = 0
    two_levels(binding)
    if token and token[3]:
        binding.set(
            "runs", 2 ** (int(token[2]) - int(token[3])), f"question[{token.start()}:{token.end()}]"
        )
    elif take_runs(evidence, binding) is None and count:
        _fraction_in_words(evidence, binding, count, generators)
    resolution = wanted_resolution(evidence)
    if resolution is not None:
        binding.set("resolution", resolution, "question")
    if generators and count and "runs" not in binding.args:
        binding.set("runs", 2 ** (count - len(generators)), "question")
    if not ({"runs", "resolution", "generators"} & set(binding.args)):
        if count < 3:
            raise NeedsInput(
                "the size of the fraction is missing",
                "how many runs can be afforded, or which resolution is needed?",
            )
        binding.set("runs", 2 ** (count - 1), "default")
        binding.echo("a half fraction of {} runs was assumed", (2 ** (count - 1), "default"))
    _check_fraction(binding, count)
    if evidence.has(_FOLDOVER):
        binding.set("foldover", True, "question")
    common(evidence, binding)


def _fraction_in_words(
    evidence: Evidence, binding: Binding, count: int, generators: list[str]
) -> None:
    for pattern, power in _FRACTIONS:
        if evidence.has(pattern) and count > power:
            binding.set("runs", 2 ** (count - power), "question")
            return
    if not generators:
        single = next(
            (
                item
                for item in evidence.singles()
                if item.value in {4, 8, 16, 32, 64, 128}
                and not refused(evidence.reading.plain, item.start, item.end)
            ),
            None,
        )
        binding.take_count("runs", single)


def _check_fraction(binding: Binding, count: int) -> None:
    """Runs that no fraction has, or a resolution that the runs do not reach."""
    wanted, resolution = binding.args.get("runs"), binding.args.get("resolution")
    if wanted is None or not count or binding.args.get("generators"):
        return
    if wanted < 2 or wanted != int(wanted) or int(wanted) & (int(wanted) - 1):
        raise NeedsInput(
            f"a two-level fraction has 4, 8, 16, 32 … runs, not {wanted}",
            f"how many of these runs can be made, or should it be a Plackett-Burman design of "
            f"{4 * -(-max(wanted, count + 1) // 4)} runs?",
        )
    if wanted < count + 1:
        raise NeedsInput(
            f"{wanted} runs cannot separate {count} main effects",
            f"can at least {1 << count.bit_length()} runs be made?",
        )
    if resolution is None or wanted >= 1 << count or count > 11:
        return
    # NumPy is loaded only where the figures have to be checked.
    from havoc.tools.doe.aberration import fraction_columns
    from havoc.tools.doe.confounding import resolution_of

    reached = resolution_of(fraction_columns(count, wanted.bit_length() - 1))
    if reached < resolution:
        raise NeedsInput(
            f"{count} factors in {wanted} runs reach resolution {reached} at most, "
            f"not {resolution}",
            "can more runs be made, or is the lower resolution enough?",
        )


def bind_plackett_burman(evidence: Evidence, binding: Binding) -> None:
    count = factors(evidence, binding)
    two_levels(binding)
    named = re.search(r"\bp-?b\s?-?(\d{1,2})\b", evidence.text)
    if named:
        binding.set("runs", int(named[1]), f"question[{named.start()}:{named.end()}]")
    elif take_runs(evidence, binding) is None and evidence.has(r"\bdozen\b"):
        binding.set("runs", 12, "question")
    if evidence.has(_FOLDOVER):
        binding.set("foldover", True, "question")
    common(evidence, binding)
    wanted = binding.args.get("runs")
    if wanted is None:
        binding.set("runs", 4 * (count // 4 + 1), "default")
    elif wanted % 4 or wanted <= count:
        raise NeedsInput(
            f"{wanted} runs do not hold a Plackett-Burman design of {count} factors: it takes a "
            "multiple of 4 above the number of factors",
            f"can {4 * -(-max(wanted, count + 1) // 4)} runs be made?",
        )
    if binding.args.get("replicates") == 1:
        binding.args.pop("replicates")


_EDGE_POINTS = {3: 12, 4: 24, 5: 40}
_BLOCKS_OF_BOX_BEHNKEN = {3: (1,), 4: (1, 3)}


def bind_box_behnken(evidence: Evidence, binding: Binding) -> None:
    count = factors(evidence, binding)
    if count < 3:
        raise NeedsInput(
            f"a Box-Behnken design needs at least 3 factors, and {count} "
            f"{'was' if count == 1 else 'were'} given",
            "which further factor should vary, or would a central composite design do?",
        )
    two_levels(binding)
    common(evidence, binding)
    blocks = binding.args.get("blocks", 1)
    possible = _BLOCKS_OF_BOX_BEHNKEN.get(count, (1, 2))
    if blocks not in possible:
        raise NeedsInput(
            f"a Box-Behnken design of {count} factors cannot be run in {blocks} orthogonal blocks",
            f"may it be {' or '.join(map(str, possible))}"
            f"{' block' if possible == (1,) else ' blocks'}, or a central composite design?",
        )
    total = re.search(r"(?<![\w.])(\d{2})\s*-?\s*(?:point|run)s?\b", evidence.text)
    if total and "center_points" not in binding.args and count in _EDGE_POINTS:
        extra = int(total[1]) - _EDGE_POINTS[count]
        if 0 < extra <= 12:
            binding.set("center_points", extra, f"question[{total.start()}:{total.end()}]")


_ALPHA = re.compile(
    r"\b(?:alpha|axial\s+(?:distance|value|points?\s+at))\s*(?:of|is|=|:)?\s*(\d+(?:[.,]\d+)?)\b",
    re.I,
)


def bind_central_composite(evidence: Evidence, binding: Binding) -> None:
    count = factors(evidence, binding)
    two_levels(binding)
    for pattern, value in (
        (r"\bface|\bccf\b|\bcube faces", "face_centered"),
        (r"\binscribed|\bcci\b|hard limits|can\s?'?not go past|can'?t go past", "inscribed"),
        (r"\borthogonal\b(?!\s+block)", "orthogonal"),
        (r"\bspherical", "spherical"),
        (r"\brotatable|\bcircumscribed|\bccc\b", "rotatable"),
    ):
        if evidence.has(pattern):
            binding.set("alpha_type", value, "question")
            break
    else:
        # As typed: an axial distance of 1,414 is a decimal comma, never a thousand.
        custom = _ALPHA.search(evidence.reading.text)
        if custom:
            distance = float(custom[1].replace(",", "."))
            if distance < 1:
                raise NeedsInput(
                    f"an axial distance of {distance:g} lies inside the cube",
                    "should the star points lie at 1 (on the faces) or further out?",
                )
            binding.set("alpha_type", "custom", "question")
            binding.set("alpha", distance, f"question[{custom.start()}:{custom.end()}]")
    if evidence.has(r"\bhalf[\s-]fraction\b(?!\s+not\b)") and count > 4:
        binding.set("core", "fractional", "question")
    common(evidence, binding)


BINDERS: dict[str, Binder] = {
    "full_factorial": bind_full_factorial,
    "fractional_factorial": bind_fractional_factorial,
    "plackett_burman": bind_plackett_burman,
    "box_behnken": bind_box_behnken,
    "central_composite": bind_central_composite,
}
