"""Import of what others have trained, whatever it lies in."""

from __future__ import annotations

import os
from pathlib import Path

from havoc.bundle.gguf_file import MAGIC
from havoc.bundle.import_gguf import import_gguf
from havoc.bundle.import_huggingface import CONFIG, import_huggingface
from havoc.errors import InputError


def import_checkpoint(path: str | os.PathLike[str], out: str | os.PathLike[str]) -> Path:
    """Write the bundle of a GGUF file, or of a folder in the layout of Hugging Face.

    Raises InputError for anything else, and as the two imports do.
    """
    source = Path(path)
    if source.is_dir():
        if (source / CONFIG).exists():
            return import_huggingface(source, out)
        files = sorted(entry.name for entry in source.glob("*.gguf"))
        raise InputError(
            f"holds no {CONFIG}",
            where=str(source),
            remedy=f"name the file: {source / files[0]}" if files else "name a model's folder",
        )
    try:
        with source.open("rb") as stream:
            begins = stream.read(len(MAGIC))
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(source), remedy="check the path"
        ) from None
    if begins == MAGIC:
        return import_gguf(source, out)
    if source.suffix == ".safetensors":
        raise InputError(
            "says nothing of the shape of its network",
            where=str(source),
            remedy="name the folder in which it lies beside config.json",
        )
    raise InputError(
        "is neither a GGUF file nor a folder in the layout of Hugging Face",
        where=str(source),
        remedy="save the model with model.save_pretrained(folder) in transformers",
    )
