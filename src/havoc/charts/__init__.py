"""Charts as data (``spec``) and what draws them (``figure`` for files, ``terminal``)."""

from havoc.charts.spec import ChartSpec, Flag, Grid, Limit, Panel, Series, decimate, read_chart

__all__ = ["ChartSpec", "Flag", "Grid", "Limit", "Panel", "Series", "decimate", "read_chart"]
