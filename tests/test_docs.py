"""What README and docs show runs, and says what they show."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from havoc.cli import main
from havoc.tools import registry
from havoc.tools.dsl import format_script, parse_script, run_document

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?:\]\(|src=\")(?!https?:)([^)#\"]+)")
FRAME = re.compile(r"[│╭╮╰╯─]")
SHOWN = "# prints: "


def blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in FENCE.findall(page.read_text("utf-8")) if name == language]


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if blocks(page, language)]


def name_of(page: Path) -> str:
    return page.name


@pytest.fixture
def unchanged_registry() -> Iterator[None]:
    """Tools that a program declares are gone when it ends."""
    before = set(registry)
    yield
    for name in set(registry) - before:
        registry.unregister(name)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory as a reader has it: the examples, and nothing else."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copytree(ROOT / "tests" / "reference", tmp_path / "tests" / "reference")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("HAVOC_HOME", str(tmp_path / "home"))
    return tmp_path


def commands(block: str) -> list[tuple[str, list[str]]]:
    """Every command of a block with the lines that are shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line)
    return found


def run(command: str) -> tuple[int, str]:
    words = shlex.split(command)
    target = None
    if ">" in words:
        target = Path(words[words.index(">") + 1])
        words = words[: words.index(">")]
    assert words[0] == "havoc", f"only commands of havoc can be shown: {command}"
    out, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaint):
        code = main(words[1:])
    if target is not None:
        target.write_text(out.getvalue(), "utf-8")
        return code, complaint.getvalue()
    return code, out.getvalue() + complaint.getvalue()


def one_line(text: str) -> str:
    return " ".join(FRAME.sub(" ", text).split())


def assert_shown(expected: list[str], output: str, what: str) -> None:
    """Every expected line occurs in the output, in this order."""
    text, position = one_line(output), 0
    for line in expected:
        at = text.find(one_line(line), position)
        assert at >= 0, f"{what}: {line!r} is not shown in\n{output}"
        position = at + 1


@pytest.mark.parametrize("page", pages_with("console"), ids=name_of)
def test_commands_say_what_the_page_shows(page: Path, workplace: Path) -> None:
    for block in blocks(page, "console"):
        for command, expected in commands(block):
            code, output = run(command)
            refused = any(line.startswith("havoc: ") for line in expected)
            assert code == (2 if refused else 0), f"{command}: exit code {code}\n{output}"
            assert_shown(expected, output, command)


@pytest.mark.parametrize("page", pages_with("python"), ids=name_of)
@pytest.mark.usefixtures("unchanged_registry")
def test_programs_print_what_the_page_shows(page: Path, workplace: Path) -> None:
    for block in blocks(page, "python"):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block, str(page), "exec"), {"__name__": "__main__"})
        expected = [
            line.removeprefix(SHOWN) for line in block.splitlines() if line.startswith(SHOWN)
        ]
        assert expected, "a program should show what it prints"
        assert_shown(expected, out.getvalue(), page.name)


@pytest.mark.parametrize("page", pages_with("havoc"), ids=name_of)
def test_scripts_run_and_format_to_the_same_tree(page: Path, workplace: Path) -> None:
    for number, block in enumerate(blocks(page, "havoc")):
        path = workplace / "examples" / f"script{number}.havoc"
        path.write_text(block, "utf-8")
        code, output = run(f"havoc dsl {path}")
        assert code == 0, output
        script = parse_script(block)
        assert format_script(parse_script(format_script(script))) == format_script(script)


@pytest.mark.parametrize("page", pages_with("yaml"), ids=name_of)
def test_documents_run(page: Path) -> None:
    for block in blocks(page, "yaml"):
        envelope = run_document(block)
        assert envelope.success, envelope.error


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [
        link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_targets_and_programs_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= targets
    programs = re.findall(r"python ((?:benchmarks|docs)/[\w/]+\.py)", text)
    assert all((ROOT / program).exists() for program in programs)


def test_batch_of_the_examples_is_answered(workplace: Path) -> None:
    code, output = run("havoc ask --batch examples/questions.jsonl --json")
    assert code == 0
    assert output.count('"status":"answered"') == 3
    assert output.count('"status":"needs_clarification"') == 1
