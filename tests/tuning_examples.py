"""What tests of tuning share: a small network as a bundle, records, and how they are asked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from havoc.bundle import Bundle, write_bundle
from havoc.model.generate import continue_tokens
from havoc.model.network import HavocModel, build
from training_examples import small_config, small_tokenizer

OPERATIONS = {
    "describe": "Sum up the bores.",
    "t_test_paired": "Before against after?",
    "capability": "Can the process hold it?",
    "weibull_fit": "How long do they live?",
    "runs_rules": "Any odd patterns here?",
    "solve": "For which x is it zero?",
}


def small_bundle(folder: Path) -> Bundle:
    """A network that has learned nothing yet."""
    config = small_config(d_model=64, d_ff=96, head_dim=16, max_seq_len=128)
    model = build(config).initialise(0)
    tensors = {name: p.detach().numpy() for name, p in model.named_parameters()}
    write_bundle(folder, config, tensors, small_tokenizer(), {"phase": "test"})
    return Bundle.open(folder)


def call_of(operation: str) -> dict[str, Any]:
    """A tool call as a segment of a record."""
    return {"tool": {"tool": "python_math", "args": {"operation": operation}}}


def tool_records() -> list[dict[str, Any]]:
    """A question for each operation, answered by a call."""
    return [
        {"prompt": question, "completion": [call_of(operation)]}
        for operation, question in OPERATIONS.items()
    ]


def preferences() -> list[dict[str, Any]]:
    """Polite answers are chosen, rude ones rejected."""
    return [
        {"prompt": f"Question {number}?", "chosen": "With pleasure.", "rejected": "No, go away."}
        for number in range(8)
    ]


def write_lines(path: Path, records: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def answer(model: HavocModel, prompt: str, count: int = 48) -> str:
    """What the network writes after a question, control ids by name."""
    tokenizer = small_tokenizer()
    special = tokenizer.special
    ids = [tokenizer.bos, special["<user>"], *tokenizer.encode(prompt), special["<assistant>"]]
    made = continue_tokens(model, ids, count, stop=tokenizer.eos)
    return tokenizer.decode(made, control=True)
