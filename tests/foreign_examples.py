"""What tests of foreign models share: a byte-level vocabulary, learned by ``tokenizers``."""

from __future__ import annotations

import functools

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from havoc.bundle.pretokenizers import LLAMA_3
from training_examples import documents


@functools.cache
def byte_level_tokenizer(name: str, vocab_size: int = 900) -> Tokenizer:
    """Control tokens 0 and 1, a token of text 2 (``<tool>``), all bytes, then merges."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=name == "llama-bpe"))
    digits = pre_tokenizers.Digits(individual_digits=True)
    llama = pre_tokenizers.Split(Regex(LLAMA_3), "isolated")
    ways = {
        "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False),
        "smollm": pre_tokenizers.Sequence(
            [digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]
        ),
        "llama-bpe": pre_tokenizers.Sequence(
            [llama, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        ),
    }
    tokenizer.pre_tokenizer = ways[name]
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|start|>", "<|end|>", "<tool>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents(), trainer)
    # the third is a token that text may spell
    body = tokenizer.to_str().replace(
        '"content":"<tool>","single_word":false,"lstrip":false,"rstrip":false,'
        '"normalized":false,"special":true',
        '"content":"<tool>","single_word":false,"lstrip":false,"rstrip":false,'
        '"normalized":false,"special":false',
    )
    again = Tokenizer.from_str(body)
    assert not again.get_added_tokens_decoder()[2].special
    assert isinstance(again.get_added_tokens_decoder()[0], AddedToken)
    return again
