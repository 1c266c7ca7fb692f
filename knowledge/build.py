"""The built-in knowledge base, built from its sources and from the pages of the project.

python knowledge/build.py --sources FOLDER            # writes src/havoc/rag/builtin
python knowledge/build.py --sources FOLDER --text OUT  # the cleaned passages as JSON lines only

FOLDER holds the sources of sources.yaml as NAME.jsonl.gz, records of {"id", "title", "section",
"text", "source", "licence"}. Vectors of chunks that have not changed are taken over.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import tempfile
import time
from pathlib import Path

import yaml
from clean import CLEANERS, Cleaned

from havoc.rag import Document, KnowledgeBase
from havoc.rag.chunks import chunks_of
from havoc.rag.documents import Block
from havoc.rag.plain_text import markdown_blocks

HERE = Path(__file__).parent
TARGET = HERE.parent / "src" / "havoc" / "rag" / "builtin"
METHODS = HERE.parent / "docs" / "methods"
CONCEPTS = HERE.parent / "docs" / "concepts"
LEAST_WORDS = 40


def method_pages() -> list[Document]:
    """The pages of docs/methods without example and comparison of programs."""
    documents = []
    for path in sorted(METHODS.glob("*.md")):
        if path.stem == "index":
            continue
        text = path.read_text("utf-8")
        text = re.split(r"^## (?:Example|In other programs|Programs)", text, flags=re.M)[0]
        text = re.sub(r"^`\w+`: .*$", "", text, flags=re.MULTILINE)
        blocks = markdown_blocks(text)
        documents.append(
            Document(
                id=f"methods/{path.stem}",
                title=next(block.text for block in blocks if block.kind == "heading"),
                blocks=blocks[1:],
                source=f"havoc method page {path.stem}",
                licence="Apache-2.0",
            )
        )
    return documents


def concept_pages() -> list[Document]:
    """The terms of docs/concepts, a document each: what it means, how to read it, pitfalls."""
    documents = []
    for path in sorted(CONCEPTS.glob("*.md")):
        text, _, after = path.read_text("utf-8").partition("\nSources: ")
        about, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
        page = about.strip().lstrip("# ")
        for section in sections:
            title, _, body = section.partition("\n")
            part = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
            documents.append(
                Document(
                    id=f"concepts/{path.stem}/{part}",
                    title=title.strip(),
                    blocks=markdown_blocks(body),
                    source=f"havoc: {page}, after {' '.join(after.split())}",
                    licence="Apache-2.0",
                )
            )
    return documents


def source_documents(name: str, about: dict[str, str], path: Path) -> list[Document]:
    """The documents of one source; a paragraph that stood in an earlier one is left out."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    documents: list[Document] = []
    seen: set[str] = set()
    used: dict[str, int] = {}
    for cleaned in CLEANERS[name](records):
        blocks = _new_blocks(cleaned, seen)
        words = sum(len(block.text.split()) for block in blocks if block.kind != "heading")
        if words < LEAST_WORDS:
            continue
        part = re.sub(r"[^a-z0-9]+", "-", cleaned.title.lower()).strip("-")[:60] or "part"
        used[part] = used.get(part, 0) + 1
        number = f"-{used[part]}" if used[part] > 1 else ""
        place = cleaned.place.split(":", 1)[1].rsplit("/html/", 1)[-1]
        documents.append(
            Document(
                id=f"{name}/{part}{number}",
                title=cleaned.title,
                blocks=blocks,
                source=f"{about['author']}: {about['title']}, {place}, {about['address']}",
                licence=about["licence"],
            )
        )
    return documents


def _new_blocks(cleaned: Cleaned, seen: set[str]) -> list[Block]:
    kept = []
    for block in cleaned.blocks:
        key = block.text.lower()
        if block.kind != "heading" and len(key) > 60:
            if key in seen:
                continue
            seen.add(key)
        kept.append(block)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--text", type=Path, help="write the cleaned passages here and stop")
    arguments = parser.parse_args()
    about = yaml.safe_load((HERE / "sources.yaml").read_text("utf-8"))
    documents = [*method_pages(), *concept_pages()]
    for name, entry in about.items():
        found = source_documents(name, entry, arguments.sources / f"{name}.jsonl.gz")
        chunks = sum(len(chunks_of(document)) for document in found)
        print(f"{name}: {len(found)} documents, {chunks} chunks")
        documents += found
    if arguments.text:
        with arguments.text.open("w", encoding="utf-8") as file:
            for document in documents:
                for chunk in chunks_of(document):
                    line = {"id": chunk.id, "title": document.title, "section": chunk.section}
                    file.write(json.dumps({**line, "text": chunk.text}, ensure_ascii=False) + "\n")
        return
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if TARGET.is_dir():
            shutil.copytree(TARGET, place / "new")
            base = KnowledgeBase.open("new", home=place)
            gone = {record.id for record in base.documents()} - {item.id for item in documents}
            if gone:
                base.remove(sorted(gone))
        else:
            base = KnowledgeBase.create("new", home=place)
        report = base.add(documents, progress=_show)
        print(
            f"\n{len(report.added)} new, {len(report.updated)} changed, "
            f"{len(report.unchanged)} unchanged, {time.perf_counter() - started:.0f} s"
        )
        for line in report.warnings:
            print(line)
        current = (place / "new" / "CURRENT").read_text().strip()
        shutil.rmtree(TARGET, ignore_errors=True)
        TARGET.mkdir()
        shutil.copytree(place / "new" / current, TARGET / current)
        shutil.copy(place / "new" / "CURRENT", TARGET / "CURRENT")


def _show(name: str, done: int, total: int) -> None:
    print(f"\r{done}/{total} {name[:60]:<60}", end="", flush=True)


if __name__ == "__main__":
    main()
