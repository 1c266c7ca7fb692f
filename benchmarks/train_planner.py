"""Train the planner's network from the questions in the repository, and what is left out.

    python benchmarks/train_planner.py --out runs/planner            # the one that ships
    python benchmarks/train_planner.py --out runs/planner --folds ahnb ciog djlf ekm
    python benchmarks/train_planner.py --out runs/planner --folds ahnb --name raw- --prompt raw

Steps whose result is there already are not repeated: records (havoc data synth), vocabulary,
pretraining on the project's guides and a --corpus, then fine-tuning on the records. A fold leaves
out authors, and every record that holds a word of theirs; its opinion on their questions goes to
FOLD.json, from which ``train_choice.py`` learns how far to trust it. ``--prompt`` leaves away a
part of what the network reads, to see what the part is worth (``planner_table.py``).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from havoc.bundle import Bundle
from havoc.data.streams import read_lines
from havoc.errors import InputError
from havoc.reading.question import Reading, read_question
from havoc.reading.view import question_view
from havoc.reason.planner_model import PlannerModel
from havoc.reason.planner_prompt import planner_prompt
from havoc.reason.questions import read_questions

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "questions"
REFERENCE = ROOT / "tests" / "reference" / "questions.jsonl"
HELD_OUT = "rstuvwxyz"
"""Authors whom nothing that ships has seen: r and s for good, t to z so far."""
MOST_CHARACTERS = 6_000_000
"""Of one text of the corpus."""
KEPT = 8
"""Guesses of a question that are written down."""


def raw_prompt(reading: Reading, earlier_operation: str = "") -> str:
    """The question with its digits where slots stand otherwise, and the rules that hit."""
    before = f"after {earlier_operation.replace('_', ' ')} : " if earlier_operation else ""
    _, bar, hints = planner_prompt(reading).rpartition(" | ")
    return f"{before}{' '.join(reading.text.lower().split())[:2000]}{bar}{hints if bar else ''}"


PROMPTS = {"slots": planner_prompt, "raw": raw_prompt, "no-rules": question_view}


def havoc(*arguments: object, **environment: str) -> None:
    command = [sys.executable, "-m", "havoc", *map(str, arguments)]
    print("$ havoc", *map(str, arguments), flush=True)
    subprocess.run(command, check=True, env={**os.environ, **environment})


def prepare(out: Path, questions: Path, copies: int, seed: int, corpus: list[Path]) -> None:
    """Records of all authors but the held-out ones, texts in lower case, the vocabulary."""
    if not (out / "all" / "train.jsonl").exists():
        there = [name for name in HELD_OUT if (questions / f"author-{name}.jsonl").exists()]
        havoc(
            *("data", "synth", "--questions", questions, "--out", out / "all", "--seed", seed),
            *("--copies", copies, "--processes", os.cpu_count() or 1, "--decontaminate", REFERENCE),
            *(("--hold-out", *there) if there else ()),
        )
    guides = out / "guides"
    if not guides.exists():
        guides.mkdir()
        for path in sorted((ROOT / "docs").rglob("*.md")):
            name = "-".join(path.relative_to(ROOT / "docs").with_suffix(".txt").parts)
            (guides / name).write_text(path.read_text("utf-8").lower(), "utf-8")
    for path in corpus:
        if "TEST" in path.name:
            raise InputError("is for evaluation only", where=str(path), remedy="leave it out")
        text = out / "corpus" / f"{path.name.split('.')[0]}.txt"
        if not text.exists():
            text.parent.mkdir(exist_ok=True)
            lines = (json.loads(line)["text"].lower() for _, line in read_lines(path))
            text.write_text("\n\n".join(lines)[:MOST_CHARACTERS], "utf-8")
    if not (out / "tokenizer.model").exists():
        havoc(
            *("train", "tokenizer", "--data", out / "all" / "text.txt", guides, "--quiet"),
            *("--pieces", out / "all" / "pieces.txt", "--vocab-size", 4096, "--out", out),
        )


def base(out: Path, config: Path, steps: int, seed: int) -> Path:
    """A network that has read the guides, and the corpus where there is one."""
    texts = [folder for folder in (out / "guides", out / "corpus") if folder.is_dir()]
    folder = out / f"base-{config.stem}-{steps}-{seed}"
    if not (folder / "bundle").is_dir():
        havoc(
            *("train", "pretrain", "--config", config, "--data", *texts),
            *("--tokenizer", out / "tokenizer.model", "--out", folder, "--max-steps", steps),
            *("--batch-size", 16, "--sequence-length", 256, "--learning-rate", 1.5e-3),
            *("--seed", seed, "--quiet"),
        )
    return folder


def write_records(out: Path, name: str, held_out: str, prompt: str, typed: bool) -> Path:
    """The records in which no word of the authors ``held_out`` stands, in the form ``prompt``."""
    kept = []
    for line in (out / "all" / "train.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        meta = record["meta"]
        if set(meta["authors"]) & set(held_out) or (typed and meta["phenomenon"] != "typed"):
            continue
        if prompt != "slots":
            record["prompt"] = PROMPTS[prompt](read_question(meta["question"]), meta["before"])
        kept.append(json.dumps(record, ensure_ascii=False) + "\n")
    records = out / f"{name}.jsonl"
    records.write_text("".join(kept), "utf-8")
    return records


def tune(out: Path, base: Path, name: str, records: Path, steps: int, settings: list[str]) -> Path:
    folder = out / name
    if (folder / "bundle").is_dir():
        return folder
    havoc(
        *("train", "sft", "--from", base, "--data", records, "--out", folder),
        *("--max-steps", steps, "--batch-size", 16, "--sequence-length", 256, "--quiet"),
        *settings,
    )
    return folder


def opinions(
    run: Path, questions: Path, authors: str, prompt: str
) -> dict[str, list[tuple[str, float]]]:
    """What the network of ``run`` takes the questions of ``authors`` for."""
    model = PlannerModel(Bundle.open(run / "bundle"), prompt=PROMPTS[prompt])
    found, right, total = {}, 0, 0
    for author in authors:
        for question in read_questions(questions / f"author-{author}.jsonl"):
            before = str((question.context or {}).get("op") or "")
            guesses = model.guesses(read_question(question.question), before)
            found[question.id] = [(item.name, item.probability) for item in guesses[:KEPT]]
            if not isinstance(question.op, list):
                total += 1
                right += guesses[0].name == question.label
    print(
        f"{authors} left out: {right} of {total} operations right: {right / total:.3f}", flush=True
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--folds", nargs="*", default=[], help="authors left out together")
    parser.add_argument("--config", type=Path, default=ROOT / "benchmarks" / "planner.yaml")
    parser.add_argument(
        "--corpus", nargs="*", type=Path, default=[], help="texts to pretrain on (.jsonl.gz)"
    )
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--pretrain-steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="", help="put before the folders' names")
    parser.add_argument("--prompt", choices=PROMPTS, default="slots", help="what is read")
    parser.add_argument("--typed", action="store_true", help="no variations: as they were typed")
    parser.add_argument(
        "--settings", nargs=argparse.REMAINDER, default=[], help="further settings of sft"
    )
    arguments = parser.parse_args()
    out, seed = arguments.out, arguments.seed
    settings = arguments.settings or [
        *("--learning-rate", "1.5e-3", "--weight-decay", "0.05"),
    ]
    out.mkdir(parents=True, exist_ok=True)
    prepare(out, arguments.questions, arguments.copies, seed, arguments.corpus)
    begun = base(out, arguments.config, arguments.pretrain_steps, seed)
    for fold in arguments.folds or [""]:
        name = f"{arguments.name}{fold or 'shipped'}"
        records = write_records(out, name, fold, arguments.prompt, arguments.typed)
        run = tune(out, begun, name, records, arguments.steps, [*settings, "--seed", str(seed)])
        if fold:
            found = opinions(run, arguments.questions, fold, arguments.prompt)
            (out / f"{name}.json").write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
