"""The mixture as YAML and as paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from havoc.data.spec import Group, MixtureSpec
from havoc.errors import InputError

YAML = """
groups:
  domain:  {weight: 60, sources: [corpus/stats, /elsewhere/code]}
  general: {weight: 0.5, sources: [general.txt]}
decontaminate: [tests/qa]
validation_fraction: 0.02
languages: [en, de]
"""


def test_yaml_with_paths_relative_to_it(tmp_path: Path) -> None:
    file = tmp_path / "mixture.yaml"
    file.write_text(YAML)
    assert MixtureSpec.from_yaml(file) == MixtureSpec(
        groups=(
            Group("domain", 60.0, (tmp_path / "corpus/stats", Path("/elsewhere/code"))),
            Group("general", 0.5, (tmp_path / "general.txt",)),
        ),
        decontaminate=(tmp_path / "tests/qa",),
        validation_fraction=0.02,
        languages=("en", "de"),
        base=tmp_path,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("languages", "langauges", "there is no key 'langauges'; did you mean languages"),
        (
            "weight: 60",
            "wieght: 60",
            r"groups\.domain: there is no key 'wieght'; did you mean weight",
        ),
        ("weight: 60, ", "", r"groups\.domain: has no weight"),
        ("weight: 60", "weight: 0", "group domain: the weight 0.0 is not positive"),
        ("weight: 60", "weight: -1", "not positive"),
        ("weight: 60", "weight: .nan", "not positive"),
        ("weight: 60", "weight: .inf", "not positive"),
        ("weight: 60", "weight: many", r"groups\.domain\.weight: 'many' is not a number"),
        ("weight: 60", "weight: yes", "is not a number"),
        ("[general.txt]", "general.txt", r"groups\.general\.sources: is not a list of texts"),
        ("[general.txt]", "[]", "group general: has no sources"),
        ("general:", "../general:", "is not a name for files"),
        ("0.02", "0.9", "validation_fraction: 0.9 is not between 0 and 0.5"),
        ("[en, de]", "en", "languages: is not a list of texts"),
        ("groups:", "groups: [", "is no YAML"),
        ("groups:", "group:", "did you mean groups"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "mixture.yaml"
    assert old in YAML
    file.write_text(YAML.replace(old, new))
    with pytest.raises(InputError, match=message):
        MixtureSpec.from_yaml(file)


@pytest.mark.parametrize("content", ["", "- a", "groups: {}", "groups: 3", "a: !!python/none"])
def test_files_that_are_no_mixture(tmp_path: Path, content: str) -> None:
    file = tmp_path / "mixture.yaml"
    file.write_text(content)
    with pytest.raises(InputError):
        MixtureSpec.from_yaml(file)
    with pytest.raises(InputError, match="cannot be read"):
        MixtureSpec.from_yaml(tmp_path / "missing.yaml")


def test_a_folder_of_folders_becomes_the_default_groups(tmp_path: Path) -> None:
    for name in ("stats", "math", "general", "dialog", ".cache"):
        (tmp_path / name).mkdir()
    for name in ("notes.txt", "held_TEST.jsonl", "README.pdf", ".hidden.txt"):
        (tmp_path / name).touch()
    spec = MixtureSpec.from_paths([tmp_path])
    assert spec.groups == (
        Group("domain", 60.0, (tmp_path / "math", tmp_path / "notes.txt", tmp_path / "stats")),
        Group("general", 30.0, (tmp_path / "general",)),
        Group("dialog", 10.0, (tmp_path / "dialog",)),
    )
    assert spec.languages == ("en",) and spec.validation_fraction == 0.01


def test_other_paths_are_one_group(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    assert MixtureSpec.from_paths([tmp_path]).groups == (Group("data", 1.0, (tmp_path,)),)
    two = [tmp_path / "a.txt", tmp_path]
    assert MixtureSpec.from_paths(two).groups == (Group("data", 1.0, tuple(two)),)
    with pytest.raises(InputError, match="no source is named"):
        MixtureSpec.from_paths([])
