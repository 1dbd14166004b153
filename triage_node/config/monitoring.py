"""Settings of what monitoring systems are told."""

from pydantic import BaseModel, Field


class MonitoringSettings(BaseModel):
    """Metrics on a port of their own, and traces."""

    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="port on which Prometheus gets metrics without a token; 0 takes a free one; default none, as the "
        "web server has `/metrics`",
    )
    metrics_host: str = Field(
        "127.0.0.1", description="address that port binds to; who reaches it learns how busy the node is, of no patient"
    )
    otel_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="address of an OpenTelemetry collector (OTLP over HTTP) that gets a trace of each study; wants "
        "`pip install triage-node[otel]`",
    )
