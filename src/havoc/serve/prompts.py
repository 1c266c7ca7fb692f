"""Ready-made prompts: how an engineer's usual tasks are put to a model that has these tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import mcp_types as types

from havoc.errors import InputError

MOST_CHARACTERS = 200_000
_ASK = (
    "Use the tool `ask` with the question and the data below. Quote its figures as they are, "
    "with its caveats; compute nothing yourself."
)


@dataclass(frozen=True, slots=True)
class ReadyPrompt:
    """A prompt with named places; ``arguments`` are name to what it is (needed)."""

    name: str
    title: str
    description: str
    arguments: Mapping[str, str]
    optional: Mapping[str, str]
    template: str

    def declared(self) -> types.Prompt:
        """As MCP lists it."""
        needed = [
            types.PromptArgument(name=name, description=words, required=True)
            for name, words in self.arguments.items()
        ]
        more = [
            types.PromptArgument(name=name, description=words, required=False)
            for name, words in self.optional.items()
        ]
        return types.Prompt(
            name=self.name,
            title=self.title,
            description=self.description,
            arguments=[*needed, *more],
        )


PROMPTS: dict[str, ReadyPrompt] = {
    prompt.name: prompt
    for prompt in (
        ReadyPrompt(
            "capability_study",
            "Capability study",
            "Is a process in control and capable within its limits?",
            {"data": "measured values in order, or a table", "limits": "LSL, USL, or both"},
            {"subgroup": "size of the rational subgroups"},
            "Is this process in control and capable? Specification: {limits}.{subgroup}\n\n"
            "{data}\n\n",
        ),
        ReadyPrompt(
            "compare_groups",
            "Compare groups",
            "Do groups of measurements differ, and by how much?",
            {"data": "the groups with their values"},
            {"alpha": "significance level"},
            "Do these groups differ, and by how much?{alpha}\n\n{data}\n\n",
        ),
        ReadyPrompt(
            "gage_study",
            "Gage R&R",
            "How much of the variation comes from the measurement?",
            {"data": "a table of part, operator and measured value"},
            {"tolerance": "width of the tolerance"},
            "Analyse this crossed gage R&R study.{tolerance}\n\n{data}\n\n",
        ),
        ReadyPrompt(
            "plan_experiment",
            "Plan an experiment",
            "A design for factors with their ranges.",
            {"factors": "factors with low, high and unit", "goal": "screening or optimisation"},
            {"runs": "how many runs can be afforded"},
            "Design an experiment for {goal}. Factors: {factors}.{runs}\n\n",
        ),
        ReadyPrompt(
            "control_chart",
            "Control chart",
            "Is a process stable?",
            {"data": "measured values in order, or a table with subgroups"},
            {},
            "Which control chart fits these data, and is the process stable?\n\n{data}\n\n",
        ),
    )
}
_SENTENCES = {
    "subgroup": " Subgroups of {}.",
    "alpha": " Significance level {}.",
    "tolerance": " Tolerance width {}.",
    "runs": " At most {} runs.",
}


def text_of(prompt: ReadyPrompt, given: Mapping[str, str]) -> str:
    """The text with its places filled. Raises InputError for what lacks or is unknown."""
    known = {**prompt.arguments, **prompt.optional}
    for name in given:
        if name not in known:
            raise InputError(f"there is no argument {name[:60]!r}", where=prompt.name)
    if sum(map(len, given.values())) > MOST_CHARACTERS:
        raise InputError("the arguments are too long", where=prompt.name)
    filled = {}
    for name in known:
        value = given.get(name, "").strip()
        if name in prompt.arguments and not value:
            raise InputError(f"{name} is missing", where=prompt.name)
        filled[name] = value
        if name in prompt.optional:
            filled[name] = _SENTENCES[name].replace("{}", value) if value else ""
    # one pass over the template, so that braces in what was given stay what they are
    return prompt.template.format_map(filled) + _ASK
