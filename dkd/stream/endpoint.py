"""An enricher's figures become pages: ``/metrics`` for Prometheus, and ``/healthz`` for whoever restarts it."""

import time

from dkd.pages import Pages, Said
from dkd.stream.metrics import Metrics

_STUCK_S = 120.0
"""Taking over a large state and waiting for a broker both take less between two steps."""


def endpoint(metrics: Metrics, port: int, model: str = "") -> Pages:
    """Listen; ``/healthz`` tells *model*, the digest of the model by which the enricher works.

    Raises:
        DkdError: DKD510, when the port can't be had.
    """

    def health() -> Said:
        silent_s = time.monotonic() - metrics.stepped_s
        if silent_s > _STUCK_S:
            return Said(503, f"no step for {silent_s:.0f} s")
        return Said(200, f"ok\nmodel {model}")

    return Pages(port, metrics.registry, {"/healthz": health}, "DKD510", "--metrics-port")
