"""The reserved ids: the same in every tokenizer, whatever its vocabulary.

Ids 0 to 127 are control ids. No text ever encodes to one of them: the runtime and the
training records place them. Ids from 128 on are ordinary pieces, and the first of these
are the domain symbols (``symbols.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from havoc.errors import InputError

RESERVED = 128
FIRST_SLOT = 64

_CORE = (
    *("<pad>", "<bos>", "<eos>", "<unk>", "<mask>"),
    *("<system>", "<user>", "<assistant>"),
    *("<result>", "</result>", "<reason>", "</reason>", "<tool>", "</tool>"),
    *("<advocate>", "</advocate>", "<attack>", "</attack>", "<pragmatist>", "</pragmatist>"),
    *("[thinking]", "[/endthinking]"),
)
STRATEGIES = (
    *("step", "mece", "falsify", "expert", "orthogonal"),
    *("doubt", "bayesian", "multidomain", "correct", "uncertain"),
)
STAGES = ("MODE", "GROUND", "PLAN", "EXECUTE", "ARGUE", "ARBITER", "AUDIT", "ANSWER")
SLOT_COUNTS = {"d": 16, "c": 16, "n": 24, "l": 8}
"""Slots by their letter: lists, columns, numbers, labels."""


def _names() -> tuple[str, ...]:
    names = list(_CORE)
    for strategy in STRATEGIES:
        names += [f"<{strategy}>", f"</{strategy}>"]
    names += [f"<SRS_{stage}>" for stage in STAGES]
    names += ["<DSL_BEGIN>", "<DSL_END>"]
    names += [f"<reserved_{number}>" for number in range(len(names), FIRST_SLOT)]
    names += [f"<{letter}{i}>" for letter, count in SLOT_COUNTS.items() for i in range(count)]
    return tuple(names)


NAMES: tuple[str, ...] = _names()
"""The name of every control id, by id."""


class SpecialTokens(Mapping[str, int]):
    """Control ids by name: ``special["<user>"]`` is 6. Raises InputError for another name."""

    def __init__(self) -> None:
        self._ids = {name: number for number, name in enumerate(NAMES)}

    def __getitem__(self, name: str) -> int:
        try:
            return self._ids[name]
        except KeyError:
            raise InputError(
                f"{name!r} is no reserved token", remedy="see havoc.tokenizer.special.NAMES"
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


SPECIAL = SpecialTokens()
PAD, BOS, EOS, UNKNOWN = (SPECIAL[name] for name in ("<pad>", "<bos>", "<eos>", "<unk>"))
