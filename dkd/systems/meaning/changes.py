"""A change of what a model says finds its rule: what it does to numbers, to privacy, or to who may send."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from dkd.model.personal import sounds_personal
from dkd.model.types import duration
from dkd.systems.meaning import fields
from dkd.systems.rules import UNKNOWN, Edit

_EXPOSED = {"hash": 1, "truncate": 1, "full": 2}
"""How much of an address is left."""


def rule(edit: Edit) -> str | None:
    """The code of the rule for *edit*; None where other lines tell it all."""
    kind, _, rest = edit.place.partition("/")
    found = _BY_KIND.get(kind)
    return found(edit, rest) if found else UNKNOWN.code


def note(edit: Edit, code: str) -> str:
    """What a rule's text cannot say: which names may be meant."""
    return fields.candidates_text(edit) if code in ("DKD863", "DKD853") else ""


def _event(edit: Edit, rest: str) -> str | None:
    name, _, key = rest.partition("/")
    if not key:
        return _whole_event(edit, name)
    if key == "required":
        # What is required now and was not before is rejected from senders that do not send it yet.
        return "DKD855" if fields.texts(edit.after) - fields.texts(edit.before) else "DKD856"
    if key == "fields":
        return _listed(edit)
    if key.endswith("/values"):
        return fields.enum_rule(edit)
    return "DKD874" if key.endswith("/unit") else "DKD878"


def _whole_event(edit: Edit, name: str) -> str:
    if edit.before is None:
        was = edit.after.get("was") if isinstance(edit.after, Mapping) else None
        is_there = edit.was(f"event/{was}/required") is not None, edit.now(f"event/{was}/required") is not None
        return "DKD852" if is_there == (True, False) else "DKD850"
    if edit.now(f"reserved/{name}"):
        return "DKD851"
    if fields.successor(edit, "event", name):
        return "DKD852"
    return "DKD853" if fields.candidates(edit) else "DKD854"


def _listed(edit: Edit) -> str | None:
    more, less = (
        {name for name in found if edit.now(f"field/{name}/type") and edit.was(f"field/{name}/type")}
        for found in (
            fields.texts(edit.after) - fields.texts(edit.before),
            fields.texts(edit.before) - fields.texts(edit.after),
        )
    )
    if not more and not less:
        # The fields themselves are new or gone, and have lines of their own.
        return None
    return "DKD858" if any(edit.now(f"field/{name}/type") == "enum" for name in more) else "DKD857"


def _enrich(edit: Edit, rest: str) -> str:
    name, _, option = rest.partition("/")
    if not fields.is_new_site(edit) and (found := _protection(edit, name, option)):
        return found
    if not option:
        drops = isinstance(edit.after, Mapping) and edit.after.get("action") == "drop"
        return "DKD884" if drops else "DKD880" if edit.before is None else "DKD881"
    if name == "bots":
        return "DKD884" if option == "action" and edit.after == "drop" else "DKD883"
    if name != "sessions" or option == "origin":
        return "DKD887"
    if option == "late_after" and _ms(edit.after) < _ms(edit.before):
        return "DKD885"
    return "DKD886" if option.startswith("conversions") else "DKD882"


def _protection(edit: Edit, name: str, option: str) -> str | None:
    """More or less of what is about people, by the options of privacy and the profiles that are joined."""
    before, after = ({option: one} if option else one for one in (edit.before, edit.after))
    was, now = (one if isinstance(one, Mapping) else {} for one in (before, after))
    if name == "profile":
        new = fields.texts(now.get("fields")) - fields.texts(was.get("fields"))
        return "DKD982" if any(sounds_personal(one, "string") for one in new) else None
    if name != "privacy":
        return None
    kept = [one.get("emails") == "keep" for one in (was, now)]
    # Without a time a pseudonym is the same for ever.
    lasts = [_ms(one.get("rotate")) for one in (was, now)]
    if kept[1] > kept[0] or lasts[1] > lasts[0]:
        return "DKD981"
    return "DKD990" if kept[0] > kept[1] else "DKD887" if lasts[1] < lasts[0] else "DKD878"


def _computed(edit: Edit, name: str) -> str | None:
    """A measure, or a dimension that is computed: a definition that nothing stored depends on."""
    kind = edit.place.partition("/")[0]
    meaning = _meaning(edit.after or edit.before)
    if edit.before is None or edit.after is None:
        other = edit.old if edit.before is None else edit.new
        counterpart = edit.new if edit.before is None else edit.old
        renamed = any(
            _meaning(other[f"{edit.root}{kind}/{one}"]) == meaning and f"{edit.root}{kind}/{one}" not in counterpart
            for one in edit.names(other, f"{kind}/")
            if one != name
        )
        return "DKD892" if renamed else "DKD890" if edit.before is None else "DKD891"
    if meaning != _meaning(edit.before):
        return "DKD893"
    described = [one.get("description") for one in (edit.before, edit.after) if isinstance(one, Mapping)]
    return "DKD878" if len(set(described)) > 1 else None


def _meaning(definition: object) -> object:
    """A definition without its description; a value alone is a list of one, and such lists have no order."""
    if not isinstance(definition, Mapping):
        return 0
    kept = {key: value for key, value in definition.items() if key != "description"}
    listed = {key: {name: _unordered(one) for name, one in kept[key].items()} for key in _UNORDERED & kept.keys()}
    return kept | listed


_UNORDERED = {"where", "groups"}


def _unordered(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _unordered(one) for name, one in value.items()}
    return sorted(value if isinstance(value, list) else [value], key=repr)


def _collector(edit: Edit, rest: str) -> str:
    if not rest:
        return "DKD895" if edit.before is None else "DKD896"
    if rest in _CAREFUL:
        return _CAREFUL[rest](edit)
    if rest == "ip":
        return "DKD990" if _EXPOSED.get(str(edit.after), 2) < _EXPOSED.get(str(edit.before), 0) else "DKD981"
    if rest == "origins":
        return "DKD896" if fields.texts(edit.before) - fields.texts(edit.after) else "DKD895"
    if rest == "geo_database":
        # The fields that ask it have lines of their own; another database says other things.
        return "DKD877" if edit.before is not None and edit.after is not None else "DKD878"
    return "DKD987" if rest in ("cookie_domain", "cookie") else "DKD894"


def _scrub(edit: Edit) -> str:
    """Fewer parameters are cut out of addresses, or only more."""
    return "DKD981" if fields.texts(edit.before) - fields.texts(edit.after) else "DKD990"


def _opt_out(edit: Edit) -> str:
    return "DKD990" if _HEARD.get(str(edit.after), 0) > _HEARD.get(str(edit.before), 0) else "DKD981"


def _path(edit: Edit) -> str:
    """A route is only added, or goes."""
    return "DKD895" if edit.before is None else "DKD896"


def _rate(edit: Edit) -> str:
    before, after = (float(str(value or "inf")) for value in (edit.before, edit.after))
    return "DKD895" if after > before else "DKD896"


def _proxies(_edit: Edit) -> str:
    return "DKD877"


_HEARD = {"ignore": 0, "anonymous": 1, "drop": 2}
_CAREFUL: Mapping[str, Callable[[Edit], str]] = {
    "scrub": _scrub, "opt_out": _opt_out, "event_path": _path, "json_source": _path, "rate": _rate,
    "proxies": _proxies,
}  # fmt: skip
"""What decides about the options of a collector that protect visitors, or that senders notice."""


def _sender(edit: Edit, _rest: str) -> str:
    return "DKD897" if edit.before is None else "DKD896"


def _retention(edit: Edit, rest: str) -> str | None:
    if not rest.endswith("/retention"):
        return UNKNOWN.code
    is_longer = edit.before is not None and _ms(edit.after) > _ms(edit.before)
    if is_longer and not rest.startswith("sessions") and fields.has_personal(edit):
        return "DKD983"
    if edit.place.startswith("topic/"):
        return None
    if edit.before is None or edit.after is None:
        return "DKD950" if edit.before is None else "DKD951"
    return "DKD898" if is_longer else "DKD971"


def _target(edit: Edit, rest: str) -> str:
    if rest.endswith("/security") and edit.before and "SSL" in str(edit.before) and edit.after != "SASL_SSL":
        return "DKD992"
    return "DKD899"


def _reserved(edit: Edit, _rest: str) -> str:
    return "DKD879" if edit.before is None else "DKD868"


def _pseudonym(edit: Edit, _rest: str) -> str:
    return "DKD995" if edit.after is None else "DKD994"


def _description(_edit: Edit, _rest: str) -> str:
    return "DKD878"


_BY_KIND: Mapping[str, Callable[[Edit, str], str | None]] = {
    "event": _event, "field": fields.field_rule, "clean": fields.clean_rule, "enrich": _enrich, "measure": _computed,
    "dimension": _computed, "collector": _collector, "sender": _sender, "datasource": _retention, "topic": _retention,
    "target": _target, "reserved": _reserved, "pseudonym": _pseudonym, "description": _description,
}  # fmt: skip


def _ms(text: object) -> float:
    """A retention in ms; none at all is for ever."""
    found = duration(text) if isinstance(text, str) else None
    return found / timedelta(milliseconds=1) if isinstance(found, timedelta) else float("inf")
