"""How events come in: whose collector, who may send, and what of a visitor is stored."""

from typing import Annotated, Literal

from pydantic import Field as Option

from dkd.model.types import Frozen, Name

UrlPath = Annotated[str, Option(pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+$")]
"""An absolute path that means what it says: nothing escaped, no dots to follow, no slash at the end."""


class Sender(Frozen):
    """A server that may send events of many parties, with their own times."""

    name: Name = Option(description="a name for it")
    key: str = Option(description="${ENV}: the environment variable that holds the sender's key")


class JsonSource(Frozen):
    """Divolte's JSON source, for servers and apps that send to one already."""

    path: UrlPath = Option(description="its event_path, such as /json")
    party: Annotated[str, Option(pattern=r"^[A-Za-z0-9_.~-]+$")] = Option(
        "p", description="its party_id_parameter: the parameter of the query that names the party"
    )
    body_bytes: Annotated[int, Option(ge=1, le=262_144)] = Option(
        4096, description="its maximum_body_size; as with Divolte, the next multiple of 4096 counts"
    )


class Collector(Frozen):
    """How events come in."""

    kind: Literal["dkd", "divolte"] = Option("dkd", description="whose collector: dkd's, or an existing Divolte 0.9.0")
    ip: Literal["full", "truncate", "hash"] = Option("truncate", description="what even the raw topic may hold of it")
    opt_out: Literal["ignore", "anonymous", "drop"] = Option(
        "ignore",
        description="what becomes of a browser that sends Sec-GPC: 1 or DNT: 1; anonymous: no cookie, and a party that "
        "nobody can join with that of another day; drop: nothing of it is stored",
    )
    scrub: tuple[Annotated[str, Option(min_length=1)], ...] = Option(
        (), description="parameters that are cut out of every address before anything is stored, such as token"
    )
    cookie: Literal["script", "server"] = Option(
        "script",
        description="who sets the visitor's cookie; server: the collector's answers do, for Safari keeps the tag's own "
        "for seven days only",
    )
    cookie_domain: str | None = Option(
        None, description="domain of the visitor's cookie, for one visitor on sub-domains"
    )
    geo_database: str | None = Option(
        None,
        description="file of a MaxMind city database (.mmdb) where the collector runs; sources of geo need it",
    )
    origins: tuple[str, ...] = Option((), description="pages that may post events, such as https://shop.example")
    senders: tuple[Sender, ...] = Option((), description="servers that may send events of many parties")
    proxies: tuple[str, ...] = Option(
        (), description="addresses or networks of the proxies before it, whose X-Forwarded-For is believed"
    )
    rate: Annotated[int, Option(ge=0, le=1_000_000)] = Option(
        50,
        description="events a second of one network (/24, /48), ten times as many at once; 0: no bound. Trusted "
        "senders and this machine have none",
    )
    event_path: UrlPath = Option(
        "/csc-event", description="where Divolte's tag sends to; the other routes for pages are in the same folder"
    )
    json_source: JsonSource | None = Option(None, description="Divolte's JSON source; default: none")
