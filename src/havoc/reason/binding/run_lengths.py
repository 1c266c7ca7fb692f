"""Arguments of run lengths: joint charts, zone charts, charts of defective units and defects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence

_NUM = rf"{APART}({UNSIGNED})"
_KINDS: tuple[tuple[str, str], ...] = (
    (r"\bmewma\b|multivariate\s+ewma", "mewma"),
    (r"\bhotelling|\bt(?:²|\^2|2\b|[\s-]squared)", "t2"),
    (r"\bzone\s+(?:control\s+)?(?:chart|card)", "zone"),
    (r"(?<![\w'])np[\s-]?(?:chart|card)\b", "np"),
    (
        r"(?<![\w'])p[\s-]?(?:chart|card)\b"
        r"|\b(?:percent(?:age)?|fraction|proportion)[\s-](?:defective[\s-]|bad[\s-])?(?:chart|card)\b",
        "p",
    ),
    (r"(?<![\w'])u[\s-]?(?:chart|card)\b", "u"),
)
_CHARACTERISTICS = re.compile(
    rf"\bp\s*=\s*{_NUM}|\b(\d+|two|three|four|five|six)\s+(?:correlated\s+)?"
    r"(?:characteristics|variables|dimensions|measurements|quality)\b",
    re.IGNORECASE,
)
_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_WANTED = re.compile(
    rf"\b(?:arl_?\(?0\)?|in[\s-]control\s+(?:arl|run\s+length))\s*(?:=|of|is)?\s*{_NUM}",
    re.IGNORECASE,
)
_H = re.compile(rf"\b(?:h4?|ucl|limit)\s*(?:=|of|is|:|\s)\s*{_NUM}", re.IGNORECASE)
_MOVES = re.compile(
    r"\b(?:from\s+(?P<first>\d*\.?\d+)\s*(?P<unit>%|percent)?\s*)?"
    r"(?:jumps?|moves?|shifts?|goes|rises?|changes?|increases?|drifts?|up|to)\s+(?:up\s+)?(?:to\s+)?"
    r"(?P<second>\d*\.?\d+)\s*(?P<after>%|percent)?",
    re.IGNORECASE,
)
_CENTER = re.compile(
    r"\b(?:[pu][\s-]?bar|p0|u0|mean|average|center|centre|usual(?:ly)?|normally|in\s+control)"
    r"\s*(?:=|of|is|at|:)?\s*(?P<value>\d*\.?\d+)\s*(?P<unit>%|percent)?",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"\bn\s*=\s*(\d+)|\b(?:samples?|lots?|subgroups?)\s+(?:size\s+)?of\s+(?:size\s+)?(\d+)"
    r"|\b(\d+)\s+(?:units|parts|pieces|items)\b",
    re.IGNORECASE,
)


def bind_further_run_length(
    evidence: Evidence, binding: Binding, text: str, shifts: Sequence[float] | None
) -> bool:
    """Set the arguments if the question names one of these charts."""
    kind = next((kind for pattern, kind in _KINDS if evidence.has(pattern)), None)
    if kind is None:
        return False
    binding.set("kind", kind, "question")
    if kind in ("p", "np", "u"):
        _counts(binding, text, kind)
        return True
    binding.set("shift", list(shifts) if shifts else [0.0, 1.0], "question")
    if kind == "zone":
        return True
    found = _CHARACTERISTICS.search(text)
    if found:
        number = found[1] or found[2]
        count = _WORDS.get(number.lower()) or int(float(number))
        binding.set("characteristics", count, f"question[{found.start()}:{found.end()}]")
    else:
        binding.set("characteristics", 2, "default")
    if kind == "mewma":
        binding.take("lambda", evidence.scalar("lambda"))
    wanted, limit = _WANTED.search(text), _H.search(text)
    if wanted and float(wanted[1]) > 1:
        binding.set("arl0", float(wanted[1]), f"question[{wanted.start(1)}:{wanted.end(1)}]")
    elif limit:
        binding.set("h", float(limit[1]), f"question[{limit.start(1)}:{limit.end(1)}]")
    return True


def _counts(binding: Binding, text: str, kind: str) -> None:
    moved = _MOVES.search(text)
    center = _CENTER.search(text)
    size = _SIZE.search(text)
    before = moved["first"] if moved and moved["first"] else center["value"] if center else None
    if moved is None or before is None or size is None:
        what = "defects per unit" if kind == "u" else "fraction defective"
        raise NeedsInput(
            f"the {what} before and after the shift and the sample size are needed",
            f"what is the {what} in control and after the shift, and how many units are "
            "inspected each time?",
        )
    unit = moved["unit"] if moved["first"] else center["unit"] if center else None
    percent = bool(unit or moved["after"])
    binding.set("mean", float(before) / (100 if percent else 1), "question")
    binding.set(
        "shifted_mean",
        float(moved["second"]) / (100 if percent else 1),
        f"question[{moved.start('second')}:{moved.end('second')}]",
    )
    number = next(group for group in size.groups() if group)
    binding.set("subgroup_size", int(number), f"question[{size.start()}:{size.end()}]")
