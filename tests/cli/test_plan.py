"""``havoc plan`` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from havoc.cli import main
from havoc.model.config import preset
from havoc.train.plan import ACCELERATORS


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["plan", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(printed(capsys, *arguments, "--json"))
    return body


def test_it_names_the_cheapest_that_fits(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(
        capsys,
        *("--preset", "havoc-7b", "--gpu", "24GB", "--batch-size", "1"),
        *("--sequence-length", "4096"),
    )
    assert "5,957,685,248 parameters (tied embedding)" in out
    assert "GiB (2^30 bytes)" in out
    assert "the cheapest that fits 22.35 GiB: apollo rank 1" in out
    assert "--fused-backward --max-gradient-norm 0.0 --optimizer apollo --apollo-rank 1" in out
    # no rate, no time
    assert "tokens/s" not in out


def test_nothing_fits(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--preset", "havoc-7b", "--gpu", "8GiB")
    assert "nothing fits 8.000 GiB: apollo rank 1" in out
    assert "GiB more" in out


def test_the_object_has_the_promised_fields(capsys: pytest.CaptureFixture[str]) -> None:
    body = as_json(capsys, "--preset", "havoc-25m", "--gpu", "8GB", "--flops", "10T")
    assert list(body) == [
        *("schema_version", "network", "run", "strategies", "cheapest_that_fits"),
        *("missing_bytes", "generation"),
    ]
    assert body["schema_version"] == 1
    assert body["run"]["memory_bytes"] == 8 * 10**9
    for row in body["strategies"]:
        assert list(row) == [
            *("name", "settings", "costs", "peak_moment", "peak_bytes", "largest_bytes"),
            *("main_memory_bytes", "fits", "compute_factor", "tokens_per_second", "seconds"),
        ]
        parts = dict(row["peak_bytes"])
        assert parts.pop("total") == sum(parts.values())
        assert list(parts) == [
            *("weights", "gradients", "optimizer", "average", "activations", "copies"),
            *("workspace", "slack", "fixed"),
        ]
    assert body["cheapest_that_fits"] == "adamw, fp32" and body["missing_bytes"] is None


def test_own_settings_are_planned_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("optimizer: muon\nbatch_size: 3\nmax_steps: 77\n")
    body = as_json(capsys, "--preset", "havoc-8m", "--settings", str(file), "--precision", "bf16")
    (row,) = body["strategies"]
    assert row["name"] == "as given"
    assert (row["settings"]["optimizer"], row["settings"]["precision"]) == ("muon", "bf16")
    assert body["run"]["batch_size"] == 3


def test_a_shape_from_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(preset("havoc-3m", d_ff=1024).to_json())
    shown = as_json(capsys, "--config", str(file))["network"]
    assert shown["d_ff"] == 1024


def test_time_of_a_known_device(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--preset", "havoc-110m", "--gpu", "RTX-4090", "--tokens", "2B")
    body = as_json(capsys, *arguments)
    row = next(row for row in body["strategies"] if row["name"] == "adamw, bf16 products")
    rate = 0.4 * ACCELERATORS["rtx-4090"].bf16
    flops = body["network"]["training_flops_per_token"]
    assert row["tokens_per_second"] == pytest.approx(rate / flops)
    assert row["seconds"] == pytest.approx(2e9 * flops / rate)
    assert "tokens/s" in printed(capsys, *arguments)


def test_steps_say_the_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    body = as_json(
        capsys,
        *("--preset", "havoc-8m", "--max-steps", "100", "--flops", "1T", "--mfu", "0.5"),
        *("--gradient-accumulation", "2", "--processes", "3"),
    )
    assert body["run"]["tokens"] == 100 * 8 * 512 * 2 * 3
    assert body["run"]["flops_per_second"]["bf16"] == 5e11


def test_the_processor(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--preset", "havoc-8m", "--ram", "8GiB")
    assert "the processor" in out and "offload" not in out
    assert "the cheapest that fits 8.000 GiB: adamw, fp32" in out
    fixed = as_json(capsys, "--preset", "havoc-8m", "--device", "cpu")["strategies"][0]
    assert fixed["peak_bytes"]["fixed"] > 200 << 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "havoc-8n"], "preset: there is no preset 'havoc-8n'; did you mean havoc-8m?"),
        ([], "--preset, --config: give one of the two"),
        (
            ["--preset", "havoc-8m", "--gpu", "24"],
            "--gpu: '24' is no size with a unit; give 24GB (10^9 bytes each) or 24GiB (2^30)",
        ),
        (["--preset", "havoc-8m", "--gpu", "0GB"], "--gpu: '0GB' is no size with a unit"),
        (["--preset", "havoc-8m", "--gpu", "-3GB"], "plan: argument --gpu: expected one argument"),
        (["--preset", "havoc-8m", "--gpu", "nanGB"], "--gpu: 'nanGB' is no size with a unit"),
        (["--preset", "havoc-8m", "--ram", "many"], "--ram: 'many' is no size with a unit"),
        (["--preset", "havoc-8m", "--gpu", "8GB", "--ram", "8GB"], "--gpu: is not for the proc"),
        (["--preset", "havoc-8m", "--tokens", "1B"], "--tokens, --max-steps: no time can be told"),
        (
            ["--preset", "havoc-8m", "--flops", "1T", "--tokens", "some"],
            "--tokens: 'some' is no positive number; give such as 300M",
        ),
        (["--preset", "havoc-8m", "--mfu", "0.4"], "--mfu: is a share of --flops"),
        (["--preset", "havoc-8m", "--flops", "1T", "--mfu", "40"], "--mfu: is 40.0; give a share"),
        (["--preset", "havoc-8m", "--flops", "1T", "--mfu", "nan"], "--mfu: is nan; give a share"),
        (["--preset", "havoc-8m", "--batch-size", "0"], "batch_size: is 0; give 1"),
        (["--preset", "havoc-8m", "--processes", "0"], "processes: is 0; give 1 or more"),
        (
            ["--preset", "havoc-8m", "--sequence-length", "4096"],
            "sequence_length: is 4096; the network has 2048 positions",
        ),
        (
            ["--preset", "havoc-8m", "--fused-backward"],
            "fused_backward: needs gradient_accumulation 1 and max_gradient_norm 0",
        ),
        (["--config", "no/such.yaml"], "no/such.yaml: cannot be read (No such file"),
    ],
)
def test_errors_are_one_line_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"havoc: {message}")
    assert captured.err.count("\n") == 1 and captured.out == ""


def test_it_needs_neither_torch_nor_numpy() -> None:
    program = (
        "import sys; from havoc.cli import main\n"
        "main(['plan', '--preset', 'havoc-7b', '--gpu', '24GB', '--json'])\n"
        "heavy = {'torch', 'numpy', 'scipy', 'pandas', 'safetensors', 'sentencepiece'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, b"")
