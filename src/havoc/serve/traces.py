"""OpenTelemetry traces, where they are wanted: a span a request, without any content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from havoc import __version__
from havoc.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


def set_up_traces() -> Tracer:
    """A tracer whose spans go where OTEL_EXPORTER_OTLP_ENDPOINT says.

    Raises InputError where the exporter is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        raise InputError(
            "the exporter is not installed", where="traces", remedy="pip install 'havoc[traces]'"
        ) from None
    resource = Resource.create({"service.name": "havoc", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    # not the provider of the process: libraries would trace through it too, with query strings
    return provider.get_tracer("havoc.serve", __version__)
