"""How often a tuned network completes held-out records exactly: greedy, with a 95 % interval.

python benchmarks/sft_accuracy.py runs/b held-out.jsonl
"""

from __future__ import annotations

import argparse
from pathlib import Path

from statsmodels.stats.proportion import proportion_confint

from havoc.data.record_syntax import read_records
from havoc.data.rendering import render
from havoc.model.generate import continue_tokens
from havoc.model.loading import load_model
from havoc.train.phases import find_bundle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("records")
    arguments = parser.parse_args()
    bundle = find_bundle(arguments.bundle)
    model = load_model(bundle)
    tokenizer = bundle.tokenizer
    right = total = 0
    for record in read_records([arguments.records]):
        rendered = render(record, tokenizer)
        ids = list(rendered.ids)
        start = list(rendered.loss).index(True)
        wanted = ids[start:]
        total += 1
        if len(ids) > model.config.max_seq_len:
            continue
        made = continue_tokens(model, ids[:start], len(wanted) + 8, stop=tokenizer.eos)
        right += [*made, tokenizer.eos] == wanted
    low, high = proportion_confint(right, total, method="wilson")
    print(f"{right} of {total} exactly right: {right / total:.1%} ({low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main()
