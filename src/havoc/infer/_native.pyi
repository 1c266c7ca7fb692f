from typing import Any

from numpy.typing import NDArray

BLOCK: int

def kernels() -> list[str]: ...
def integer_sums(
    kernels: str, kind: str, x: NDArray[Any], codes: NDArray[Any], y: NDArray[Any]
) -> None: ...
def halve(kernels: str, x: NDArray[Any], y: NDArray[Any]) -> None: ...
def time_product(kernels: str, kind: str, tokens: int, inputs: int, rows: int) -> float: ...

class Cache:
    @property
    def blocks(self) -> int: ...
    @property
    def bytes(self) -> int: ...

class Network:
    def __init__(
        self,
        *,
        vocab_size: int,
        d_model: int,
        num_layers: int,
        num_heads: int,
        num_kv_heads: int,
        d_ff: int,
        head_dim: int,
        max_seq_len: int,
        sliding_window: int,
        activation: int,
        norm_eps: float,
        rope_theta: float,
        threads: int,
        kernels: str,
    ) -> None: ...
    def set_floats(self, name: str, values: NDArray[Any]) -> None: ...
    def set_codes(self, name: str, kind: str, codes: NDArray[Any], scale: NDArray[Any]) -> None: ...
    def check_complete(self) -> None: ...
    def cache(self, blocks: int) -> Cache: ...
    def run(
        self,
        cache: Cache,
        tokens: NDArray[Any],
        positions: NDArray[Any],
        sequences: NDArray[Any],
        tables: NDArray[Any],
        wanted: NDArray[Any],
        masks: NDArray[Any],
        best_only: NDArray[Any],
        logits: NDArray[Any],
        best: NDArray[Any],
    ) -> None: ...
    @property
    def kernels(self) -> str: ...
    @property
    def weight_bytes(self) -> int: ...
