"""The network: its shape (no torch), its parameters in closed form, and the network itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from havoc.model.config import HavocConfig, preset, preset_names, read_config
from havoc.model.count import count_parameters, parameter_count

if TYPE_CHECKING:
    from havoc.model.network import HavocModel, SigmaModel

__all__ = [
    "HavocConfig",
    "HavocModel",
    "SigmaModel",
    "count_parameters",
    "parameter_count",
    "preset",
    "preset_names",
    "read_config",
]


def __getattr__(name: str) -> Any:
    """The network needs torch; its shape does not."""
    if name in ("HavocModel", "SigmaModel"):
        from havoc.model import network

        return getattr(network, name)
    raise AttributeError(name)
