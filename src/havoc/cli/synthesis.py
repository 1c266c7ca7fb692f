"""Make training data for planners.

havoc data synth --questions tests/questions --out planner-data
havoc data synth --questions tests/questions --hold-out a f --copies 8 --out planner-data

In the folder: train.jsonl (records for havoc train sft), text.txt (the questions as text, for
the vocabulary and for pretraining), pieces.txt (what the vocabulary must have whole) and
coverage.json (frames and records of each operation, by phenomenon).
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from havoc.errors import InputError

MOST_COPIES = 1_000
MOST_PROCESSES = 64
SHORTEST_RUN = 8
_SLOT = re.compile(r"<[dcnl]\d+>")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("synth",), help="what to make")
    parser.add_argument(
        "--questions", nargs="+", required=True, metavar="PATH",
        help="labelled questions (.jsonl), or folders of author-*.jsonl",
    )  # fmt: skip
    parser.add_argument("--out", required=True, metavar="FOLDER")
    parser.add_argument(
        "--hold-out", nargs="*", default=[], metavar="AUTHOR", help="authors to leave out"
    )
    parser.add_argument(
        "--copies", type=int, default=6, metavar="N", help="records of a question (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="(%(default)s)")
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        metavar="N",
        help="processes that share the work (%(default)s)",
    )
    parser.add_argument(
        "--decontaminate", nargs="*", default=[], metavar="FILE",
        help="test questions: no question that shares a run of eight words with one is used",
    )  # fmt: skip


def execute(namespace: argparse.Namespace) -> int:
    from havoc.files import write_atomic
    from havoc.reason.planner_prompt import vocabulary_pieces
    from havoc.synthesis import Coverage

    if not 1 <= namespace.processes <= MOST_PROCESSES:
        raise InputError(
            f"is {namespace.processes}", where="--processes", remedy=f"give 1 to {MOST_PROCESSES}"
        )
    if not 1 <= namespace.copies <= MOST_COPIES:
        raise InputError(
            f"is {namespace.copies}", where="--copies", remedy=f"give 1 to {MOST_COPIES}"
        )
    questions = _questions(namespace.questions, set(namespace.hold_out))
    kept = _decontaminated(questions, namespace.decontaminate)
    coverage, records = Coverage(), []
    part = functools.partial(
        _part, kept, namespace.copies, namespace.seed, parts=namespace.processes
    )
    with ProcessPoolExecutor(namespace.processes) as pool:
        for made, counted in pool.map(part, range(namespace.processes)):
            records += made
            coverage.add(counted)
    out = Path(namespace.out)
    out.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)
    typed = [_said(item) for item in records if item["meta"]["phenomenon"] == "typed"]
    text = "".join(f"{_SLOT.sub('', said)}\n\n" for said in typed)
    write_atomic(out / "train.jsonl", lines.encode())
    write_atomic(out / "text.txt", text.encode())
    write_atomic(out / "pieces.txt", "".join(f"{p}\n" for p in vocabulary_pieces()).encode())
    write_atomic(out / "coverage.json", json.dumps(_summary(coverage), indent=1).encode() + b"\n")
    left_out = len(questions) - len(kept)
    print(
        f"{len(records):,} records of {len(kept):,} questions in {out}"
        f" ({left_out} questions left out as test questions,"
        f" {sum(coverage.discarded.values()):,} variations discarded)"
    )
    few = [name for name, frames, _ in coverage.rows() if frames < 100]
    if few:
        print(f"fewer than 100 frames: {', '.join(few)}", file=sys.stderr)
    return 0


def _part(
    questions: list[Any], copies: int, seed: int, part: int, parts: int
) -> tuple[list[dict[str, Any]], Any]:
    from havoc.synthesis import Coverage, synthesize

    coverage = Coverage()
    return list(synthesize(questions, copies, seed, coverage, part=part, parts=parts)), coverage


def _questions(paths: list[str], held_out: set[str]) -> list[Any]:
    from havoc.reason.questions import read_questions

    files: list[Path] = []
    for name in paths:
        path = Path(name)
        files += sorted(path.glob("author-*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise InputError(
            "holds no author-*.jsonl", where=", ".join(paths), remedy="name the files themselves"
        )
    test = next((file for file in files if "TEST" in file.name), None)
    if test is not None:
        raise InputError(
            "is for evaluation only", where=str(test), remedy="leave it out of --questions"
        )
    found = [item for file in files for item in read_questions(file)]
    authors = {item.author for item in found}
    unknown = sorted(held_out - authors)
    if unknown:
        raise InputError(
            f"there is no author {', '.join(unknown)}",
            where="--hold-out",
            remedy=f"the authors are {', '.join(sorted(authors))}",
        )
    return [item for item in found if item.author not in held_out]


def _decontaminated(questions: list[Any], files: list[str]) -> list[Any]:
    if not files:
        return questions
    from havoc.data.decontaminate import Decontaminator

    searched = Decontaminator(files, n=SHORTEST_RUN)
    return [item for item in questions if searched.match(item.question) is None]


def _said(record: dict[str, Any]) -> str:
    """What a vocabulary should have pieces for: the prompt, or the whole answer to it."""
    if "form" not in record["meta"]:
        return str(record["prompt"])
    return "\n".join(
        content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))
        for segment in record["completion"]
        for content in segment.values()
    )


def _summary(coverage: Any) -> dict[str, Any]:
    return {
        "operations": {
            name: {
                "frames": frames,
                "records": dict(sorted(records.items())),
                "answered whole": coverage.whole[name],
            }
            for name, frames, records in coverage.rows()
        },
        "discarded": dict(sorted(coverage.discarded.items())),
    }
