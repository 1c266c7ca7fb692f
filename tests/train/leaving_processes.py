"""Joining a group of processes, adding up and leaving it, again and again.

leaving_processes.py ROUNDS
"""

from __future__ import annotations

import os
import socket
import sys

import torch
import torch.distributed as dist

from havoc.model.network import HavocModel
from havoc.train.parallel import Parallel
from training_examples import small_config

torch.set_num_threads(1)
os.environ |= {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
network = HavocModel(small_config())
for _ in range(int(sys.argv[1])):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        os.environ["MASTER_PORT"] = str(free.getsockname()[1])
    parallel = Parallel.start("ddp", "cpu")
    wrapped = parallel.wrap(network)
    dist.all_reduce(torch.zeros(1))
    parallel.finish()
    del wrapped
