"""Ask a question about data in plain words.

havoc ask "Is line B thicker than line A?  A: 12.1 12.3 11.9 12.0  B: 12.8 12.6 13.0 12.7"
havoc ask "Is the process in control and capable? LSL 9.5, USL 10.5" --data bore.csv
havoc ask "…" --json | --report out.html | --chart out.png | --budget heavy | --explain
havoc ask --batch in.jsonl --json > out.jsonl
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import msgspec

from havoc.errors import HavocError, InputError

MAX_LINE = 20_000_000
MANY_OBJECTS = 100_000
"""New objects after which garbage is looked for, instead of 700."""
LONGEST_TO_EXPLAIN = 8_000
"""Characters of a question whose network is asked for its reason."""
WITH_NETWORK = ("auto", "model")
PLANNERS = ("auto", "rules", "model", "remote")
"""Those of ``havoc.reason.planners``, named here so that --help imports none of them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", nargs="?", help="the question; - reads it from standard input")
    parser.add_argument(
        "--data", action="append", default=[], metavar="FILE",
        help="CSV, TSV, XLSX, Parquet or JSON file; may be given several times",
    )  # fmt: skip
    parser.add_argument("--context", metavar="QUESTION", help="the earlier question of a follow-up")
    parser.add_argument("--json", action="store_true", help="print the answer object")
    parser.add_argument("--report", metavar="HTML", help="write a one-file HTML report")
    parser.add_argument("--chart", metavar="FILE", help="write the first chart as PNG, SVG or PDF")
    parser.add_argument(
        "--budget", choices=("micro", "light", "medium", "heavy"), help="how much work to spend"
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="show what the network takes the question for, the trace and every call",
    )
    parser.add_argument(
        "--planner", choices=PLANNERS, default=PLANNERS[0],
        help="what plans: rules, the network in the package, a remote model, or all that is "
        "here, weighed (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--kb", action="append", default=[], metavar="NAME",
        help="knowledge base that explanations may cite beside the built-in one; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--batch", metavar="JSONL",
        help='one {"id","question","data"?,"context"?} a line in, one answer a line out',
    )  # fmt: skip


def _from_standard_input() -> str:
    if sys.stdin is None:
        raise InputError(
            "standard input is closed", where="ask -", remedy="give the question as an argument"
        )
    return sys.stdin.read()


def execute(namespace: argparse.Namespace) -> int:
    if namespace.batch:
        return _batch(namespace)
    # imports make no garbage, and looking for it among their objects takes a tenth of a second
    gc.set_threshold(MANY_OBJECTS)
    if not namespace.question:
        raise InputError("no question was given", where="ask", remedy='try havoc ask "…"')
    question = _from_standard_input() if namespace.question == "-" else namespace.question
    try:
        question.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"the question is not UTF-8 (character {error.start + 1})",
            where="ask",
            remedy="type it again, or save its text as UTF-8",
        ) from None
    tables = _tables(namespace.data)
    if namespace.explain and not namespace.json and namespace.planner in WITH_NETWORK:
        _stream_reason(question, tables)
    answer = _ask(question, tables, namespace.context, namespace.budget, namespace)
    plain = answer.to_dict()
    if namespace.report:
        from havoc.report import write_report

        write_report(plain, namespace.report)
    if namespace.chart:
        _write_chart(answer, namespace.chart)
    if namespace.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n")
    else:
        from rich.console import Console

        from havoc.cli.terminal import print_answer

        print_answer(plain, console=Console(), explain=namespace.explain)
        for path in filter(None, (namespace.report, namespace.chart)):
            print(f"written: {path}")
    return 0


def _ask(
    question: str, data: Any, context: Any, budget: str | None, namespace: argparse.Namespace
) -> Any:
    from havoc.reason import ask

    return ask(
        question,
        data,
        context=context,
        budget=budget,
        planner=namespace.planner,
        knowledge=namespace.kb,
    )


def _stream_reason(question: str, tables: list[Any] | None) -> None:
    """What the planner's network takes the question for, as it comes."""
    from havoc.reading.question import read_question
    from havoc.reason.planner_model import shipped_model
    from havoc.text import encodable

    if not 0 < len(question.strip()) <= LONGEST_TO_EXPLAIN:
        return
    sys.stdout.write("The network: ")
    for piece in shipped_model().reason(read_question(question, tables or ())):
        # the grammar of a reason has no control character but the line's end
        sys.stdout.write(encodable(piece.replace("\n", " "), sys.stdout.encoding or "utf-8"))
        sys.stdout.flush()
    sys.stdout.write("\n")


def _tables(paths: list[str]) -> list[Any] | None:
    if not paths:
        return None
    from havoc.reading.files import read_table

    return [read_table(path) for path in paths]


def _write_chart(answer: Any, path: str) -> None:
    if not answer.charts:
        raise InputError("this answer has no chart", where="--chart", remedy="leave --chart out")
    from havoc.charts.figure import save_figure

    save_figure(answer.charts[0], path)


class BatchItem(msgspec.Struct, kw_only=True):
    """One line of a batch. ``data`` is a path, columns, or rows; ``context`` an earlier turn."""

    question: str
    id: str | int | None = None
    data: Any = None
    context: Any = None
    budget: str | None = None


def _batch(namespace: argparse.Namespace) -> int:
    """Answer every line. A line that cannot be answered gives an error object and exit code 2."""
    if namespace.question:
        raise InputError("give a question or --batch, not both", where="ask")
    if not namespace.json:
        raise InputError("--batch writes JSON lines", where="ask", remedy="add --json")
    failed = 0
    for number, line in _lines(namespace.batch):
        answer = _batch_answer(line, f"{namespace.batch}:{number}", namespace)
        failed += "error" in answer
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()
    return 2 if failed else 0


def _batch_answer(line: bytes, where: str, namespace: argparse.Namespace) -> dict[str, Any]:
    """The answer object of one line, or an error object. Nothing here ends the batch."""
    identity: str | int | None = None
    try:
        if len(line) > MAX_LINE:
            raise InputError(
                f"the line is longer than {MAX_LINE} bytes",
                remedy="hand large data over as a file path",
            )
        item = msgspec.json.decode(line, type=BatchItem)
        identity = item.id
        answer: dict[str, Any] = _ask(
            item.question,
            _batch_data(item.data),
            item.context,
            item.budget or namespace.budget,
            namespace,
        ).to_dict()
        answer.pop("id", None)
        return {"id": identity, **answer}
    except (msgspec.DecodeError, HavocError, RecursionError, UnicodeDecodeError) as error:
        return {"id": identity, "error": f"{where}: {error}"}
    except Exception as error:
        # A defect met by one line must not cost the answers of the others.
        return {"id": identity, "error": f"{where}: unexpected {type(error).__name__}: {error}"}


def _batch_data(data: Any) -> Any:
    """A path or a list of paths becomes tables; inline data stay as they are."""
    if isinstance(data, str):
        return Path(data)
    if isinstance(data, list) and data and all(isinstance(item, str) for item in data):
        return [Path(item) for item in data]
    return data


def _lines(source: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of a file or of standard input, one at a time."""
    with ExitStack() as stack:
        stream: IO[bytes] = sys.stdin.buffer
        if source != "-":
            try:
                stream = stack.enter_context(Path(source).open("rb"))
            except OSError as error:
                raise InputError(
                    f"cannot be read ({error.strerror})", where=source, remedy="check the path"
                ) from None
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            rest = line
            while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
                rest = stream.readline(MAX_LINE + 1)
            if line.strip():
                yield number, line
