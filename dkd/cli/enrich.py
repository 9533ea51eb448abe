"""``dkd enrich``: the enrichers of a site in the foreground, between its topics, until stopped."""

from typing import Annotated

import typer

from dkd.cli.args import ModelArgument, TargetOption


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command(epilog="Example: dkd enrich --target prod --instance 2")(enrich)


def enrich(
    model: ModelArgument = None,
    target: TargetOption = "local",
    instance: Annotated[
        str, typer.Option(help="Name of this enricher among those of the site; the same after a restart.")
    ] = "1",
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port on 127.0.0.1 for Prometheus' /metrics and for /healthz; 0: none. "
            "Default: the local stack's own for instance 1 of target local, else none.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Enrich a site's events from its raw topic to its clean topic, exactly once; Ctrl-C ends it."""
    import signal
    from contextlib import ExitStack, closing

    from dkd.stream.heap import collect_rarely, keep_small, one_thread
    from dkd.stream.stop import Stop

    keep_small()
    one_thread()
    stop = Stop()  # before the imports that take a second, so that a stop during these is graceful too
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.ask())

    from dkd.cli.args import base_port, opened
    from dkd.kernel import IS_COMPILED, SLOW
    from dkd.model.digest import running_digest
    from dkd.settings import Ports
    from dkd.stream.endpoint import endpoint
    from dkd.stream.run import enricher

    found = opened(model, target)
    schemas = found.project / "specs" / found.model.site / "schemas"
    work = enricher(found.model, found.settings, schemas, stop, _say, instance=instance)
    collect_rarely()
    if metrics_port is None and found.settings.is_local and instance == "1":
        metrics_port = Ports.at(base_port(found.project)).enricher_admin
    with ExitStack() as opened_ones:
        digest = running_digest(found.model)
        made = endpoint(work.metrics, metrics_port, digest) if metrics_port else None
        pages = opened_ones.enter_context(closing(made)) if made else None
        _say(f"enriching {found.model.topic('raw')} on {found.settings.kafka.servers} as instance {instance}")
        if not IS_COMPILED:
            _say(SLOW)
        if pages:
            _say(f"metrics at {pages.url}/metrics")
        work.run()


def _say(line: str) -> None:
    typer.echo(line, err=True)
