"""A change of a field finds its rule: its type, its unit, its place, its privacy; whether it was added or renamed."""

from collections.abc import Mapping

from dkd.model.personal import sounds_personal
from dkd.systems.rules import Edit

_EXPOSED = {"drop": 0, "pseudonymise": 1, "truncate": 1, "keep": 2}
"""How much of a value is left. A pseudonym tells people apart, a cut value shows a part: neither shows less."""

_ADDRESS = "ip"
"""The source of the visitor's address, which has a policy of its own."""
_NUMBERS = frozenset({"long", "double"})


def field_rule(edit: Edit, rest: str) -> str | None:
    """The rule for the value *rest* of a field, or for a whole field."""
    name, _, key = rest.partition("/")
    if not key:
        return _added(edit, name) if edit.before is None else _removed(edit, name)
    if key == "privacy":
        return _privacy(edit, name)
    if edit.was(f"clean/{name}") is None and edit.now(f"clean/{name}") is None:
        return "DKD872"
    if key == "type":
        return _type(edit, name)
    if key == "values":
        return None if edit.before is None or edit.after is None else enum_rule(edit)
    if key == "unit":
        return "DKD873" if edit.before is None else "DKD874"
    if key == "purpose":
        return "DKD991" if edit.after is None else "DKD878"
    if key == "source":
        return "DKD981" if edit.after == _ADDRESS else "DKD877"
    return "DKD869" if key == "default" else "DKD878"


def clean_rule(edit: Edit, rest: str) -> str | None:
    """The rule for another type of a key of the clean topic; a key that is new or gone is the field's own change."""
    if edit.before is None or edit.after is None or {edit.before, edit.after} <= _NUMBERS:
        return None
    # A pseudonym is always a text, so making one changes the type; that is told as what it is.
    return None if edit.was(f"field/{rest}/privacy") != edit.now(f"field/{rest}/privacy") else "DKD922"


def enum_rule(edit: Edit) -> str | None:
    """The rule for other values of an enum; their order says nothing."""
    before, after = texts(edit.before), texts(edit.after)
    if before == after:
        return None
    return "DKD876" if before - after else "DKD875"


def successor(edit: Edit, kind: str, name: str) -> str:
    """The new field or event that says that it was *name*; empty when none does."""
    found = (
        one.removesuffix("/was")
        for one in edit.names(edit.new, f"{kind}/")
        if one.endswith("/was") and edit.now(f"{kind}/{one}") == name
    )
    return next(found, "")


def candidates(edit: Edit) -> list[str]:
    """New fields, or events, that may be the one that is gone: nobody says what they were, and the type is the same."""
    kind = edit.place.partition("/")[0]
    mark = "type" if kind == "field" else "required"
    gone = edit.before.get("type") if isinstance(edit.before, Mapping) else None
    return [
        name
        for one in edit.names(edit.new, f"{kind}/")
        if one.endswith(f"/{mark}") and one.count("/") == 1
        for name in [one.removesuffix(f"/{mark}")]
        if edit.was(f"{kind}/{one}") is None
        and edit.now(f"{kind}/{name}/was") is None
        and (kind == "event" or edit.now(f"{kind}/{one}") == gone)
    ]


def candidates_text(edit: Edit) -> str:
    """The question which of the candidates it is."""
    found = candidates(edit)
    return f"is it {' or '.join(found[:3])} now?" if found else ""


def has_personal(edit: Edit) -> bool:
    """Whether a field of the new side has a privacy of its own."""
    return any(
        edit.now(f"field/{one}") in ("pseudonymise", "truncate")
        for one in edit.names(edit.new, "field/")
        if one.endswith("/privacy")
    )


def texts(value: object) -> set[str]:
    """A list of texts as a set; anything else is none."""
    return {str(name) for name in value} if isinstance(value, list) else set()


def _added(edit: Edit, name: str) -> str:
    field = edit.after if isinstance(edit.after, Mapping) else {}
    if field.get("privacy") == "drop":
        return "DKD872"
    was = field.get("was")
    if was and edit.was(f"field/{was}/type"):
        return "DKD866" if edit.now(f"field/{was}/type") else "DKD862"
    if is_new_site(edit):
        # Nothing was promised before.
        return "DKD860"
    is_address = field.get("source") == _ADDRESS
    if field.get("privacy") != "keep" or is_address or sounds_personal(name, field.get("type")):
        return "DKD982"
    return "DKD925" if _is_number_id(name, field.get("type")) else "DKD860"


def _removed(edit: Edit, name: str) -> str:
    field = edit.before if isinstance(edit.before, Mapping) else {}
    if field.get("privacy") == "drop":
        return "DKD872"
    if edit.now(f"reserved/{name}"):
        return "DKD861"
    if successor(edit, "field", name):
        # Where both were there for a while, the switch is over.
        return "DKD862" if edit.was(f"field/{successor(edit, 'field', name)}/type") is None else "DKD861"
    return "DKD863" if candidates(edit) else "DKD864"


def _type(edit: Edit, name: str) -> str | None:
    pair = (edit.before, edit.after)
    if _is_number_id(name, edit.after):
        return "DKD925"
    if pair == ("enum", "string"):
        return "DKD870"
    if pair == ("string", "enum"):
        return "DKD871"
    if "timestamp" in pair:
        return "DKD907"
    # Schema, column and key of the clean topic have lines of their own.
    return None


def _privacy(edit: Edit, name: str) -> str:
    before, after = (_EXPOSED.get(str(value), 2) for value in (edit.before, edit.after))
    if after >= before:
        return "DKD981"
    counted = edit.now("enrich/sessions/conversions")
    values = [one.get("value") for one in counted if isinstance(one, Mapping)] if isinstance(counted, list) else []
    return "DKD993" if edit.after == "drop" and name in values else "DKD990"


def is_new_site(edit: Edit) -> bool:
    """Whether the old side has nothing of the site."""
    return edit.was("topic/clean/retention") is None


def _is_number_id(name: str, kind: object) -> bool:
    return kind == "long" and name.endswith("_id")
