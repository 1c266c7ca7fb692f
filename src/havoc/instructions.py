"""Sentences that speak to the program and not about a process.

A pasted e-mail, a cell or a document may hold them. Nothing that is asked depends on them, so a
question is read as if they were not there, and a passage that holds one is marked.
"""

from __future__ import annotations

import re

MOST = 20_000
"""Characters that are looked through."""

_TO_A_MODEL = (
    r"\b(?:ignore|disregard|forget|override)\b"
    r".{0,40}\b(?:previous|prior|above|earlier|all|your|any)\b"
    r".{0,40}\b(?:instruction|prompt|rule|message|direction|guideline|context)s?\b",
    r"\byou are (?:now|no longer)\b.{0,60}\b(?:assistant|ai|model|dan|bot|agent|admin)\b",
    r"\b(?:system|developer) (?:prompt|message)\b",
    r"\b(?:call|invoke|execute|use) the (?:tool|function)\b.{0,60}\b(?:with|args|operation|now)\b",
    r"\bnew instructions?\s*:|\bdo not (?:tell|inform|mention)\b.{0,40}\buser\b",
    r"\b(?:answer|reply|respond|say)\b.{0,30}\bregardless of\b",
    r"\breveal\b.{0,40}\b(?:key|password|secret|prompt)\b",
)
_MARKS = (
    r"</?(?:tool|system|user|assistant|result)>",
    r"<\|(?:im_start|im_end|endoftext|system|user|assistant)\|>|\[/?INST\]",
)
_INSTRUCTION = re.compile(
    "|".join((*_TO_A_MODEL, *_MARKS, r"\"tool\"\s*:\s*\"")), re.IGNORECASE | re.DOTALL
)

# What a question may hold beside its data: a command, and what it goes on with in its sentence.
_COMMANDS = (
    *(part.replace(".{", r"[^.!?\n]{") for part in _TO_A_MODEL),
    r"\b(?:ignore|disregard|forget)\b[^.!?\n]{0,25}\b(?:data|figures|numbers|question)\b"
    r"[^.!?\n]{0,10}\b(?:and|but|just)\b[^.!?\n]{0,15}\b(?:say|answer|reply|report|write|print)\b",
    r"\b(?:system|assistant|developer)\s*:\s*(?:you\b|reveal\b|print\b|ignore\b|act\b|set\b)",
    r"\byou are now (?:an?|the|my)\b|\bact as (?:an?|my)\b|\bpretend (?:to be|you)\b",
)
_WHOLE = (
    *_MARKS,
    r"\b(?:print|show|reveal|repeat|output|leak)\b[^.!?\n]{0,20}?\b(?:your|the system)\b"
    r"[^.!?\n]{0,20}?\b(?:prompt|instructions?|configuration|rules|secrets?|keys?)\b",
    r"\breveal the configuration\b",
)
_IN_A_QUESTION = re.compile(f"(?P<command>{'|'.join(_COMMANDS)})|{'|'.join(_WHOLE)}", re.IGNORECASE)
_GOES_ON = re.compile(r"[^.!?\n\d)]{0,60}+[.!]*+")


def speaks_to_model(text: str) -> bool:
    """Does the text hold what reads like an instruction to a language model?"""
    return bool(_INSTRUCTION.search(text[:MOST]))


def without_instructions(text: str) -> str:
    """The text with blanks in place of what speaks to the program (and none at its end).

    A command is taken with the rest of its sentence, as far as no figure stands in it.
    """
    if len(text) > MOST:
        return text
    parts, at = [], 0
    for match in _IN_A_QUESTION.finditer(text):
        if match.start() < at:
            continue
        rest = _GOES_ON.match(text, match.end()) if match["command"] else None
        start, end = match.start(), rest.end() if rest else match.end()
        if text[start - 1 : start] == "(" and text[end : end + 1] == ")":
            start, end = start - 1, end + 1
        parts += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*parts, text[at:]]).rstrip() if parts else text
