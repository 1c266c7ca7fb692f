"""Text to ids and back: the vocabulary, its reserved ids, and how it is learned."""

from havoc.tokenizer.special import SPECIAL, SpecialTokens
from havoc.tokenizer.tokenizer import HavocTokenizer
from havoc.tokenizer.train import train_tokenizer

__all__ = ["SPECIAL", "HavocTokenizer", "SpecialTokens", "train_tokenizer"]
