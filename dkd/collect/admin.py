"""A collector's figures become pages: ``/live`` and ``/ready`` for whoever runs it, ``/metrics`` for Prometheus."""

import time

from prometheus_client import CollectorRegistry

from dkd.pages import Pages, Said

_STUCK_S = 10.0


def admin(port: int, registry: CollectorRegistry) -> Pages:
    """Listen on *port* and tell what *registry* knows.

    Raises:
        DkdError: DKD462, when the port can't be had.
    """

    def value(name: str) -> float:
        return registry.get_sample_value(f"dkd_collect_{name}") or 0.0

    def live() -> Said:
        looked_s = value("looked_seconds")
        if not looked_s:
            return Said(503, "starting")
        silent_s = time.time() - looked_s
        return Said(503, f"stuck for {silent_s:.0f} s") if silent_s > _STUCK_S else Said(200, "live")

    def ready() -> Said:
        lives = live()
        if lives.status != 200:
            return lives
        if not value("ready"):
            return Said(503, "not ready: stopping, or neither Kafka nor the spool takes events")
        return Said(200, "ready: spool, Kafka does not acknowledge" if value("breaker_open") else "ready: kafka")

    return Pages(port, registry, {"/live": live, "/ready": ready}, "DKD462", "--admin-port")
