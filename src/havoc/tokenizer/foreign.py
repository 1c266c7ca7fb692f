"""The vocabulary of another model: a ``tokenizer.json``, read by the ``tokenizers`` library.

It has the methods of ``HavocTokenizer`` and keeps its promise: text never becomes a control
id. What differs is what the other model differs in: the control ids have other names, and
``<bos>``, ``<eos>`` or ``<pad>`` may not exist.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from havoc.errors import InputError

FILE_NAME = "tokenizer.json"
SPACE_MARK = "▁"
SETTINGS_NAME = "tokenizer_config.json"
NAMED = ("bos_token", "eos_token", "pad_token")
MOST_IDS = 1 << 22


class ForeignSpecial(Mapping[str, int]):
    """Control ids by name. Raises InputError for a name that this vocabulary does not have."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = dict(ids)

    def __getitem__(self, name: str) -> int:
        try:
            return self._ids[name]
        except KeyError:
            raise InputError(
                f"the vocabulary of this model has no control token {name!r}",
                where="tokenizer",
                remedy="use a model with the vocabulary of havoc",
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


class ForeignTokenizer:
    """A vocabulary read by ``tokenizers``.

    ``bos``, ``eos`` and ``pad`` are None where there is none. ``add_bos`` says whether the
    model was trained on texts that begin with ``bos``; ``encode`` never puts it there.
    ``chat_template`` is the Jinja text that came with the model, or nothing.
    """

    def __init__(self, document: bytes, settings: bytes = b"{}", *, where: str = FILE_NAME) -> None:
        """``document`` is the content of ``tokenizer.json``, ``settings`` of
        ``tokenizer_config.json``; ``where`` names the first in errors.

        Raises InputError if they are damaged, or if the same text could give different ids.
        """
        self.document = document
        self.settings = settings
        self._where = where
        body, named = _object(document, where), _object(settings, SETTINGS_NAME)
        self._tokenizer = _opened(document, body, where)
        added = self._tokenizer.get_added_tokens_decoder()
        control = {token.content: number for number, token in added.items() if token.special}
        ids = self._tokenizer.get_vocab(with_added_tokens=True).values()
        # ids need not be without gaps; the network has a row for each up to the last
        self.vocab_size: int = max(ids, default=-1) + 1
        if not 1 <= self.vocab_size <= MOST_IDS:
            raise _refused(where, f"has {self.vocab_size} ids")
        self.digest = hashlib.sha256(document + settings).hexdigest()
        self.bos, self.eos, self.pad = (
            self._token(text, control) for text in (token_text(named, name) for name in NAMED)
        )
        # what stands for a character that the vocabulary lacks is no control token
        control.pop(_unknown(body["model"]) or "", None)
        self.special: Mapping[str, int] = ForeignSpecial(control)
        self._names = {number: name for name, number in control.items()}
        self._byte_level = _has_byte_level(body)
        template = named.get("chat_template")
        self.chat_template: str = template if isinstance(template, str) else ""
        with _library(where):
            began = self._tokenizer.encode("a", add_special_tokens=True).ids[:1]
        self.add_bos: bool = self.bos is not None and began == [self.bos]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ForeignTokenizer:
        """Read ``tokenizer.json`` and the settings beside it, or the folder that holds them."""
        file = Path(path)
        if file.is_dir():
            file = file / FILE_NAME
        settings = file.with_name(SETTINGS_NAME)
        try:
            document = file.read_bytes()
            more = settings.read_bytes() if settings.exists() else b"{}"
        except OSError as error:
            raise InputError(
                f"cannot be read ({error.strerror})",
                where=str(file),
                remedy="restore it from a copy",
            ) from None
        return cls(document, more, where=str(file))

    def encode(self, text: str, *, slots: bool = False) -> list[int]:
        """The ids of ``text``; none of them a control id, whatever the text spells.

        Raises InputError for text that UTF-8 cannot carry, and for ``slots``, which this
        vocabulary does not have.
        """
        if slots:
            raise InputError(
                "the vocabulary of this model has no slot tokens",
                where="slots",
                remedy="use a model with the vocabulary of havoc",
            )
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                "half of a surrogate pair, which UTF-8 cannot carry",
                where=f"character {error.start + 1}",
                remedy="decode the text with errors='replace'",
            ) from None
        with _library(self._where):
            ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        wrong = next((number for number in ids if number in self._names), None)
        if wrong is not None:
            raise InputError(
                f"the text spells {self._names[wrong]!r}, which this vocabulary cannot tell from "
                "the control token",
                where="text",
                remedy="write it otherwise",
            )
        return ids

    def encode_many(self, texts: Sequence[str], *, threads: int = 1) -> list[list[int]]:
        """``encode`` of each text, one after the other: at most ``threads`` are used."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Iterable[int], *, control: bool = False) -> str:
        """The text of ``ids``. Control ids are left out, or with ``control`` shown by name.

        Bytes that are no UTF-8 appear as U+FFFD. Raises InputError for an id that the
        vocabulary does not have.
        """
        parts: list[str] = []
        run: list[int] = []
        for number in map(int, ids):
            if not 0 <= number < self.vocab_size:
                raise InputError(
                    f"id {number} is outside the vocabulary of {self.vocab_size}",
                    remedy="use the tokenizer that the ids were made with",
                )
            if number not in self._names:
                run.append(number)
                continue
            parts.append(self._decoded(run))
            run = []
            if control:
                parts.append(self._names[number])
        parts.append(self._decoded(run))
        return "".join(parts)

    def piece(self, number: int) -> str:
        """The piece with this id as the vocabulary writes it, or nothing where a gap is."""
        piece: str | None = self._tokenizer.id_to_token(number)
        return piece or ""

    def piece_bytes(self, number: int) -> bytes:
        """The bytes that the id stands for within a text."""
        piece = self.piece(number)
        if self._byte_level:
            try:
                return bytes(_BYTES_OF[character] for character in piece)
            except KeyError:  # an added token is written as it is
                return piece.encode()
        if len(piece) == 6 and piece.startswith("<0x"):
            return bytes([int(piece[3:5], 16)])
        return piece.replace(SPACE_MARK, " ").encode()

    def control_name(self, number: int) -> str | None:
        """The name of a control id, None for any other."""
        return self._names.get(number)

    def _token(self, text: str | None, control: dict[str, int]) -> int | None:
        """The id of a named token, which is a control token whether it is marked so or not."""
        number: int | None = self._tokenizer.token_to_id(text) if text else None
        if text and number is not None:
            control[text] = number
        return number

    def _decoded(self, run: list[int]) -> str:
        if not run:
            return ""
        with _library(self._where):
            text: str = self._tokenizer.decode(run, skip_special_tokens=False)
        return text


def _byte_alphabet() -> dict[str, int]:
    """The characters that byte-level vocabularies write bytes with (Radford et al. 2019)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {
        chr(256 + place): byte for place, byte in enumerate(others)
    }


_BYTES_OF = _byte_alphabet()


def _has_byte_level(body: Mapping[str, Any]) -> bool:
    """Whether pieces are written byte by byte, as the decoder of ``tokenizer.json`` says."""
    decoder = body.get("decoder")
    steps = decoder.get("decoders", [decoder]) if isinstance(decoder, dict) else []
    return any(isinstance(step, dict) and step.get("type") == "ByteLevel" for step in steps)


def token_text(settings: Mapping[str, Any], name: str) -> str | None:
    """The spelling of ``bos_token`` and its like: a text, or an object that holds it."""
    value = settings.get(name)
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) and value else None


def _unknown(model: Mapping[str, Any]) -> str | None:
    """What the model of ``tokenizer.json`` puts for a character that it lacks."""
    number, vocab = model.get("unk_id"), model.get("vocab")
    if isinstance(number, int) and isinstance(vocab, list) and 0 <= number < len(vocab):
        return str(vocab[number][0])
    text = model.get("unk_token")
    return text if isinstance(text, str) else None


def _object(content: bytes, where: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _refused(where, "is no JSON object") from None


@contextmanager
def _library(where: str) -> Iterator[None]:
    """What ``tokenizers`` says of a vocabulary that it cannot use becomes an InputError."""
    try:
        yield
    except BaseException as error:  # it raises nothing precise, and a panic is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise _refused(where, f"is not what tokenizers reads ({error})") from None


def _opened(document: bytes, body: Mapping[str, Any], where: str) -> Any:
    from tokenizers import Tokenizer

    model = body.get("model")
    if not isinstance(model, dict):
        raise _refused(where, "has no model")
    if model.get("dropout"):
        raise _refused(where, f"drops merges at random (dropout {model['dropout']})")
    with _library(where):
        tokenizer = Tokenizer.from_str(document.decode())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    # text that spells a control token stays text
    tokenizer.encode_special_tokens = True
    return tokenizer


def _refused(where: str, what: str) -> InputError:
    return InputError(what, where=where, remedy="get the tokenizer again from its source")
