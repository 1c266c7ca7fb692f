"""Kill a run with SIGKILL at random moments, resume it each time, and compare its weights.

python tests/train/killed_runs.py FOLDER KILLS SEED

Trains once undisturbed and once under fire, in forked children so that a start costs no
import. Prints one JSON line: whether the final weights, optimiser and events are equal, bit
for bit, and how many kills hit each stage.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import torch

from havoc.errors import InputError
from havoc.train.checkpoint import checkpoints, file_digest, load_checkpoint
from havoc.train.phases import Where, pretrain, read_run
from havoc.train.settings import TrainSettings
from havoc.train.tracking import read_events
from training_examples import small_config, small_shards, small_tokenizer

SETTINGS = TrainSettings(
    max_steps=60,
    batch_size=2,
    gradient_accumulation=2,
    sequence_length=32,
    warmup_steps=5,
    learning_rate=1e-2,
    optimizer="muon",
    ema_decay=0.9,
    save_every=2,
    eval_every=10,
    eval_sequences=4,
    log_every=5,
    sample_tokens=4,
    threads=1,
)

EARLY = "finished before the kill"


def train(shards: Path, out: Path) -> None:
    """Begin or resume the run at ``out``."""
    resume = (out / "run.json").exists()
    where = Where(out, resume, prompts=("The",), quiet=True)
    pretrain(small_config(), SETTINGS, shards, small_tokenizer(), where)


def state_after(out: Path) -> dict[str, str]:
    """Digests of all that a run ends with."""
    last = checkpoints(out / "checkpoints")[-1]
    digests = {path.name: file_digest(path) for path in sorted(last.glob("*.safetensors"))}
    digests["bundle"] = file_digest(out / "bundle" / "model.safetensors")
    events = [
        {key: value for key, value in event.items() if key in ("event", "step", "loss")}
        for event in read_events(out / "metrics.jsonl")
        if event["event"] in ("train", "validation")
    ]
    digests["events"] = json.dumps(events)
    return digests


def check_readable(out: Path) -> str:
    """What a kill has left must be readable. Says how far the run had come."""
    if not (out / "run.json").exists():
        return "before the run was written"
    read_run(out)
    if (out / "metrics.jsonl").exists():
        read_events(out / "metrics.jsonl")
    found = checkpoints(out / "checkpoints")
    for path in found:
        load_checkpoint(path)
    if (out / "bundle").exists():
        return "after the bundle"
    return "within the steps" if found else "before the first checkpoint"


def main() -> None:
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    shards = small_shards(folder)
    calm, fire = folder / "calm", folder / "fire"
    start = time.perf_counter()
    _in_child(shards, calm, None)
    # as long as a whole run, so that kills hit its start, its steps, its checkpoints and its end
    lasts = time.perf_counter() - start
    draw = random.Random(seed)
    stages: Counter[str] = Counter()
    while stages.total() - stages[EARLY] < kills:
        killed = _in_child(shards, fire, draw.uniform(0, lasts))
        stages[check_readable(fire) if killed else EARLY] += 1
        if not killed:
            _again(fire)
    _in_child(shards, fire, None)
    print(json.dumps({"equal": state_after(calm) == state_after(fire), "kills": dict(stages)}))


def _again(out: Path) -> None:
    """A run that finished early begins anew, so that the other kills have something to hit."""
    import shutil

    shutil.rmtree(out)


def _in_child(shards: Path, out: Path, after: float | None) -> bool:
    """Train in a forked child; kill it after some seconds. Whether the kill hit."""
    child = os.fork()
    if child == 0:
        try:
            train(shards, out)
        except InputError as error:
            print(error, file=sys.stderr)
            os._exit(2)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        sys.exit(f"the run ended with exit code {os.WEXITSTATUS(status)}")
    return False


if __name__ == "__main__":
    main()
