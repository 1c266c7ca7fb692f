"""The walk of a stepwise selection: which predictor enters or leaves next, and why.

Sources: D. C. Montgomery, E. A. Peck, G. G. Vining, Introduction to Linear Regression
Analysis, 10.2.2; A. Miller, Subset Selection in Regression (2002), chapter 3.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from havoc.tools.stats.predictor_columns import PredictorColumns
from havoc.tools.stats.selection_result import information, partial_p
from havoc.tools.stats.subset_search import PERFECT, Reduced

Direction = Literal["forward", "backward", "both"]
Criterion = Literal["p_value", "aic", "bic"]
MOST_STEPS = 500


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step and the model after it; ``p_value`` is that of the term at this step."""

    number: int
    action: Literal["start", "enter", "remove"]
    term: str
    df: int
    r_squared: float
    adj_r_squared: float
    residual_stdev: float
    aic: float
    bic: float
    F: float | None = None
    p_value: float | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """``enter`` and ``remove`` are p-values; ``full`` is the model that the search starts from."""

    direction: Direction
    criterion: Criterion
    enter: float
    remove: float
    keep: tuple[str, ...]
    full: bool


class _Models:
    """Residual sums of squares of models given by the names of their predictors."""

    def __init__(self, table: PredictorColumns, reduced: Reduced) -> None:
        self.reduced = reduced
        self.places = {
            name: [i for i, source in enumerate(table.sources) if source == name]
            for name in table.names
        }
        self._known: dict[frozenset[str], float] = {}

    def columns(self, names: list[str]) -> list[int]:
        return sorted(i for name in names for i in self.places[name])

    def ss(self, names: list[str]) -> float:
        key = frozenset(names)
        if key not in self._known:
            self._known[key] = self.reduced.ss_residual(self.columns(names))
        return self._known[key]

    def size(self, names: list[str]) -> int:
        return 1 + sum(len(self.places[name]) for name in names)

    def criterion(self, names: list[str], kind: str) -> float:
        weight = 2.0 if kind == "aic" else math.log(self.reduced.n)
        square = self.ss(names)
        if not math.isfinite(square):
            return math.inf
        floor = PERFECT * self.reduced.ss_total
        return information(max(square, floor), self.reduced.n, self.size(names), weight)


def search(table: PredictorColumns, reduced: Reduced, rules: Rules) -> tuple[list[str], list[Step]]:
    """The predictors that remain, and the log of the steps."""
    models = _Models(table, reduced)
    current = list(table.names) if rules.full else list(rules.keep)
    steps = [_step(models, 0, "start", "", current, None)]
    seen = {frozenset(current)}
    while len(steps) <= MOST_STEPS:
        move = _next(models, current, table.names, rules)
        if move is None:
            break
        action, name, test = move
        changed = [*current, name] if action == "enter" else [n for n in current if n != name]
        if frozenset(changed) in seen:
            break
        current = [n for n in table.names if n in set(changed)]
        seen.add(frozenset(current))
        steps.append(_step(models, len(steps), action, name, current, test))
    return current, steps


def _next(
    models: _Models, current: list[str], names: list[str], rules: Rules
) -> tuple[Literal["enter", "remove"], str, tuple[float, float]] | None:
    """The step that the rules take from here; Minitab looks at removals first."""
    leaving = [
        (models.ss([n for n in current if n != name]), name)
        for name in current
        if name not in rules.keep and rules.direction != "forward"
    ]
    entering = []
    if rules.direction != "backward" and models.ss(current) > PERFECT * models.reduced.ss_total:
        for name in names:
            larger = [*current, name]
            if name in current or models.size(larger) >= models.reduced.n:
                continue
            square = models.ss(larger)
            if math.isfinite(square):
                entering.append((square, name))
    if rules.criterion == "p_value":
        tests = [(_test(models, current, name, square), name) for square, name in leaving]
        if tests:
            (f_value, p_value), name = max(tests, key=lambda item: (item[0][1], -item[0][0]))
            if p_value > rules.remove:
                return "remove", name, (f_value, p_value)
        tests = [
            (_test(models, [*current, name], name, models.ss(current)), name)
            for _, name in entering
        ]
        if tests:
            (f_value, p_value), name = min(tests, key=lambda item: (item[0][1], -item[0][0]))
            if p_value <= rules.enter:
                return "enter", name, (f_value, p_value)
        return None
    options: list[tuple[float, Literal["enter", "remove"], str]] = [
        (models.criterion([n for n in current if n != name], rules.criterion), "remove", name)
        for _, name in leaving
    ]
    options += [
        (models.criterion([*current, name], rules.criterion), "enter", name) for _, name in entering
    ]
    if not options:
        return None
    value, action, name = min(options)
    here = models.criterion(current, rules.criterion)
    if not value < here - 1e-9 * max(abs(here), 1.0):
        return None
    with_it = [*current, name] if action == "enter" else current
    without = [n for n in with_it if n != name]
    return action, name, _test(models, with_it, name, models.ss(without))


def _test(models: _Models, with_it: list[str], name: str, less: float) -> tuple[float, float]:
    """Partial F test of ``name`` in the model ``with_it``; ``less`` is the SSE without it."""
    df = len(models.places[name])
    return partial_p(less, models.ss(with_it), df, models.reduced.n - models.size(with_it))


def _step(
    models: _Models,
    number: int,
    action: Literal["start", "enter", "remove"],
    name: str,
    names: list[str],
    test: tuple[float, float] | None,
) -> Step:
    square, n, size = models.ss(names), models.reduced.n, models.size(names)
    df = n - size
    total = models.reduced.ss_total
    return Step(
        number=number,
        action=action,
        term=name or ("all predictors" if names else "no predictor"),
        df=len(models.places[name]) if name else size - 1,
        r_squared=1 - square / total,
        adj_r_squared=1 - square / df / (total / (n - 1)),
        residual_stdev=math.sqrt(square / df),
        aic=models.criterion(names, "aic"),
        bic=models.criterion(names, "bic"),
        F=test[0] if test else None,
        p_value=test[1] if test else None,
    )
