"""Text to ids and back, exactly.

SentencePiece does the work. What is added here: text never becomes a control id, every
Unicode text comes back as it was (also one that holds SentencePiece's own space mark), and
a file that is not one of our tokenizers is refused.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from sentencepiece import SentencePieceProcessor

from havoc.errors import InputError
from havoc.tokenizer.special import BOS, EOS, NAMES, PAD, RESERVED, SPECIAL, SpecialTokens
from havoc.tokenizer.symbols import DOMAIN_SYMBOLS

FILE_NAME = "tokenizer.model"
SPACE_MARK = "▁"
_SLOT = re.compile(r"(<(?:[dc](?:1[0-5]|[0-9])|n(?:2[0-3]|1[0-9]|[0-9])|l[0-7])>)")


class HavocTokenizer:
    """A SentencePiece BPE vocabulary with the reserved ids of ``special.py``."""

    pad = PAD
    bos = BOS
    eos = EOS
    special: SpecialTokens = SPECIAL

    def __init__(self, model: bytes, *, where: str = FILE_NAME) -> None:
        """``model`` is the content of a ``tokenizer.model`` file; ``where`` names it in errors.

        Raises InputError if it is no SentencePiece model, or not one of ours.
        """
        self._processor = SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model)
            # all of them: a damaged file may hold pieces that are no UTF-8
            pieces = [self._processor.IdToPiece(i) for i in range(self._processor.GetPieceSize())]
        except (RuntimeError, IndexError, TypeError, UnicodeDecodeError):
            raise InputError(
                "is damaged or no SentencePiece model",
                where=where,
                remedy="make it with havoc train tokenizer",
            ) from None
        if tuple(pieces[: RESERVED + len(DOMAIN_SYMBOLS)]) != (*NAMES, *DOMAIN_SYMBOLS):
            raise InputError(
                "does not hold the reserved ids of havoc",
                where=where,
                remedy="make it with havoc train tokenizer",
            )
        self.model = model
        self.vocab_size: int = self._processor.GetPieceSize()
        self.digest = hashlib.sha256(model).hexdigest()
        self._bytes: dict[int, bytes] = {}
        self._space_mark = [
            self._processor.PieceToId(f"<0x{byte:02X}>") for byte in SPACE_MARK.encode()
        ]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> HavocTokenizer:
        """Read ``tokenizer.model``, or the folder that holds it."""
        file = Path(path)
        if file.is_dir():
            file = file / FILE_NAME
        try:
            model = file.read_bytes()
        except OSError as error:
            raise InputError(
                f"cannot be read ({error.strerror})",
                where=str(file),
                remedy="make one with havoc train tokenizer",
            ) from None
        return cls(model, where=str(file))

    def encode(self, text: str, *, slots: bool = False) -> list[int]:
        """The ids of ``text``, without ``<bos>`` or ``<eos>``; none of them a control id.

        With ``slots`` the slot tokens ``<d0> … <l7>`` in the text become slot ids: only for
        text in which code has put them. Raises InputError for text that UTF-8 cannot carry.
        """
        if not slots:
            return self._encode_plain(text)
        ids: list[int] = []
        for number, part in enumerate(_SLOT.split(text)):
            ids += [SPECIAL[part]] if number % 2 else self._encode_plain(part)
        return ids

    def encode_many(self, texts: Sequence[str], *, threads: int = 1) -> list[list[int]]:
        """``encode`` of each text."""
        if any(SPACE_MARK in text for text in texts):
            return [self._encode_plain(text) for text in texts]
        for text in texts:
            _utf8(text)
        ids: list[list[int]] = self._processor.Encode(list(texts), num_threads=threads)
        return ids

    def decode(self, ids: Iterable[int], *, control: bool = False) -> str:
        """The text of ``ids``. Control ids are left out, or with ``control`` shown by name.

        Bytes that are no UTF-8 appear as U+FFFD. Raises InputError for an id that the
        vocabulary does not have.
        """
        numbers = [int(number) for number in ids]
        wrong = next((n for n in numbers if not 0 <= n < self.vocab_size), None)
        if wrong is not None:
            raise InputError(
                f"id {wrong} is outside the vocabulary of {self.vocab_size}",
                remedy="use the tokenizer that the ids were made with",
            )
        parts: list[str] = []
        run: list[int] = []
        for number in numbers:
            if number >= RESERVED:
                run.append(number)
                continue
            if run:
                parts.append(self._processor.Decode(run))
                run = []
            if control:
                parts.append(NAMES[number])
        if run:
            parts.append(self._processor.Decode(run))
        return "".join(parts)

    def piece(self, number: int) -> str:
        """The piece with this id, as SentencePiece writes it (spaces as ``▁``)."""
        piece: str = self._processor.IdToPiece(number)
        return piece

    def piece_bytes(self, number: int) -> bytes:
        """The bytes that the id stands for within a text; for a control id those of its name."""
        known = self._bytes.get(number)  # asked for every token that is written
        if known is None:
            known = self._bytes[number] = self._piece_bytes(number)
        return known

    def _piece_bytes(self, number: int) -> bytes:
        if number < RESERVED:
            return NAMES[number].encode()
        if self.is_byte(number):
            return bytes([int(self.piece(number)[3:5], 16)])
        return self.piece(number).replace(SPACE_MARK, " ").encode()

    def control_name(self, number: int) -> str | None:
        """The name of a control id, None for any other."""
        return NAMES[number] if number < RESERVED else None

    def score(self, number: int) -> float:
        """The score of a piece: the order of the merges, negated."""
        score: float = self._processor.GetScore(number)
        return score

    def is_byte(self, number: int) -> bool:
        """Whether the piece stands for one byte that no other piece covers."""
        byte: bool = self._processor.IsByte(number)
        return byte

    def _encode_plain(self, text: str) -> list[int]:
        _utf8(text)
        if SPACE_MARK not in text:
            ids: list[int] = self._processor.Encode(text)
            return ids
        # SentencePiece reads its own mark as a space; as bytes it stays what it was.
        first, *rest = text.split(SPACE_MARK)
        ids = self._processor.Encode(first)
        for part in rest:
            ids = [*ids, *self._space_mark, *self._processor.Encode(part)]
        return ids


def _utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            "half of a surrogate pair, which UTF-8 cannot carry",
            where=f"character {error.start + 1}",
            remedy="decode the text with errors='replace'",
        ) from None
