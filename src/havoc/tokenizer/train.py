"""Learn a vocabulary from text: SentencePiece BPE with byte fallback.

Sennrich, Haddow and Birch (2016), arXiv 1508.07909; Kudo and Richardson (2018), arXiv
1808.06226. The normaliser is the identity: what the data pipeline has normalised is not
changed again, and no symbol of the vocabulary can be erased on the way to it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence

from sentencepiece import SentencePieceTrainer

from havoc.errors import InputError
from havoc.tokenizer.special import NAMES, RESERVED
from havoc.tokenizer.symbols import DOMAIN_SYMBOLS
from havoc.tokenizer.tokenizer import SPACE_MARK, HavocTokenizer

BYTES = 256
SMALLEST = RESERVED + len(DOMAIN_SYMBOLS) + BYTES + 1
LONGEST_SENTENCE = 2048
COVERAGE = 0.9995


def train_tokenizer(
    texts: Iterable[str],
    vocab_size: int,
    *,
    pieces: Sequence[str] = (),
    threads: int = 2,
    most_bytes: int = 200_000_000,
) -> HavocTokenizer:
    """A tokenizer of exactly ``vocab_size`` ids, learned from at most ``most_bytes`` of text.

    ``pieces`` are in the vocabulary whole, after the domain symbols, wherever their characters
    stand in a text. The same texts in the same order give the same vocabulary. Raises InputError
    where there is no text, or too little for so many pieces.
    """
    if vocab_size < SMALLEST + len(pieces):
        raise InputError(
            f"{vocab_size} is less than the {SMALLEST + len(pieces)} ids that are reserved",
            where="vocab_size",
            remedy=f"give at least {SMALLEST + len(pieces) + 64}",
        )
    counted = _Counted(_sentences(texts), most_bytes)
    written = io.BytesIO()
    try:
        SentencePieceTrainer.Train(
            sentence_iterator=iter(counted),
            model_writer=written,
            model_type="bpe",
            vocab_size=vocab_size,
            byte_fallback=True,
            split_digits=True,
            character_coverage=COVERAGE,
            max_sentence_length=4 * LONGEST_SENTENCE,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            allow_whitespace_only_pieces=True,
            pad_id=0,
            bos_id=1,
            eos_id=2,
            unk_id=3,
            pad_piece=NAMES[0],
            bos_piece=NAMES[1],
            eos_piece=NAMES[2],
            unk_piece=NAMES[3],
            control_symbols=list(NAMES[4:]),
            user_defined_symbols=[*DOMAIN_SYMBOLS, *pieces],
            num_threads=threads,
            minloglevel=2,
        )
    except RuntimeError as error:
        if counted.failed is not None:  # the trainer tells it in its own words
            raise counted.failed from None
        raise _explained(str(error), vocab_size, counted.bytes) from None
    return HavocTokenizer(written.getvalue())


class _Counted:
    """Sentences up to a number of bytes, and what went wrong where they come from."""

    def __init__(self, sentences: Iterator[str], most_bytes: int) -> None:
        self.bytes = 0
        self.failed: Exception | None = None
        self._sentences = sentences
        self._most = most_bytes

    def __iter__(self) -> Iterator[str]:
        try:
            for sentence in self._sentences:
                self.bytes += len(sentence.encode(errors="replace"))
                yield sentence
                if self.bytes >= self._most:
                    return
        except Exception as error:
            self.failed = error
            raise


def _sentences(texts: Iterable[str]) -> Iterator[str]:
    """Lines, cut at a space where they are longer than the trainer takes."""
    for text in texts:
        for line in text.split("\n"):
            rest = line.replace("\0", "").replace(SPACE_MARK, " ")
            while len(rest) > LONGEST_SENTENCE:
                cut = rest.rfind(" ", 1, LONGEST_SENTENCE)
                cut = cut if cut > 0 else LONGEST_SENTENCE
                yield rest[:cut]
                rest = rest[cut:]
            if rest.strip():
                yield rest


def _explained(said: str, vocab_size: int, seen: int) -> InputError:
    if not seen:
        return InputError("there is no text in the data", where="data", remedy="name other files")
    most = re.search(r"value <= (\d+)", said)
    if "too high" in said and most:
        return InputError(
            f"the text is too small for {vocab_size} pieces",
            where="vocab_size",
            remedy=f"give more text, or at most {most.group(1)}",
        )
    least = re.search(r"smaller than required_chars. \d+ vs (\d+)", said)
    if least:
        return InputError(
            f"{vocab_size} pieces do not cover the characters of the text",
            where="vocab_size",
            remedy=f"give at least {least.group(1)}",
        )
    return InputError(
        f"the vocabulary cannot be learned from {seen} bytes of text ({said})",
        where="data",
        remedy="give more text, or a smaller vocabulary",
    )
