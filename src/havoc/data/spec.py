"""What a mixture is made of: groups with weights and sources, as YAML or as paths."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from havoc.configuration import read_mapping, refuse_unknown
from havoc.data.sources import is_evaluation, kind
from havoc.errors import InputError

# Sub-folders named so are groups of their own; every other sub-folder is domain text.
DEFAULT_WEIGHTS = {"domain": 60.0, "general": 30.0, "dialog": 10.0}

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Group:
    """Sources that share one weight; weights are relative to the sum over the groups."""

    name: str
    weight: float
    sources: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class MixtureSpec:
    """The groups, the test sets to keep out, and how documents are chosen.

    ``base`` is the folder that the manifest's paths are relative to.
    """

    groups: tuple[Group, ...]
    decontaminate: tuple[Path, ...] = ()
    validation_fraction: float = 0.01
    languages: tuple[str, ...] = ("en",)
    base: Path = Path()

    def __post_init__(self) -> None:
        if not self.groups:
            raise InputError("has no groups", where="mixture", remedy="name at least one")
        for group in self.groups:
            _check_group(group)
        names = [group.name for group in self.groups]
        if len(set(names)) < len(names):
            raise InputError("two groups share a name", where="groups", remedy="rename one")
        if not 0 <= self.validation_fraction <= 0.5:
            raise InputError(
                f"{self.validation_fraction} is not between 0 and 0.5",
                where="validation_fraction",
                remedy="hold out a small part of the documents, such as 0.01",
            )

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str]) -> MixtureSpec:
        """The mixture that a YAML file describes; its relative paths start at the file's folder.

        InputError: unreadable, not YAML, unknown keys, or values out of range.
        """
        file = Path(path)
        return cls.from_mapping(read_mapping(file), file.parent, where=str(file))

    @classmethod
    def from_mapping(cls, content: object, base: Path, *, where: str = "mixture") -> MixtureSpec:
        """The mixture that parsed YAML describes (see ``from_yaml``)."""
        known = ("groups", "decontaminate", "validation_fraction", "languages")
        fields = _mapping(content, where)
        refuse_unknown(fields, known, where=where, what="key")
        groups = _mapping(fields.get("groups"), f"{where}: groups")
        return cls(
            groups=tuple(
                _group(name, entry, base, f"{where}: groups.{name}")
                for name, entry in groups.items()
            ),
            decontaminate=_paths(fields.get("decontaminate", []), base, f"{where}: decontaminate"),
            validation_fraction=_number(
                fields.get("validation_fraction", 0.01), f"{where}: validation_fraction"
            ),
            languages=tuple(_texts(fields.get("languages", ["en"]), f"{where}: languages")),
            base=base,
        )

    @classmethod
    def from_paths(
        cls,
        paths: Sequence[str | os.PathLike[str]],
        *,
        decontaminate: Sequence[str | os.PathLike[str]] = (),
        validation_fraction: float = 0.01,
        languages: Sequence[str] = ("en",),
    ) -> MixtureSpec:
        """One group out of files and folders; one folder with sub-folders makes several.

        Its sub-folders ``general`` and ``dialog`` are groups of those names (weights 30 and
        10); all others, and files beside them, are ``domain`` (60).
        """
        places = [Path(path) for path in paths]
        if not places:
            raise InputError("no source is named", where="data", remedy="name a file or a folder")
        groups: tuple[Group, ...]
        if len(places) == 1 and places[0].is_dir() and _folders(places[0]):
            groups = _default_groups(places[0])
        else:
            groups = (Group("data", 1.0, tuple(places)),)
        return cls(
            groups=groups,
            decontaminate=tuple(Path(path) for path in decontaminate),
            validation_fraction=validation_fraction,
            languages=tuple(languages),
            base=places[0] if len(places) == 1 and places[0].is_dir() else places[0].parent,
        )


def _check_group(group: Group) -> None:
    where = f"group {group.name}"
    if not _NAME.fullmatch(group.name):
        raise InputError(
            "is not a name for files", where=where, remedy="use letters, digits, - and _"
        )
    if not (math.isfinite(group.weight) and group.weight > 0):
        raise InputError(
            f"the weight {group.weight} is not positive",
            where=where,
            remedy="give a weight above 0, or leave the group out",
        )
    if not group.sources:
        raise InputError("has no sources", where=where, remedy="name a file or a folder")


def _folders(folder: Path) -> list[Path]:
    return sorted(
        entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    )


def _default_groups(folder: Path) -> tuple[Group, ...]:
    members: dict[str, list[Path]] = {name: [] for name in DEFAULT_WEIGHTS}
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        own = entry.is_dir() and entry.name in ("general", "dialog")
        # A file for evaluation or of no known type beside the folders is left out by name.
        if entry.is_dir() or _is_source(entry):
            members[entry.name if own else "domain"].append(entry)
    return tuple(
        Group(name, DEFAULT_WEIGHTS[name], tuple(sources))
        for name, sources in members.items()
        if sources
    )


def _is_source(path: Path) -> bool:
    return kind(path.name) is not None and not is_evaluation(path)


def _group(name: object, entry: object, base: Path, where: str) -> Group:
    fields = _mapping(entry, where)
    refuse_unknown(fields, ("weight", "sources"), where=where, what="key")
    if "weight" not in fields:
        raise InputError("has no weight", where=where, remedy="add one, such as weight: 60")
    return Group(
        str(name),
        _number(fields["weight"], f"{where}.weight"),
        _paths(fields.get("sources", []), base, f"{where}.sources"),
    )


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not value:
        raise InputError(
            "is not a mapping with entries", where=where, remedy="write it as key: value"
        )
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{value!r} is not a number", where=where, remedy="write a plain number")
    return float(value)


def _texts(value: object, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise InputError(
            "is not a list of texts", where=where, remedy="write it as [first, second]"
        )
    return value


def _paths(value: object, base: Path, where: str) -> tuple[Path, ...]:
    return tuple(base / entry for entry in _texts(value, where))
