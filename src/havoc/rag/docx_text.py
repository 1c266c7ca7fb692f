"""The text of a Word document (DOCX), read from its one part that holds text.

Nothing is unpacked to the disk, no other part and no link is opened; document type
declarations (entity bombs) and parts that swell are refused.
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree

from havoc.errors import InputError
from havoc.rag.documents import Block, Kind

MAX_PART = 100_000_000
MAX_RATIO = 200
MAX_ENTRIES = 10_000
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"(?:heading|title|überschrift|titre|titel)\s*(\d?)", re.I)


def read_docx(data: bytes, where: str) -> list[Block]:
    """Blocks of a DOCX file. Raises InputError where it is none, is damaged or swells."""
    part = _document_part(data, where)
    if b"<!DOCTYPE" in part[:2000] or b"<!ENTITY" in part:
        raise InputError("declares a document type", where=where, remedy="save it again in Word")
    try:
        root = ElementTree.fromstring(part)
    except ElementTree.ParseError:
        raise InputError("is a damaged DOCX file", where=where, remedy="save it again") from None
    body = root.find(f"{_W}body")
    blocks: list[Block] = []
    for paragraph in body.iter(f"{_W}p") if body is not None else ():
        text = _paragraph_text(paragraph)
        if text:
            kind, level = _kind_of(paragraph)
            blocks.append(Block(text, kind, level))
    return blocks


def _document_part(data: bytes, where: str) -> bytes:
    damaged = InputError("is no DOCX file", where=where, remedy="save it again as DOCX")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > MAX_ENTRIES:
                raise InputError(f"holds more than {MAX_ENTRIES} parts", where=where)
            entry = archive.getinfo("word/document.xml")
            if entry.flag_bits & 0x1:
                raise InputError("is encrypted", where=where, remedy="save it without a password")
            with archive.open(entry) as stream:
                # The size that the archive states is not trusted: reading stops at the limit.
                limit = min(MAX_PART, MAX_RATIO * max(entry.compress_size, 1) + 1_000_000)
                part = stream.read(limit + 1)
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError, OSError, NotImplementedError):
        raise damaged from None
    except Exception as error:
        if isinstance(error, InputError):
            raise
        raise damaged from None  # zlib.error, lzma.LZMAError and their like
    if len(part) > limit:
        raise InputError(
            "unpacks to far more than its size (an archive bomb)",
            where=where,
            remedy="save the document again",
        )
    return part


def _paragraph_text(paragraph: ElementTree.Element) -> str:
    pieces: list[str] = []
    for run in paragraph.iter(f"{_W}r"):
        properties = run.find(f"{_W}rPr")
        if properties is not None and properties.find(f"{_W}vanish") is not None:
            continue
        for node in run:
            if node.tag == f"{_W}t":
                pieces.append(node.text or "")
            elif node.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
                pieces.append(" ")
    return " ".join("".join(pieces).split())


def _kind_of(paragraph: ElementTree.Element) -> tuple[Kind, int]:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    name = (style.get(f"{_W}val") or "") if style is not None else ""
    if match := _HEADING.match(name):
        return "heading", int(match[1] or 1)
    if paragraph.find(f"{_W}pPr/{_W}numPr") is not None or name.lower().startswith("list"):
        return "item", 0
    return "text", 0
