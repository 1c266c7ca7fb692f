"""Which package an operation belongs to, known without importing its tool."""

from __future__ import annotations

import functools
import importlib

from havoc.tools.declaration import PACKAGES


@functools.cache
def operations_of(package: str) -> tuple[str, ...]:
    """Names of the operations of a package."""
    return tuple(importlib.import_module(f"havoc.tools.{package}").OPERATIONS)


def package_of(operation: str) -> str | None:
    """The package of an operation, None if it is registered by none."""
    return next((name for name in PACKAGES if operation in operations_of(name)), None)
