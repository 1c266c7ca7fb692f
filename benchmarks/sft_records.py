"""Records for fine-tuning from the labelled questions: which operation a question asks for.

python benchmarks/sft_records.py a b c d --out train.jsonl

The completion is a tool call with the operation and no arguments (a model writes no figures), or
one word where the question is not to be answered: needs_clarification, declined, out_of_scope.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from havoc.files import write_atomic

QUESTIONS = Path(__file__).resolve().parents[1] / "tests" / "questions"


def record(item: dict[str, Any]) -> dict[str, Any]:
    """One labelled question as a record."""
    if item["status"] != "answered":
        return {"prompt": item["question"], "completion": [{"text": item["status"]}]}
    operations = item["op"] if isinstance(item["op"], list) else [item["op"]]
    calls = [{"tool": "python_math", "args": {"operation": name}} for name in operations]
    return {"prompt": item["question"], "completion": [{"tool": call} for call in calls]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("authors", nargs="+", choices=list("abcde"), metavar="AUTHOR")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    lines = []
    for author in arguments.authors:
        text = (QUESTIONS / f"author-{author}.jsonl").read_text("utf-8")
        lines += [json.dumps(record(json.loads(line))) for line in text.splitlines()]
    write_atomic(arguments.out, "".join(f"{line}\n" for line in lines).encode())
    print(f"{len(lines)} records in {arguments.out}")


if __name__ == "__main__":
    main()
