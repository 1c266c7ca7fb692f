"""Knowledge bases: what answers may cite.

havoc kb list                                   the bases there are
havoc kb list plant                             the documents of one
havoc kb add sop-12.pdf manuals/ --kb plant --licence internal
havoc kb search "When is Ppk lower than Cpk?"   in the built-in base; --kb NAME for others
havoc kb remove sop-12.pdf --kb plant           a document; --all removes the base
havoc kb export plant.jsonl --kb plant          all passages as JSON lines

The built-in base is there without any of this. havoc ask "…" --kb plant uses both.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from havoc.errors import InputError
from havoc.text import printable

DEFAULT = "own"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = commands.add_parser("list", help="the bases, or the documents of one")
    listing.add_argument("name", nargs="?", help="a base")
    listing.add_argument("--json", action="store_true", help="print JSON")

    adding = commands.add_parser("add", help="add or update documents")
    adding.add_argument("paths", nargs="+", help="TXT, MD, HTML, PDF or DOCX files, or folders")
    adding.add_argument("--kb", default=DEFAULT, metavar="NAME", help=f"default: {DEFAULT}")
    adding.add_argument("--licence", default="", help="licence of these documents")
    adding.add_argument("--source", default="", help="where they come from, as cited")
    adding.add_argument("--title", default="", help="title, for a single document")
    adding.add_argument(
        "--words-only", action="store_true", help="make a new base without embeddings"
    )
    _endpoint(adding)

    removing = commands.add_parser("remove", help="remove documents, or a base")
    removing.add_argument("ids", nargs="*", help="documents, named as kb list shows them")
    removing.add_argument("--kb", default=DEFAULT, metavar="NAME", help=f"default: {DEFAULT}")
    removing.add_argument("--all", action="store_true", help="remove the base itself")

    searching = commands.add_parser("search", help="find passages")
    searching.add_argument("query")
    searching.add_argument(
        "--kb", action="append", default=[], metavar="NAME", help="default: builtin; repeatable"
    )
    searching.add_argument("-k", type=int, default=5, help="passages (default: 5)")
    searching.add_argument("--ranking", choices=("hybrid", "bm25", "embeddings"))
    searching.add_argument("--json", action="store_true", help="print JSON")
    _endpoint(searching)

    exporting = commands.add_parser("export", help="write all passages as JSON lines")
    exporting.add_argument("file")
    exporting.add_argument("--kb", default=DEFAULT, metavar="NAME", help=f"default: {DEFAULT}")


def _endpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--endpoint", metavar="URL", help="embeddings endpoint (texts leave this machine)"
    )
    parser.add_argument("--model", metavar="NAME", help="model of the endpoint")


def execute(namespace: argparse.Namespace) -> int:
    actions = {
        "list": _list, "add": _add, "remove": _remove, "search": _search, "export": _export,
    }  # fmt: skip
    if namespace.action is None:
        raise InputError("no action was given", where="kb", remedy=f"one of {', '.join(actions)}")
    code: int = actions[namespace.action](namespace)
    return code


def _embedder(namespace: argparse.Namespace) -> Any:
    if not namespace.endpoint and not namespace.model:
        return None
    if not (namespace.endpoint and namespace.model):
        raise InputError("--endpoint and --model belong together", where="kb", remedy="give both")
    from havoc.rag import RemoteEmbedder

    return RemoteEmbedder(namespace.endpoint, namespace.model)


def _list(namespace: argparse.Namespace) -> int:
    from havoc.rag import KnowledgeBase, names

    if namespace.name:
        base = KnowledgeBase.open(namespace.name)
        rows = [
            {"id": record.id, "title": record.title, "passages": record.count,
             "licence": record.licence, "source": record.source}
            for record in base.documents()
        ]  # fmt: skip
    else:
        rows = []
        for name in names():
            base = KnowledgeBase.open(name)
            identity = base.embedder_identity
            rows.append(
                {"base": name, "documents": len(base.documents()),
                 "passages": sum(record.count for record in base.documents()),
                 "embedder": identity.name if identity else "none (words only)"}
            )  # fmt: skip
    if namespace.json:
        _print_json(rows)
    else:
        _print_rows(rows)
    return 0


def _add(namespace: argparse.Namespace) -> int:
    from havoc.rag import KnowledgeBase, names

    if namespace.title and len(namespace.paths) > 1:
        raise InputError("--title is for a single document", where="kb add")
    embedder = _embedder(namespace)
    there = namespace.kb in names()
    if there:
        if namespace.words_only:
            raise InputError(
                "--words-only is for a new base", where=f"knowledge base {namespace.kb}"
            )
        base = KnowledgeBase.open(namespace.kb, embedder=embedder)
    else:
        base = KnowledgeBase.create(
            namespace.kb, embedder=embedder, words_only=namespace.words_only
        )
    report = _with_progress(
        lambda progress: base.add(
            namespace.paths, title=namespace.title, source=namespace.source,
            licence=namespace.licence, progress=progress,
        )
    )  # fmt: skip
    if not there and not report.added:
        base.delete()  # a base that nothing could be added to is not left behind
    for line in report.warnings:
        print(f"warning: {printable(line, 400)}", file=sys.stderr)
    for line in report.refused:
        print(f"refused: {printable(line, 400)}", file=sys.stderr)
    print(
        f"{namespace.kb}: {len(report.added)} added, {len(report.updated)} updated, "
        f"{len(report.unchanged)} unchanged, {len(report.refused)} refused; "
        f"{len(base.documents())} documents, "
        f"{sum(record.count for record in base.documents())} passages"
    )
    return 2 if report.refused else 0


def _with_progress(work: Any) -> Any:
    """Run ``work(progress)`` under a bar, on a terminal only."""
    if not sys.stderr.isatty():
        return work(None)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=printable(name, 40), completed=done, total=total)

        return work(show)


def _remove(namespace: argparse.Namespace) -> int:
    from havoc.rag import KnowledgeBase

    base = KnowledgeBase.open(namespace.kb)
    if namespace.all:
        if namespace.ids:
            raise InputError("give documents or --all, not both", where="kb remove")
        base.delete()
        print(f"{namespace.kb}: removed")
        return 0
    if not namespace.ids:
        raise InputError("no document was named", where="kb remove", remedy="or give --all")
    base.remove(namespace.ids)
    print(f"{namespace.kb}: {len(namespace.ids)} removed, {len(base.documents())} left")
    return 0


def _search(namespace: argparse.Namespace) -> int:
    from havoc.rag import KnowledgeBase, search_bases

    embedder = _embedder(namespace)
    bases = [KnowledgeBase.open(name, embedder=embedder) for name in namespace.kb or ["builtin"]]
    found = search_bases(bases, namespace.query, namespace.k, ranking=namespace.ranking)
    if namespace.json:
        _print_json(found)
        return 0
    if found.note:
        print(f"note: {found.note}", file=sys.stderr)
    if not found.passages:
        print("Nothing in the knowledge base has these words.")
        return 0
    for number, passage in enumerate(found.passages, start=1):
        print(f"{number}. {printable(passage.place, 160)}   [{passage.score:.3f}]")
        print(f"   “{printable(passage.quote, 600)}”")
        mark = "  (reads like instructions to a language model)" if passage.flagged else ""
        print(f"   {printable(passage.source, 200)} · {printable(passage.licence, 80)}{mark}")
        print(f"   {printable(passage.id, 200)}")
    return 0


def _export(namespace: argparse.Namespace) -> int:
    from havoc.rag import KnowledgeBase

    count = KnowledgeBase.open(namespace.kb).export(namespace.file)
    print(f"written: {namespace.file} ({count} passages)")
    return 0


def _print_json(body: Any) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(body), indent=2).decode())


def _print_rows(rows: list[dict[str, Any]]) -> None:
    if not rows:
        print("no documents")
        return
    shown = [list(rows[0])] + [[printable(cell, 70) for cell in row.values()] for row in rows]
    widths = [max(len(line[column]) for line in shown) for column in range(len(shown[0]))]
    for line in shown:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )
