"""The text of a PDF, read in a process of its own with limits of time, memory and pages.

python -m havoc.rag.pdf_text FILE     # the process: JSON on standard output
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from havoc.errors import InputError
from havoc.rag.documents import MAX_TEXT, Block
from havoc.text import printable

MAX_PAGES = 3_000
SECONDS = 120
MEMORY = 2 * 1024**3


class _Said(msgspec.Struct):
    pages: list[str] = []
    error: str = ""


def read_pdf(path: Path) -> tuple[list[Block], list[str]]:
    """(blocks, warnings) of a PDF. Raises InputError: no reader, damaged, too large, too slow."""
    where = printable(path.name, 120)
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "havoc.rag.pdf_text", os.fspath(path.absolute())],
            capture_output=True,
            timeout=SECONDS,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise InputError(
            f"took more than {SECONDS} s to read", where=where, remedy="split it, or save it again"
        ) from None
    try:
        said = msgspec.json.decode(done.stdout, type=_Said)
    except msgspec.DecodeError:
        said = _Said(error="needs more memory or time than a document may take")
    if said.error:
        remedy = "pip install 'havoc[kb]'" if "pypdf" in said.error else "save it again, or as text"
        raise InputError(said.error, where=where, remedy=remedy)
    blocks = [
        Block(" ".join(paragraph.split()), page=number)
        for number, text in enumerate(said.pages, start=1)
        for paragraph in _paragraphs(text)
    ]
    empty = sum(not text.strip() for text in said.pages)
    return blocks, [f"{empty} of {len(said.pages)} pages hold no text"] if empty else []


def _paragraphs(text: str) -> list[str]:
    """Lines joined until one ends like a sentence well before the right margin."""
    lines = [line.strip() for line in text.splitlines()]
    width = max((len(line) for line in lines), default=0)
    found, pending = [], ""
    for line in lines:
        pending = f"{pending[:-1]}{line}" if pending.endswith("-") else f"{pending} {line}".strip()
        if not line or (line.endswith((".", "?", "!", ":")) and len(line) < 0.8 * width):
            found.append(pending)
            pending = ""
    return [paragraph for paragraph in [*found, pending] if paragraph]


# --- in the process of its own ---------------------------------------------------------


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent holds there
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _extract(path: str) -> _Said:
    try:
        import pypdf
    except ImportError:
        return _Said(error="PDF files need the package pypdf")
    import logging

    logging.disable(logging.CRITICAL)
    reader = pypdf.PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        return _Said(error="is encrypted")
    stated = reader.root_object["/Pages"].get_object().get("/Count", 0)  # type: ignore[union-attr]
    if not isinstance(stated, int) or stated > MAX_PAGES:
        return _Said(error=f"states {printable(stated, 20)} pages, at most {MAX_PAGES} are read")
    pages: list[str] = []
    length = 0
    for page in reader.pages:
        if len(pages) == MAX_PAGES:
            return _Said(error=f"has more than {MAX_PAGES} pages")
        pages.append(page.extract_text() or "")
        length += len(pages[-1])
        if length > MAX_TEXT:
            return _Said(error=f"holds more than {MAX_TEXT} characters")
    return _Said(pages=pages)


def main() -> None:
    # What the parser prints must not be taken for the answer.
    channel = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit()
    try:
        said = _extract(sys.argv[1])
    except MemoryError:
        said = _Said(error="needs more memory than a document may take")
    except RecursionError:
        said = _Said(error="is nested too deeply")
    except Exception as error:
        said = _Said(error=f"is a damaged PDF file ({type(error).__name__})")
    with os.fdopen(channel, "wb") as stream:
        # Surrogates that a broken font table leaves cannot be written.
        clean = [page.encode("utf-8", "replace").decode("utf-8") for page in said.pages]
        stream.write(msgspec.json.encode(_Said(pages=clean, error=said.error)))


if __name__ == "__main__":
    main()
