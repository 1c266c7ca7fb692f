"""A plan as text: what a person reads of it. No torch."""

from __future__ import annotations

from havoc.model.count import parameter_count, training_flops
from havoc.train import plan_memory as memory
from havoc.train.plan import Plan, Request, Row


def report(result: Plan) -> list[str]:
    """The lines of a plan: its network, a table of the strategies, what fits, notes."""
    request = result.request
    config, settings = request.config, request.settings
    tied = "tied" if config.tie_embeddings else "untied"
    batch = f"{settings.batch_size} x {settings.sequence_length} tokens"
    if settings.gradient_accumulation > 1:
        batch += f", {settings.gradient_accumulation} times a step"
    if request.processes > 1:
        batch += f", on each of {request.processes} devices (FSDP)"
    flops = training_flops(config, settings.sequence_length)
    lines = [
        f"{parameter_count(config):,} parameters ({tied} embedding); "
        f"{_short(flops)}FLOP to train on a token",
        f"{batch}; attention {'within documents' if request.documents else 'over all'}; "
        f"{'a GPU' if request.device == 'cuda' else 'the processor'}",
        "",
        "GiB (2^30 bytes) held at the peak of a step",
        *_table(result),
        "",
        *_verdict(result),
    ]
    generation = result.generation
    lines.append(
        f"to generate: KV cache of {generation.batch} x {generation.context} positions "
        f"{_gib(generation.cache)} GiB, weights {_gib(generation.weights)} GiB "
        f"({generation.precision})"
    )
    if request.rate:
        lines.append(
            "time: arithmetic of the network at the rate that training reaches, "
            + ", ".join(
                f"{precision} {_short(request.rate[precision])}FLOP/s"
                for precision in ("bf16", "fp32")
            )
            + "; not of an offload"
        )
    lines.append(_other(request))
    return lines


def _table(result: Plan) -> list[str]:
    header = ["strategy", "weights", "gradients", "optimiser", "activations", "workspace"]
    header += ["other", "total", "peak at", "compute"]
    request = result.request
    if request.memory is not None:
        header.insert(8, "fits")
    if request.rate:
        header.append("tokens/s")
    if request.tokens is not None:
        header.append("time")
    lines = [header]
    for row in result.rows:
        parts = row.peak.parts
        sizes = [
            parts["weights"],
            parts["gradients"],
            parts["optimizer"] + parts["average"],
            parts["activations"] + parts["copies"],
            parts["workspace"],
            parts["slack"] + parts["fixed"],
            row.peak.total,
        ]
        cells = [row.strategy.name, *(_gib(size) for size in sizes)]
        if request.memory is not None:
            cells.append("yes" if row.fits else "no")
        cells += [row.peak.moment, f"x{row.compute:.2f}"]
        if request.rate:
            cells.append("-" if row.tokens_per_second is None else f"{row.tokens_per_second:,.0f}")
        if request.tokens is not None:
            cells.append("-" if row.seconds is None else _time(row.seconds))
        lines.append(cells)
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    left = {0, header.index("peak at")}
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def _verdict(result: Plan) -> list[str]:
    request, best, smallest = result.request, result.best, result.smallest
    lines = []
    hosts = sorted({row.peak.host for row in result.rows if row.peak.host})
    if request.device == "cuda" and hosts:
        lines.append(f"an offload takes {_gib(hosts[-1])} GiB of main memory")
    if request.memory is None:
        lines.append(f"least: {smallest.strategy.name}, {_gib(smallest.peak.total)} GiB")
    elif best is None:
        missing = smallest.peak.total - request.memory
        lines.append(
            f"nothing fits {_gib(request.memory)} GiB: {smallest.strategy.name} "
            f"needs {_gib(missing)} GiB more"
        )
    else:
        lines.append(
            f"the cheapest that fits {_gib(request.memory)} GiB: {best.strategy.name}, "
            f"{_gib(request.memory - best.peak.total)} GiB to spare; "
            f"it costs: {best.strategy.costs}"
        )
        if best.strategy.changes:
            lines.append(f"havoc train pretrain {_flags(best)}")
    return lines


def _flags(row: Row) -> str:
    """The settings of a strategy as flags of ``havoc train``."""
    words = []
    for name, value in row.strategy.changes.items():
        flag = "--" + name.replace("_", "-")
        words.append(flag if value is True else f"{flag} {value}")
    return " ".join(words)


def _other(request: Request) -> str:
    if request.device == "cuda":
        return (
            f"other: {_gib(memory.CUDA_CONTEXT)} GiB for CUDA itself, and "
            f"{memory.CUDA_SLACK:.0%} of what comes and goes for the allocator (allowances)"
        )
    return (
        f"other: {_gib(memory.CPU_PROCESS)} GiB for a process with torch, and holes of the heap: "
        f"{memory.HEAP_BLOCKS} x the tensors of a block + {memory.HEAP_GRADIENTS} x the gradients "
        "(fitted to measurements)"
    )


def _gib(size: float) -> str:
    """A size in GiB: two decimals, three below 10."""
    value = size / 2**30
    return f"{value:,.2f}" if value >= 10 else f"{value:.3f}"


def _short(number: float) -> str:
    """A number with the letter of its thousands: 35.7 G."""
    for factor, letter in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")):
        if number >= factor:
            return f"{number / factor:.3g} {letter}"
    return f"{number:.0f} "


def _time(seconds: float) -> str:
    for size, unit in ((86400 * 365.25, "years"), (86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return (
                f"{seconds / size:,.3g} {unit}"
                if seconds < 1000 * size
                else (f"{seconds / size:,.0f} {unit}")
            )
    return f"{seconds:.3g} s"
