"""The row that every analysis of variance in this package is made of."""

from __future__ import annotations

import msgspec

from havoc.tools.doe.least_squares import PureError


class AnovaRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of an analysis of variance."""

    source: str
    df: int
    ss: float
    ms: float | None = None
    F: float | None = None
    p_value: float | None = None


def residual_rows(
    df: int, ss: float, pure: PureError | None, total: float, runs: int
) -> list[AnovaRow]:
    """The last rows of an analysis: the residual, its parts where runs repeat, and the total."""
    rows = [AnovaRow(source="residual", df=df, ss=ss, ms=ss / df if df and ss > 0 else None)]
    if pure is not None and pure.df_lack_of_fit:
        rows.append(
            AnovaRow(
                source="lack of fit",
                df=pure.df_lack_of_fit,
                ss=pure.ss_lack_of_fit,
                ms=pure.ss_lack_of_fit / pure.df_lack_of_fit,
                F=pure.f,
                p_value=pure.p_value,
            )
        )
    if pure is not None:
        rows.append(
            AnovaRow(
                source="pure error",
                df=pure.df_pure_error,
                ss=pure.ss_pure_error,
                ms=pure.ss_pure_error / pure.df_pure_error,
            )
        )
    return [*rows, AnovaRow(source="total", df=runs - 1, ss=total)]
