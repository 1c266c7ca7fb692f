"""The command line as a user meets it: exit codes, one-line errors, a fast start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import havoc
from havoc.cli import COMMANDS, main


def havoc_command(
    arguments: Sequence[str], text: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "havoc", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from havoc.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'matplotlib', 'statsmodels', 'sympy', 'lark'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, b"")


def test_version_and_overview(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"havoc {havoc.__version__}\n"
    assert main([]) == 0
    overview = capsys.readouterr().out
    assert all(f"  {name} " in overview for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"havoc {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rum"], "havoc: there is no command 'rum'; the commands are"),
        (["--verbose"], "havoc: unrecognized arguments: --verbose; see havoc --help"),
        (["run", "nope"], "havoc: operation: there is no operation 'nope'"),
        (["dsl"], "havoc: dsl: the following arguments are required: file; see havoc dsl"),
        (["dsl", "no/such.havoc"], "havoc: no/such.havoc: cannot be read (No such file"),
    ],
)
def test_errors_are_one_line_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(message)
    assert captured.err.count("\n") == 1 and captured.out == ""


def test_escape_sequences_are_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "\x1b[2J\u202eevil\n\x9b31m"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "evil" in error
    assert not set("\x1b\u202e\x9b") & set(error)
    assert main(["run", "x" * 100_000]) == 2
    assert len(capsys.readouterr().err) < 1000


def test_a_terminal_without_unicode() -> None:
    finished = havoc_command(
        ["run", "describe", "--data", "1 2 4", "--name", "Größe"], PYTHONIOENCODING="ascii"
    )
    assert finished.returncode == 0 and "Gr??e" in finished.stdout


def test_an_unexpected_exception_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(namespace: object) -> int:
        raise ZeroDivisionError("first\nsecond")

    monkeypatch.setattr("havoc.cli.schema.execute", broken)
    monkeypatch.delenv("HAVOC_TRACEBACK", raising=False)
    assert main(["schema"]) == 1
    error = capsys.readouterr().err
    assert error == (
        "havoc: unexpected ZeroDivisionError: first second; "
        "run again with HAVOC_TRACEBACK=1 to see where\n"
    )
    monkeypatch.setenv("HAVOC_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main(["schema"])


def test_a_closed_pipe_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "havoc", "run", "full_factorial", "--n-factors", "10", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) in (0, -13)
    process.stderr.close()


def test_the_module_is_the_command(tmp_path: Path) -> None:
    finished = havoc_command(["run", "describe", "--data", "1 2 4"])
    assert finished.returncode == 0 and "mean" in finished.stdout
