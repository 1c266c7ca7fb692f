"""Two processes on one machine (gloo) against one: the same losses, the same weights."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from havoc.bundle import Bundle
from havoc.errors import InputError
from havoc.train.parallel import Parallel
from havoc.train.tracking import read_events
from training_examples import ROOT


def run(script: str, *arguments: object, processes: int = 2) -> None:
    """Run a script beside this file in one or several processes; none may wait for ever."""
    start = [sys.executable]
    if processes > 1:
        start += ["-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
        start += [f"--nproc-per-node={processes}"]
    # by the loopback device, whatever the name of the machine resolves to
    surroundings = {"PYTHONPATH": "tests:src", "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    with subprocess.Popen(
        [*start, str(Path(__file__).with_name(script)), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **surroundings, "PYTHONFAULTHANDLER": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            _, said = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGABRT)  # each process says where it stands
            said = "a process waits for ever; " + process.communicate()[1]
    assert process.returncode == 0, said[-6000:]


def launch(
    shards: Path,
    out: Path,
    parallel: str,
    processes: int,
    *,
    optimizer: str = "adamw",
    minutes: float = 0.0,
    resume: bool = False,
) -> None:
    """Run tests/train/several_processes.py; four sequences a step, whatever the processes."""
    arguments = [shards, out, parallel, optimizer, minutes, 4 // processes]
    run("several_processes.py", *arguments, "resume" if resume else "new", processes=processes)


def losses(out: Path) -> list[float]:
    return [e["loss"] for e in read_events(out / "metrics.jsonl") if e["event"] == "train"]


def assert_same_network(one: Path, other: Path) -> None:
    a, b = Bundle.open(one / "bundle").weights, Bundle.open(other / "bundle").weights
    for name in a.entries:
        np.testing.assert_allclose(a.read(name), b.read(name), rtol=1e-3, atol=2e-4)


@pytest.fixture(scope="module")
def alone(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("alone") / "run"
    launch(shards, out, "none", 1)
    return out


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_compute_what_one_does(
    shards: Path, tmp_path: Path, alone: Path, parallel: str
) -> None:
    launch(shards, tmp_path / "run", parallel, 2)
    np.testing.assert_allclose(losses(tmp_path / "run"), losses(alone), rtol=1e-4)
    assert_same_network(tmp_path / "run", alone)


def test_a_checkpoint_loads_on_another_number_of_processes(
    shards: Path, tmp_path: Path, alone: Path
) -> None:
    """One step by two processes that share weights out, the next by one, the rest by two."""
    out = tmp_path / "run"
    launch(shards, out, "fsdp", 2, minutes=1e-6)
    launch(shards, out, "none", 1, minutes=1e-6, resume=True)
    launch(shards, out, "ddp", 2, resume=True)
    np.testing.assert_allclose(losses(out), losses(alone), rtol=1e-4)
    assert_same_network(out, alone)


def test_muon_works_on_whole_matrices_in_several_processes(shards: Path, tmp_path: Path) -> None:
    launch(shards, tmp_path / "one", "none", 1, optimizer="muon")
    launch(shards, tmp_path / "two", "fsdp", 2, optimizer="muon")
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-3)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads have no names here")
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_no_thread_of_a_group_outlives_it(kind: str) -> None:
    """One that asks for the interpreter while that ends would take the process down."""
    run("leaving_processes.py", 40, kind, processes=1)


def test_a_way_of_sharing_without_processes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(InputError, match="ddp needs processes that torchrun starts"):
        Parallel.start("ddp", "cpu")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match=r"started 2 processes.*--parallel ddp"):
        Parallel.start("none", "cpu")
