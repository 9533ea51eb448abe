"""Where the systems are: a model's target and the environment become frozen Settings."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dkd.errors import UsageError
from dkd.model.schema import Divolte, Druid, Kafka, Model, Target

DEFAULT_BASE_PORT = 28200
"""Below 32768, where Linux's ephemeral ports begin."""

_ENV = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Ports(NamedTuple):
    """The local stack's ports, in a row from the base port; all on 127.0.0.1."""

    zookeeper: int
    derby: int
    coordinator: int
    broker: int
    historical: int
    indexer: int
    kafka: int
    controller: int
    collector: int
    explorer: int
    collector_admin: int
    enricher_admin: int

    @classmethod
    def at(cls, base_port: int) -> "Ports":
        """Twelve ports from *base_port* on."""
        return cls(*range(base_port, base_port + len(cls._fields)))


@dataclass(frozen=True)
class KafkaSettings:
    """How to reach a Kafka cluster."""

    servers: str
    security: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None


@dataclass(frozen=True)
class DruidSettings:
    """How to reach a Druid cluster; behind a router both URLs are the router's."""

    coordinator: str
    broker: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None


@dataclass(frozen=True)
class DivolteSettings:
    """A Divolte that dkd looks after: its directory, the command that starts it again, its address without a slash."""

    folder: str
    restart: str = field(default="", repr=False)
    url: str = ""


@dataclass(frozen=True)
class Settings:
    """One target, with its secrets filled in from the environment; secrets are not in its text form.

    Attributes:
        target: Name of the target; ``local`` is the stack of ``dkd up``.
        collector: Base URL of the collector, without a slash at the end; empty when the target names none.
        sender_keys: Key of each trusted sender by its name.
        pseudonym_key: Secret of pseudonyms; None where none is set.
        divolte: The target's Divolte; None where it has none.
        enrichers: Base URL of what each enricher tells of itself.
    """

    target: str
    kafka: KafkaSettings
    druid: DruidSettings
    collector: str
    sender_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    pseudonym_key: bytes | None = field(default=None, repr=False)
    divolte: DivolteSettings | None = None
    enrichers: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether this is the local stack, where loopback is trusted."""
        return self.target == "local"


def unreachable_remedy(address: str) -> str:
    """What to do when nothing answers at *address*, a URL or a list of servers; on this machine it is our own stack."""
    return "run dkd up" if "127.0.0.1" in address else "check the address in the model's targets, and the network"


def filled(text: str, environment: Mapping[str, str], where: str) -> str:
    """*text* with every ``${NAME}`` replaced from *environment*.

    Raises:
        UsageError: DKD120, when a variable is not set; it names the variable, never a value.
    """
    missing = [name for name in _ENV.findall(text) if name not in environment]
    if missing:
        raise UsageError(
            "DKD120",
            where=where,
            problem=f"environment variable {missing[0]} is not set",
            remedy=f"export {missing[0]}, or choose another --target",
        )
    return _ENV.sub(lambda found: environment[found[1]], text)


def settings(model: Model, target: str, environment: Mapping[str, str], base_port: int = DEFAULT_BASE_PORT) -> Settings:
    """Where *model* is deployed when *target* is chosen.

    Args:
        model: The site.
        target: Name of one of the model's targets; ``local`` always exists.
        environment: Values for ``${NAME}``, and ``DKD_PSEUDONYM_KEY``.
        base_port: First port of the local stack.

    Raises:
        UsageError: DKD121 for an unknown target or one without Kafka or Druid; DKD120 for an unset variable.
    """
    key = environment.get("DKD_PSEUDONYM_KEY")
    secret = key.encode() if key else None
    if target == "local":
        keys = {
            s.name: environment[name]
            for s in model.collector.senders
            for name in _ENV.findall(s.key)
            if name in environment
        }
        ports = Ports.at(base_port)
        return Settings(
            target="local",
            kafka=KafkaSettings(f"127.0.0.1:{ports.kafka}"),
            druid=_local_druid(base_port),
            collector=f"http://127.0.0.1:{ports.collector}",
            sender_keys=keys,
            pseudonym_key=secret,
        )
    chosen, kafka, druid = _chosen(model, target)
    where = f"target {target}"
    secrets = [s.key for s in model.collector.senders]
    secrets += [text for system in (kafka, druid, chosen.divolte) for text in _texts(system)]
    secrets += [chosen.collector or "", *chosen.enrichers]
    _require_set(secrets, environment, where)
    return Settings(
        target=target,
        kafka=_kafka(kafka, environment, where),
        druid=_druid(druid, environment, where),
        collector=filled(chosen.collector or "", environment, where).rstrip("/"),
        sender_keys={s.name: filled(s.key, environment, where) for s in model.collector.senders},
        pseudonym_key=secret,
        divolte=_divolte(chosen.divolte, environment, where),
        enrichers=tuple(filled(url, environment, where).rstrip("/") for url in chosen.enrichers),
    )


def druid_settings(
    model: Model, target: str, environment: Mapping[str, str], base_port: int = DEFAULT_BASE_PORT
) -> DruidSettings:
    """Where *target* is asked; who only asks needs no secret of Kafka and none of senders.

    Raises:
        UsageError: As :func:`settings` does.
    """
    if target == "local":
        return _local_druid(base_port)
    druid, where = _chosen(model, target)[2], f"target {target}"
    _require_set(_texts(druid), environment, where)
    return _druid(druid, environment, where)


def _local_druid(base_port: int) -> DruidSettings:
    ports = Ports.at(base_port)
    return DruidSettings(f"http://127.0.0.1:{ports.coordinator}", f"http://127.0.0.1:{ports.broker}")


def _chosen(model: Model, target: str) -> tuple[Target, Kafka, Druid]:
    chosen = model.targets.get(target)
    if chosen is not None and chosen.kafka is not None and chosen.druid is not None:
        return chosen, chosen.kafka, chosen.druid
    known = ", ".join(sorted({"local", *model.targets}))
    problem = "is not in the model" if chosen is None else "names no kafka or no druid"
    raise UsageError("DKD121", where=f"target {target}", problem=problem, remedy=f"choose one of: {known}")


def _texts(system: Kafka | Druid | Divolte | None) -> list[str]:
    return [text for text in (system.model_dump().values() if system else ()) if isinstance(text, str)]


def _require_set(texts: Iterable[str], environment: Mapping[str, str], where: str) -> None:
    """All that is missing at once, so that nobody meets one variable after the other."""
    missing = sorted({name for text in texts for name in _ENV.findall(text)} - environment.keys())
    if missing:
        are = "environment variable {} is" if len(missing) == 1 else "environment variables {} are"
        problem = f"{are.format(', '.join(missing))} not set"
        remedy = f"export {' '.join(missing)}, or choose another --target"
        raise UsageError("DKD120", where=where, problem=problem, remedy=remedy)


def _kafka(wanted: Kafka, environment: Mapping[str, str], where: str) -> KafkaSettings:
    user, password = (filled(text, environment, where) if text else None for text in (wanted.user, wanted.password))
    servers = filled(wanted.servers, environment, where)
    ca = filled(wanted.ca, environment, where) if wanted.ca else None
    return KafkaSettings(servers, wanted.security, wanted.mechanism, user, password, ca)


def _druid(wanted: Druid, environment: Mapping[str, str], where: str) -> DruidSettings:
    user, password = (filled(text, environment, where) if text else None for text in (wanted.user, wanted.password))
    router = filled(wanted.router, environment, where).rstrip("/")
    ca = filled(wanted.ca, environment, where) if wanted.ca else None
    return DruidSettings(router, router, user, password, ca)


def _divolte(wanted: Divolte | None, environment: Mapping[str, str], where: str) -> DivolteSettings | None:
    if wanted is None:
        return None
    folder, restart, url = (filled(text or "", environment, where) for text in (wanted.dir, wanted.restart, wanted.url))
    return DivolteSettings(folder, restart, url.rstrip("/"))
