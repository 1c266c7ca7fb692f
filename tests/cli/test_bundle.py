"""``havoc bundle``: show, verify, export, import; one line for what goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bundle_examples import small_bundle
from havoc.bundle import Bundle, write_bundle
from havoc.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    code = main(["bundle", *map(str, arguments)])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return captured.out


def error(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["bundle", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    return captured.err


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A run folder with its bundle."""
    small_bundle(tmp_path / "run" / "bundle", d_model=64)
    (tmp_path / "run" / "run.json").write_text("{}")
    return tmp_path / "run"


def test_show_says_what_it_is(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "show", ran)
    assert "parameters            96,576" in text and "4 heads of 8, 2 for keys and" in text
    body = json.loads(run(capsys, "show", ran / "bundle", "--json"))
    assert body["parameters"] == 96_576 and body["precision"] == ["F32"]
    assert body["bytes"] == 4 * 96_576 and body["tokenizer"] == "havoc"
    assert body["card"]["made"] == "for a test" and body["config"]["d_model"] == 64


@pytest.mark.parametrize("name", ["hf", "gguf"])
def test_what_goes_out_comes_back(
    name: str, ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert str(out) in run(capsys, "export", ran, "--format", name, "--out", out, "--dtype", "fp32")
    text = run(capsys, "import", out, "--out", tmp_path / "back")
    assert "sha256" in text and "96,576" in text
    before, after = Bundle.open(ran / "bundle"), Bundle.open(tmp_path / "back")
    for weight in before.weights.entries:
        np.testing.assert_array_equal(before.weights.read(weight), after.weights.read(weight))
    assert "is whole: 3 files" in run(capsys, "verify", tmp_path / "back")


def test_the_precision_is_chosen(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {}
    for number, (name, dtype) in enumerate(
        [("hf", "fp32"), ("hf", "bf16"), ("gguf", "fp32"), ("gguf", "fp16")]
    ):
        out = tmp_path / str(number)
        run(capsys, "export", ran, "--format", name, "--out", out, "--dtype", dtype)
        file = out / "model.safetensors" if out.is_dir() else out
        sizes[name, dtype] = file.stat().st_size
    assert sizes["hf", "bf16"] < 0.6 * sizes["hf", "fp32"]
    assert sizes["gguf", "fp16"] < 0.8 * sizes["gguf", "fp32"]


def test_verify_finds_damage(ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = Bundle.open(ran / "bundle")
    weights = {name: bundle.weights.read(name).copy() for name in bundle.weights.entries}
    weights["norm.weight"][3] = np.nan
    broken = write_bundle(tmp_path / "nan", bundle.config, weights, bundle.own_tokenizer(), {})
    assert "norm.weight holds a value that is no number" in error(capsys, "verify", broken)
    file = ran / "bundle" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert "checksum" in error(capsys, "verify", ran)
    assert "checksum" in error(capsys, "export", ran, "--format", "hf", "--out", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_bad_requests(ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = ("export", ran, "--format")
    assert "is there already" in error(capsys, *export, "hf", "--out", ran)
    assert (ran / "run.json").exists()
    assert "fp32, fp16, bf16" in error(
        capsys, *export, "hf", "--out", tmp_path / "a", "--dtype", "q8_0"
    )
    assert "fp32, fp16, q8_0" in error(
        capsys, *export, "gguf", "--out", tmp_path / "a", "--dtype", "bf16"
    )
    assert "invalid choice" in error(capsys, *export, "onnx", "--out", tmp_path / "a")
    assert "cannot be written" in error(capsys, *export, "hf", "--out", ran / "run.json" / "a")
    assert "is no folder" in error(capsys, "show", tmp_path / "absent")
    assert "cannot be read" in error(capsys, "import", tmp_path / "no", "--out", tmp_path / "a")
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "run.json").write_text("{}")
    assert "has not finished" in error(capsys, "show", tmp_path / "begun")
    assert "required" in error(capsys)


def test_no_torch_is_needed(ran: Path, tmp_path: Path) -> None:
    script = """
import sys
from havoc.cli import main
for arguments in (
    ["show", "run"], ["verify", "run"], ["export", "run", "--format", "hf", "--out", "hf"],
    ["export", "run", "--format", "gguf", "--out", "a.gguf"], ["import", "hf", "--out", "b"],
    ["import", "a.gguf", "--out", "c"],
):
    assert main(["bundle", *arguments]) == 0
assert not {"torch", "transformers"} & sys.modules.keys()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-500:]
