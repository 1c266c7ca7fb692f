"""What each of several processes runs: a pretraining, or going on with one.

several_processes.py SHARDS OUT PARALLEL OPTIMIZER MINUTES SEQUENCES_PER_PROCESS new|resume
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from havoc.train.phases import Where, pretrain
from havoc.train.settings import TrainSettings
from training_examples import small_config, small_tokenizer, threads_of_gloo

torch.set_num_threads(1)
shards, out, parallel, optimizer, minutes, per_process, resume = sys.argv[1:]
settings = TrainSettings(
    max_steps=8,
    batch_size=int(per_process),
    sequence_length=32,
    warmup_steps=2,
    learning_rate=1e-2,
    optimizer=optimizer,
    save_every=4,
    eval_every=4,
    eval_sequences=8,
    log_every=1,
    sample_tokens=0,
    threads=1,
    parallel=parallel,
    ema_decay=0.9,
    minutes=float(minutes),
)
where = Where(Path(out), resume == "resume", quiet=True)
pretrain(small_config(), settings, Path(shards), small_tokenizer(), where)
if threads_of_gloo():
    sys.exit(f"{threads_of_gloo()} threads of gloo outlive their group")
