"""The planners by name; each is imported when it is asked for."""

from __future__ import annotations

from havoc.errors import InputError
from havoc.reason.planner import Planner, RulePlanner

PLANNERS = ("auto", "rules", "model", "remote")
DEFAULT = "auto"


def planner_of(name: str) -> Planner:
    """The planner of this name. Raises InputError for another, or where its parts are missing."""
    if name == "auto":
        from havoc.reason.auto_planner import AutoPlanner

        return AutoPlanner()
    if name == "rules":
        return RulePlanner()
    if name == "model":
        from havoc.reason.planner_model import ModelPlanner

        return ModelPlanner()
    if name == "remote":
        from havoc.reason.remote_planner import RemotePlanner

        return RemotePlanner()
    raise InputError(
        f"there is no planner {name!r}", where="planner", remedy=f"use {', '.join(PLANNERS)}"
    )
