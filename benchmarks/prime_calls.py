"""PRIME at the level of generation on a planner's network: which of its calls are right.

    python benchmarks/prime_calls.py --authors rs
    python benchmarks/prime_calls.py --authors ahnb --bundle runs/planner/ahnb/bundle --every 3

The network writes everything itself: a reason, the call with its slots under the grammar of the
tools, and an answer whose figures are references to the result. Asked are questions of one
operation that are to be answered. Beside it what binders make of the network's own operation,
which is how the planner fills the arguments.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from table import print_table

from havoc.bundle import Bundle, shipped_bundle
from havoc.errors import HavocError
from havoc.eval.plans import plan_matches
from havoc.infer import InferenceEngine, load_backend
from havoc.infer.call_grammar import resolved
from havoc.reading.question import read_question
from havoc.reading.view import question_slots
from havoc.reason.binding import Binding, bind
from havoc.reason.planner import Plan
from havoc.reason.planner_prompt import planner_prompt
from havoc.reason.prime_model import HavocPrimeModel
from havoc.reason.questions import Question, read_questions

ROOT = Path(__file__).resolve().parent.parent


def matches(question: Question, operation: str, args: dict[str, object]) -> bool:
    """Whether a call holds every figure of the label."""
    plan = Plan(outcome="execute", bindings=[Binding(operation=operation, args=args)])
    return plan_matches(plan, question)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--authors", default="rs", help="whose questions (default: %(default)s)")
    parser.add_argument("--bundle", type=Path, help="a network (default: the one that ships)")
    parser.add_argument("--every", type=int, default=1, help="every which question")
    arguments = parser.parse_args()
    bundle = Bundle.open(arguments.bundle or shipped_bundle())
    engine = InferenceEngine(load_backend(bundle), bundle.tokenizer)
    model = HavocPrimeModel(engine, results="fields")
    counts: dict[str, int] = {}
    seconds = []

    def count(name: str, yes: object) -> None:
        counts[name] = counts.get(name, 0) + bool(yes)

    for author in arguments.authors:
        path = ROOT / "tests" / "questions" / f"author-{author}.jsonl"
        for question in read_questions(path)[:: arguments.every]:
            if question.status != "answered" or len(question.operations) != 1 or question.context:
                continue
            reading = read_question(question.question)
            slots = question_slots(reading)
            start = time.perf_counter()
            result = model.generate_with_prime(planner_prompt(reading), slots, budget="MICRO")
            seconds.append(time.perf_counter() - start)
            call = next(iter(result.calls), None)
            args = dict(resolved(call.call, slots)["args"]) if call and call.call else {}
            operation = str(args.pop("operation", ""))
            named = operation == question.operations[0]
            count("questions", True)
            count("operation", named)
            count("call runs", call and call.result)
            whole = named and matches(question, operation, args)
            count("whole call", whole)
            try:
                bound = named and matches(question, operation, bind(operation, reading).args)
            except HavocError:
                bound = False
            count("whole call, arguments by binders", bound)
            count("whole call, the network's or the binders'", whole or bound)
            count("a figure is cited", result.figures)
    total = counts.pop("questions")
    print_table(
        f"{bundle.path}: {total} questions of authors {', '.join(arguments.authors)}",
        ("", "%"),
        [(name, f"{100 * number / total:.1f}") for name, number in counts.items()],
    )
    print(f"median {1000 * statistics.median(seconds):.0f} ms a question")


if __name__ == "__main__":
    main()
