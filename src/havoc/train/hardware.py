"""What the machine gives: its rate of matrix products, and memory that is not given back."""

from __future__ import annotations

import ctypes
import sys
import time

import torch

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # the names of glibc's mallopt
_LARGEST_FROM_HEAP = 32 << 20


def keep_freed_memory() -> None:
    """Let glibc keep freed memory instead of returning it to the system after every step.

    A training step allocates and frees the same large tensors each time. By default glibc
    maps them anew, and the kernel clears every page again: a tenth of the time of a small
    network. Elsewhere than on glibc nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_FROM_HEAP)
        mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)


def matmul_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of square matrix products, measured (best of some).

    What utilisation is told against: a figure of this machine now, not of a data sheet.
    """
    size = 1024 if device.type == "cpu" else 8192
    left = torch.randn(size, size, device=device).to(dtype)
    right = torch.randn(size, size, device=device).to(dtype)
    best = float("inf")
    for _ in range(6):
        _wait(device)
        start = time.perf_counter()
        left @ right
        _wait(device)
        best = min(best, time.perf_counter() - start)
    return 2.0 * size**3 / best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
