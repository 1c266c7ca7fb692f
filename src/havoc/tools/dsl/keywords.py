"""Families and short forms of the language.

A keyword is the name of a parameter in capitals; everything else that a
keyword can be is in ``SHORT_FORMS``. An operation is found by its name, by its
name without ``test`` (``TEST t two_sample``), or by a choice of the parameter
``kind`` of one operation of the family (``SPC xbar_r`` is ``control_chart``
with ``kind`` ``xbar_r``).
"""

from __future__ import annotations

import re

from havoc.tools.declaration import PACKAGES
from havoc.tools.families import package_of

# The first word of a statement and the package whose operations may follow.
FAMILIES: dict[str, tuple[str, ...]] = {
    "TEST": ("stats",),
    "STATS": ("stats",),
    "DOE": ("doe",),
    "SPC": ("spc",),
    "MSA": ("msa",),
    "RELIABILITY": ("reliability",),
    "MATH": ("symbolic",),
    "RUN": PACKAGES,
}

# keyword -> the parameter that it stands for, the first one that the operation has.
SHORT_FORMS: dict[str, tuple[str, ...]] = {
    "BLOCK": ("blocks",),
    "CENTER": ("center_points",),
    "CENTRE": ("center_points",),
    "CENSOR": ("censored",),
    "DEGREES": ("degree",),
    "EXPR": ("expression",),
    "FACTOR": ("factors",),
    "FROM": ("from_unit",),
    "GENERATOR": ("generators",),
    "LEVEL": ("confidence",),
    "MU": ("mu0",),
    "POOLED": ("equal_var",),
    "REPLICATE": ("replicates",),
    "RULE": ("rules",),
    "SIZE": ("sample_size", "sizes"),
    "SUBGROUP": ("subgroup_size",),
    "TO": ("to_unit",),
    "VAR": ("variable",),
}

# The short form that is written for a parameter, where a script is formatted.
WRITTEN: dict[str, str] = {
    "center_points": "CENTER",
    "subgroup_size": "SUBGROUP",
    "from_unit": "FROM",
    "to_unit": "TO",
}


def short_name(operation: str) -> str:
    """``t_test_two_sample`` without ``test``: ``t_two_sample``."""
    return re.sub(r"(^|_)test(?=_|$)", "", operation).strip("_")


def family_of(operation: str) -> str:
    """The first word of a formatted statement with this operation."""
    package = package_of(operation)
    if package is None:
        return "RUN"
    if package == "stats":
        return "TEST" if "test" in operation.split("_") else "STATS"
    return next(family for family, packages in FAMILIES.items() if packages == (package,))
