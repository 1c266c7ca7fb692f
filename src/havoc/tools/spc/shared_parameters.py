"""Types of the parameters that control charts and capability studies share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

ValuesInOrder = Annotated[
    list[float] | None, Meta(description="measured values in order of production")
]
ValuesOrCounts = Annotated[
    list[float] | None,
    Meta(description="measured values in order of production, or counts for a c chart"),
]
SubgroupSize = Annotated[
    Annotated[int, Meta(ge=1)] | None,
    Meta(description="how many consecutive values form a subgroup"),
]
SubgroupValues = Annotated[
    list[list[float]] | None, Meta(description="instead of data: values of each subgroup")
]
UnevenSubgroups = Annotated[
    list[list[float]] | None,
    Meta(description="instead of data: the values of each subgroup, sizes may differ"),
]
InspectedUnits = Annotated[
    float | list[float] | None,
    Meta(description="units inspected in each sample: one number, or one for every count"),
]
TargetForCpm = Annotated[float | None, Meta(description="target value, for Cpm")]
