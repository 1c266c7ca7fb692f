"""A server as users start it: a process of its own, on a free port, with a drawn network."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml
from drawn_networks import SMALL, RandomWeights

from havoc.bundle import write_bundle
from training_examples import small_tokenizer

STARTS_WITHIN = 240
ADDRESS = re.compile(r"havoc serves on http://\S+:(\d+) ")
WAIT = 180.0
QUESTION = "Is line B thicker than line A?  A: 12.1 12.3 11.9 12.0  B: 12.8 12.6 13.0 12.7"


def drawn_bundle(folder: Path) -> Path:
    """A bundle with weights drawn at random and a vocabulary of the documentation."""
    tokenizer = small_tokenizer()
    config = SMALL.replace(vocab_size=tokenizer.vocab_size, max_seq_len=2048)
    weights = RandomWeights(config, spread=0.2)
    tensors = {name: weights.read(name) for name in weights.names()}
    return write_bundle(folder / "bundle", config, tensors, tokenizer, {"name": "drawn"})


class LiveServer:
    """A running ``havoc serve``, its address and what it logs."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def client(self, **options: Any) -> httpx.Client:
        """A client of this server alone: no proxy of the environment."""
        return httpx.Client(base_url=self.url, timeout=240, trust_env=False, **options)

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        return psutil.Process(self.process.pid).children()

    @contextmanager
    def frozen_workers(self) -> Iterator[None]:
        """Within the block no question comes to its end, on the fastest machine either."""
        stopped = self.workers()
        assert stopped
        for worker in stopped:
            worker.suspend()
        try:
            yield
        finally:
            for worker in stopped:
                with suppress(psutil.NoSuchProcess):  # the server has ended it
                    worker.resume()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=10)
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)


def start(
    data: Path, *, bundle: Path | None = None, environment: dict[str, str] | None = None,
    **settings: Any,
) -> LiveServer:  # fmt: skip
    """Start a server whose database and uploads lie in ``data``."""
    data.mkdir(parents=True, exist_ok=True)
    config = data / "serve.yaml"
    body = {"port": 0, "data": str(data), "threads": 1, **settings}
    if bundle is not None:
        body["bundle"] = str(bundle)
    config.write_text(yaml.safe_dump(body), "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "havoc", "serve", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    assert process.stdout is not None and process.stderr is not None
    timer = threading.Timer(STARTS_WITHIN, process.kill)
    timer.start()
    line = process.stdout.readline()
    timer.cancel()
    said = ADDRESS.match(line)
    if said is None:
        process.kill()
        raise AssertionError(f"no server: {line!r} {process.stderr.read()[-2000:]}")
    return LiveServer(process, int(said[1]))


def until(true: Callable[[], bool], seconds: float = WAIT) -> None:
    """Wait for something that must come to be, on a busy machine too."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.05)


def gauge(client: httpx.Client, name: str) -> float:
    """A figure of /metrics."""
    for line in client.get("/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(name)


@contextmanager
def running(data: Path, **options: Any) -> Iterator[LiveServer]:
    """A server that ends with the block."""
    server = start(data, **options)
    try:
        yield server
    finally:
        server.stop(signal.SIGKILL)
