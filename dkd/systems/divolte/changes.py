"""Divolte's files become values by setting and by mapped field, and a change of one finds its rule."""

import re
from collections.abc import Iterator, Mapping

from dkd.model.schema import Model
from dkd.model.tree import Path
from dkd.systems.rules import Edit

_MAPPED = re.compile(r".* onto '(?P<field>\w+)'(?: \})*")

WHOLE = ""
"""All of a site's files are one artefact."""


def values(files: Mapping[str, str]) -> dict[str, object]:
    """Settings of the configuration, and the statements that fill each field; the schema is told by another system."""
    found: dict[str, object] = {}
    for path, text in files.items():
        if path.endswith(".conf"):
            found |= {f"conf/{name}": value for name, value in _settings(text)}
        elif path.endswith(".groovy"):
            found |= _statements(text)
    return found


def rule(edit: Edit) -> str:
    """The code of the rule for *edit*."""
    kind, _, name = edit.place.partition("/")
    if not name:
        return "DKD980" if edit.before is None else "DKD984"
    if name.endswith(".ip2geo_database"):
        return "DKD980" if edit.before is None else "DKD984" if edit.after is None else "DKD985"
    if kind == "mapping":
        return _mapping_rule(name, edit)
    return next((code for end, code in _BY_END if name.endswith(end)), None) or _sink_rule(name, edit)


_BY_END = (
    (".topic", "DKD986"),
    (".mode", "DKD986"),
    ("cookie_domain", "DKD987"),
    ("session_timeout", "DKD882"),
    ("party_timeout", "DKD987"),
)


def cause(place: str, model: Model) -> Path | None:
    """Where in *model* stands what makes the value at *place*; None where that is not in it."""
    kind, _, name = place.partition("/")
    if kind != "conf":
        return ("collector", "ip") if name == "remoteHost" else model.field_path(name)
    if name.endswith("session_timeout"):
        return ("enrich", "sessions", "gap")
    if name.endswith("ip2geo_database"):
        return ("collector", "geo_database")
    return ("collector", "cookie_domain") if name.endswith("cookie_domain") else ("site",)


def _sink_rule(name: str, edit: Edit) -> str:
    is_new = edit.before is None and ".sinks." in name
    is_on = name.endswith((".hdfs.enabled", ".gcs.enabled", ".gcps.enabled")) and edit.after == "true"
    return "DKD989" if is_new or is_on else "DKD988"


def _ip_changed(edit: Edit) -> bool:
    ip = f"model/{edit.root.removeprefix('divolte/')}collector/ip"
    return edit.old.get(ip) != edit.new.get(ip)


def _mapping_rule(field: str, edit: Edit) -> str:
    before, after = edit.before, edit.after
    if before is None:
        # Where the model says more of addresses, its own line asks for the decision, once.
        return "DKD981" if field == "remoteHost" and not _ip_changed(edit) else "DKD980"
    if after is None:
        return "DKD984"
    # A wider number holds every value that the narrower one held.
    return "DKD904" if str(before).replace("32 }", "64 }") == after else "DKD985"


def _settings(conf: str) -> Iterator[tuple[str, str]]:
    """Settings by dotted path, in the form in which dkd writes them: one a line."""
    blocks: list[str] = []
    for line in map(str.strip, conf.splitlines()):
        if line == "}":
            blocks.pop()
        elif line.endswith(" {"):
            blocks.append(line.removesuffix(" {"))
        elif " = " in line and not line.startswith("//"):
            name, _, value = line.partition(" = ")
            overruled = ".environment" if value.startswith("${?") else ""
            yield ".".join((*blocks, name)) + overruled, value


def _statements(mapping: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for line in map(str.strip, mapping.splitlines()):
        match = None if line.startswith("//") else _MAPPED.fullmatch(line)
        if match:
            address = f"mapping/{match['field']}"
            producer = line.replace(f" onto '{match['field']}'", "").removeprefix("map ")
            found[address] = f"{found[address]}; {producer}" if address in found else producer
    return found
