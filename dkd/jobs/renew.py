"""A deployed model → the local stack works by it: its services that run by an older one start anew."""

from collections.abc import Callable, Mapping

from dkd.jobs.up import Site, Wanted, up
from dkd.local import processes, services
from dkd.local.layout import Layout
from dkd.local.parts import SERVICES
from dkd.local.progress import Listener


def renew(
    layout: Layout, site: Site, base_port: int, environment: Callable[[], Mapping[str, str]], listener: Listener
) -> list[str]:
    """Start anew the collector, enricher and explorer that run by an older model; those that do not run stay so.

    Args:
        layout: The project's.
        site: Its model, as it was deployed.
        base_port: First port of the stack.
        environment: Values for ``${NAME}``.
        listener: Told how far it is.

    Returns:
        Names of those that were started anew.

    Raises:
        DkdError: What :func:`dkd.jobs.up.up` raises.
    """
    about, known = services.about(site.path, site.model), processes.records(layout)
    older = [name for name in SERVICES if name in known and known[name].about != about]
    running = tuple(name for name in older if processes.process_of(known[name]))
    if running:
        up(layout, site, Wanted(running, base_port, heap_mb=0), environment, listener)
    return list(running)
