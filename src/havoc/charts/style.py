"""One look for every chart: colours that colour-blind readers can tell apart.

The colours are those of Okabe and Ito (2008). A role is never told by colour
alone: every limit has its own dash pattern and label, every flagged point its
own symbol.
"""

from __future__ import annotations

from typing import Any, NamedTuple

INK = "#1f2933"
MUTED = "#667380"
FAINT = "#d5dbe1"

# Vermilion is kept for points out of control and for control limits.
SERIES_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#5B4B8A", "#4d4d4d")
SERIES_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
SERIES_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
FLAG_COLOR = "#D55E00"
FLAG_MARKER = "s"
MEAN_COLOR = INK
MEAN_MARKER = "D"
SURFACE = "viridis"


class LineStyle(NamedTuple):
    color: str
    dashes: Any
    width: float


LIMIT_STYLES: dict[str, LineStyle] = {
    "center": LineStyle("#00795a", "-", 1.3),
    "control": LineStyle("#D55E00", (0, (6, 3)), 1.3),
    "warning": LineStyle("#b97f00", (0, (1.2, 2.4)), 1.0),
    "specification": LineStyle("#8a3a8c", (0, (9, 3, 2, 3)), 1.5),
    "target": LineStyle("#8a3a8c", (0, (2, 2)), 1.2),
    "reference": LineStyle("#667380", (0, (4, 2.5)), 1.1),
}

# Replaces whatever a user's own matplotlibrc says, so that a chart is the same everywhere.
SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a name such as "$x$" is a name, not a formula
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.formatter.use_mathtext": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "xtick.color": "#9aa5b1",
    "ytick.color": "#9aa5b1",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": "#e8ecf0",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "havoc",
    "pdf.fonttype": 42,
}
