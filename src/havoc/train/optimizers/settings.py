"""What an optimiser is told. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from havoc.errors import InputError

NAMES = ("adamw", "muon")


@dataclass(frozen=True, slots=True)
class OptimizerSettings:
    """Settings of ``build_optimizer``. Raises InputError for impossible ones.

    ``muon`` takes hidden matrices by Muon and the rest by AdamW; ``betas`` and ``eps`` are
    AdamW's, ``momentum`` and ``muon_scaling`` Muon's.
    ``embedding_lr_scale`` multiplies the learning rate of embedding and output head.
    """

    name: str = "adamw"
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    eps: float = 1e-8
    momentum: float = 0.95
    muon_scaling: str = "match_rms_adamw"
    embedding_lr_scale: float = 1.0
    fused_backward: bool = False
    offload: bool = False

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise InputError(
                f"there is no optimiser {self.name!r}",
                where="optimizer",
                remedy=f"give one of {', '.join(NAMES)}",
            )
        for name, value in (
            ("weight_decay", self.weight_decay),
            ("eps", self.eps),
            ("embedding_lr_scale", self.embedding_lr_scale),
        ):
            if not 0 <= value < float("inf"):
                raise InputError(f"is {value}", where=name, remedy="give 0 or more")
        for name, value in (
            ("betas", self.betas[0]),
            ("betas", self.betas[1]),
            ("momentum", self.momentum),
        ):
            if not 0 <= value < 1:
                raise InputError(f"is {value}", where=name, remedy="give 0 or less than 1")
        if self.muon_scaling not in ("match_rms_adamw", "original"):
            raise InputError(
                f"is {self.muon_scaling!r}",
                where="muon_scaling",
                remedy="give match_rms_adamw or original",
            )
        if self.fused_backward or self.offload:
            raise InputError(
                "is not there yet",
                where="fused_backward, offload_optimizer",
                remedy="train without them",
            )
