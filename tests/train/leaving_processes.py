"""Joining a group of processes, adding up and leaving it, again and again.

leaving_processes.py ROUNDS ddp|fsdp
"""

from __future__ import annotations

import os
import socket
import sys

import torch
import torch.distributed as dist

from havoc.model.network import HavocModel
from havoc.train.parallel import Parallel
from training_examples import small_config, threads_of_gloo


def step(parallel: Parallel) -> None:
    wrapped = parallel.wrap(HavocModel(small_config()))
    wrapped(torch.zeros(1, 4, dtype=torch.long)).sum().backward()
    parallel.sum(1.0)


rounds, kind = sys.argv[1:]
torch.set_num_threads(1)
os.environ |= {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
for _ in range(int(rounds)):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        os.environ["MASTER_PORT"] = str(free.getsockname()[1])
    parallel = Parallel.start(kind, "cpu")
    dist.all_reduce(torch.zeros(1))
    step(parallel)
    if threads_of_gloo() == 0:
        sys.exit("the threads of gloo have other names now")
    parallel.finish()
    if threads_of_gloo():
        sys.exit(f"{threads_of_gloo()} threads of gloo outlive their group")
