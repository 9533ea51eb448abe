"""Divolte's files become values by setting and by mapped field, and a change of one is classed."""

import json
import re
from collections.abc import Iterator, Mapping

from dkd.systems.classes import ChangeClass

_MAPPED = re.compile(r".* onto '(?P<field>\w+)'(?: \})?")
_IDENTITY = ("cookie_domain", "session_timeout", "party_timeout")


def values(files: Mapping[str, str]) -> dict[str, object]:
    """Settings of the configuration, the statements that fill each field, and what the schema says about fields."""
    found: dict[str, object] = {}
    for path, text in files.items():
        if path.endswith(".conf"):
            found |= {f"conf/{name}": value for name, value in _settings(text)}
        elif path.endswith(".groovy"):
            found |= _statements(text)
        else:
            fields = json.loads(text)["fields"]
            found |= {f"doc/{field['name']}": field["doc"] for field in fields if "doc" in field}
    return found


def classify(address: str, before: object, after: object) -> ChangeClass:
    """What a change of the value at *address* does to the records that Divolte writes."""
    kind, _, name = address.partition("/")
    if kind == "mapping":
        return _mapping_class(name, before, after)
    if name.endswith("topic"):
        return "needs-new-topic"
    return "semantic" if name.endswith(_IDENTITY) else "safe"


def _mapping_class(field: str, before: object, after: object) -> ChangeClass:
    if before is None:
        return "privacy-widening" if field == "remoteHost" else "additive"
    if after is None:
        return "needs-order"
    # A wider number holds every value that the narrower one held.
    return "needs-order" if str(before).replace("32 }", "64 }") == after else "semantic"


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
