"""What an optimiser is told. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from havoc.errors import InputError

NAMES = ("adamw", "muon", "adamw8bit", "apollo")


@dataclass(frozen=True, slots=True)
class OptimizerSettings:
    """Settings of ``build_optimizer``. Raises InputError for impossible ones.

    ``muon`` takes hidden matrices by Muon, ``apollo`` by APOLLO, and both the rest by AdamW;
    ``betas`` and ``eps`` are of AdamW and APOLLO, ``momentum`` and ``muon_scaling`` of Muon.
    ``apollo_rank`` 0 is a quarter of a matrix's smaller side, 1 is APOLLO-Mini: one scale for
    a whole matrix. ``embedding_lr_scale`` multiplies the learning rate of embedding and output
    head. ``fused_backward`` steps inside the backward pass: it cannot be combined with gradient
    accumulation or a limit of the global norm, only with ``clip_each_parameter``, a limit of
    the norm of each parameter's gradient (0: none). ``offload`` keeps states in main memory.
    """

    name: str = "adamw"
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    eps: float = 1e-8
    momentum: float = 0.95
    muon_scaling: str = "match_rms_adamw"
    apollo_rank: int = 0
    embedding_lr_scale: float = 1.0
    fused_backward: bool = False
    clip_each_parameter: float = 0.0
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
            ("clip_each_parameter", self.clip_each_parameter),
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
        if self.apollo_rank < 0:
            raise InputError(f"is {self.apollo_rank}", where="apollo_rank", remedy="give 0 or more")
        if self.clip_each_parameter and not self.fused_backward:
            raise InputError(
                "is for fused_backward only",
                where="clip_each_parameter",
                remedy="clip the global norm with max_gradient_norm",
            )
        if self.fused_backward and self.offload:
            raise InputError(
                "cannot be combined with offload_optimizer",
                where="fused_backward",
                remedy="take one of them",
            )
