"""What Prometheus reads. Labels are routes, statuses and tools, never a client's own words."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from havoc.infer import GenerationResult

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_TOKEN_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The counters of one server; names follow those of vLLM where it has the same thing."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "havoc_requests", "Requests by route and status",
            ("method", "route", "status"), registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "havoc_request_seconds", "Time to the end of the response",
            ("route",), buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.in_flight = Gauge("havoc_requests_in_flight", "Requests", registry=self.registry)
        self.cancelled = Counter(
            "havoc_requests_cancelled", "Requests whose client left", registry=self.registry
        )
        self.first_token = Histogram(
            "havoc_time_to_first_token_seconds", "From arrival to the first token",
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.each_token = Histogram(
            "havoc_time_per_output_token_seconds", "After the first token",
            buckets=_TOKEN_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.prompt_tokens = Counter(
            "havoc_prompt_tokens", "Tokens of prompts", registry=self.registry
        )
        self.generated_tokens = Counter(
            "havoc_generation_tokens", "Tokens generated", registry=self.registry
        )
        self.answers = Counter(
            "havoc_answers", "Questions by status of the answer", ("status",),
            registry=self.registry,
        )  # fmt: skip
        self.stage_seconds = Histogram(
            "havoc_stage_seconds", "Stages of the analyst", ("stage",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.tool_seconds = Histogram(
            "havoc_tool_seconds", "Calls of tools", ("tool",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip

    def watch(self, name: str, help_line: str, value: Callable[[], float]) -> None:
        """A gauge that is read when Prometheus asks."""
        Gauge(name, help_line, registry=self.registry).set_function(value)

    def generated(self, result: GenerationResult) -> None:
        """Count what a request to the network came to."""
        made = len(result.choices)
        self.prompt_tokens.inc(result.prompt_tokens)
        self.generated_tokens.inc(made)
        if result.first_token_seconds:
            self.first_token.observe(result.first_token_seconds)
        if made > 1:
            self.each_token.observe((result.seconds - result.first_token_seconds) / (made - 1))

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
