"""Outcomes and predictors of a logistic regression, checked and in columns."""

from __future__ import annotations

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample
from havoc.tools.stats.predictor_columns import (
    Predictor,
    PredictorColumns,
    read_predictors,
    require_rows,
)

Outcomes = list[float | str]
EVENT_WORDS = frozenset(
    "1 y yes true t fail failed failure f bad nok ng defect defective broken break crack cracked "
    "leak reject rejected dead died positive detected hit".split()
)


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """One row an observation of ``trials`` units, of which ``events`` had the event."""

    predictors: PredictorColumns
    events: FloatArray
    trials: FloatArray
    event: str

    @property
    def columns(self) -> FloatArray:
        return self.predictors.columns

    @property
    def terms(self) -> list[str]:
        return self.predictors.terms

    @property
    def levels(self) -> dict[str, list[str]]:
        return self.predictors.levels


def read_observations(
    x: list[float] | None,
    predictors: dict[str, Predictor] | None,
    x_name: str,
    y: Outcomes | None,
    event: str | None,
    events: list[float] | None,
    trials: list[float] | None,
) -> Observations:
    hits, sizes, label = _outcomes(y, event, events, trials)
    found = read_predictors("logistic_regression", x, predictors, x_name, hits.size)
    require_rows(hits.size, found.columns.shape[1] + 1, "y")
    return Observations(
        predictors=found,
        events=hits,
        trials=sizes,
        event=label,
    )


def _outcomes(
    y: Outcomes | None,
    event: str | None,
    events: list[float] | None,
    trials: list[float] | None,
) -> tuple[FloatArray, FloatArray, str]:
    if (y is None) == (events is None):
        raise InputError(
            "give either y or events with trials",
            where="logistic_regression",
            remedy="y holds 0 and 1, events and trials hold counts",
        )
    if y is not None:
        hits, label = _coded(y, event)
        sizes = np.ones(hits.size)
    else:
        if trials is None or len(trials) != len(events or []):
            raise InputError(
                "every count of events needs its number of trials", where="trials", remedy="add it"
            )
        hits, sizes, label = as_sample(events or [], "events"), as_sample(trials, "trials"), event
        if np.any(sizes < 1) or np.any(hits < 0) or np.any(hits != np.floor(hits)):
            raise InputError(
                "a count is not a whole number above zero",
                where="events, trials",
                remedy="enter counts",
            )
        if np.any(hits > sizes):
            row = int(np.argmax(hits > sizes))
            raise InputError(
                f"{hits[row]:g} events in {sizes[row]:g} trials",
                where=f"row {row + 1}",
                remedy="swap events and trials, or correct the count",
            )
    if hits.sum() in (0.0, sizes.sum()):
        raise InputError(
            "all outcomes are the same, so nothing can be learned about what decides them",
            where="y" if y is not None else "events",
            remedy="add observations with the other outcome",
        )
    return hits, sizes, label or "event"


def _coded(y: Outcomes, event: str | None) -> tuple[FloatArray, str | None]:
    """Outcomes as 0 and 1."""
    if not y:
        raise InputError("no outcomes given", where="y", remedy="give 0 or 1 for every unit")
    if all(isinstance(value, (int, float)) for value in y) and event is None:
        values = as_sample([value for value in y if not isinstance(value, str)], "y")
        odd = np.flatnonzero((values != 0) & (values != 1))
        if odd.size:
            raise InputError(
                f"outcome {int(odd[0]) + 1} is {values[odd[0]]:g}, and outcomes are 0 or 1",
                where="y",
                remedy="code the event as 1, or give events and trials",
            )
        return values, None
    labels = [f"{value:g}" if isinstance(value, float) else str(value) for value in y]
    found = list(dict.fromkeys(labels))
    if len(found) > 2:
        raise InputError(
            f"{len(found)} different outcomes, and there may be two",
            where="y",
            remedy="group them into event and no event",
        )
    if event is None:
        known = [label for label in found if label.strip().lower() in EVENT_WORDS]
        if len(known) != 1:
            raise InputError(
                f"it is not clear which of {' and '.join(found)} is the event",
                where="event",
                remedy="name it",
            )
        event = known[0]
    elif event not in found:
        raise InputError(f"no outcome is {event}", where="event", remedy=f"use {found[0]}")
    return np.asarray([float(label == event) for label in labels]), event
