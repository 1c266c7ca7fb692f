"""What can be computed: the tools, their registry and the DSL over them.

``registry.execute("t_test_two_sample", {"group1": […], "group2": […]})``
returns a ToolResult. Tools import neither ``rag`` nor ``infer``.
"""

from havoc.tools.declaration import Tool, ToolRegistry, registry, tool
from havoc.tools.result import Check, Narrative, Outcome, Recomputed, ToolResult

__all__ = [
    "Check",
    "Narrative",
    "Outcome",
    "Recomputed",
    "Tool",
    "ToolRegistry",
    "ToolResult",
    "registry",
    "tool",
]
