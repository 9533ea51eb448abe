"""A model's tree as people write it → the one long form that the schema knows, each value still at its place."""

from collections.abc import Callable, Iterator
from copy import deepcopy

from dkd.model.tree import Path, Place, Tree
from dkd.model.words import unknown

SECTIONS = (
    "collector", "topics", "datasources", "targets", "events", "fields", "groups", "dimensions", "measures", "enrich",
)  # fmt: skip


def normalise(tree: Tree) -> dict[str, object]:
    """The long form of *tree*: ``price: double`` becomes ``price: {type: double}``, empty sections become ``{}``.

    The tree must hold a mapping. It learns the places of what is added.
    """
    root = dict(tree.value) if isinstance(tree.value, dict) else {}
    for name in SECTIONS:
        if name in root and root[name] is None:
            root[name] = {}
    _each(tree, root, "events", _event)
    _each(tree, root, "fields", _field)
    _each(tree, root, "groups", _group)
    _use_groups(tree, root)
    _each(tree, root, "targets", _empty)
    if "enrich" in root:
        root["enrich"] = _enrich(tree, root["enrich"])
    return root


def _each(tree: Tree, root: dict[str, object], name: str, form: Callable[[Tree, object, Path], object]) -> None:
    section = root.get(name)
    if isinstance(section, dict):
        root[name] = {key: form(tree, value, (name, key)) for key, value in section.items()}


def _empty(_tree: Tree, value: object, _path: Path) -> object:
    return {} if value is None else value


def _event(tree: Tree, value: object, path: Path) -> object:
    if value is None:
        return {}
    if isinstance(value, dict) and isinstance(value.get("fields"), dict):
        fields = {key: _field(tree, inner, (*path, "fields", key)) for key, inner in value["fields"].items()}
        return {**value, "fields": fields}
    return value


def _group(tree: Tree, value: object, path: Path) -> object:
    if isinstance(value, dict):
        return {key: _field(tree, inner, (*path, key)) for key, inner in value.items()}
    return value


def _use_groups(tree: Tree, root: dict[str, object]) -> None:
    """Give each event the fields of the groups that it uses; they keep their places in the file."""
    events, groups = root.get("events"), root.get("groups", {})
    if not isinstance(events, dict) or not isinstance(groups, dict):
        return
    parts = _parts_of_groups(tree)
    for event, body in events.items():
        names = body.get("use") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(names, list):
            continue
        own = body.get("fields")
        fields: dict[str, object] = dict(own) if isinstance(own, dict) else {}
        for seq, group in enumerate(names):
            at: Path = ("events", event, "use", seq)
            for name in _use_group(tree, at, group, groups, fields):
                _place(tree, parts, ("groups", str(group), name), ("events", event, "fields", name))
        if own is None or isinstance(own, dict):
            body["fields"] = fields


def _use_group(
    tree: Tree, at: Path, group: object, groups: dict[str, object], fields: dict[str, object]
) -> Iterator[str]:
    """Add the group's fields to *fields*; their names."""
    held = groups.get(group) if isinstance(group, str) else None
    if isinstance(group, str) and group not in groups:
        tree.add(at, "DKD227", *unknown("group", group, set(groups)))
    for name, field in held.items() if isinstance(held, dict) else ():
        if name in fields:
            problem = f"{at[1]!r} has the field {name!r} already"
            tree.add(at, "DKD227", problem, "remove one of the two")
            continue
        # Parts that turn out wrong are taken out of one event at a time.
        fields[name] = deepcopy(field)
        yield name


_Parts = list[tuple[dict[Path, Place], dict[Path, list[tuple[Path, Place]]]]]


def _parts_of_groups(tree: Tree) -> _Parts:
    """The places of keys and of values, each with what it knows of every group's field: paths within it, and where."""
    found: _Parts = []
    for places in (tree.keys, tree.values):
        parts: dict[Path, list[tuple[Path, Place]]] = {}
        for path, place in places.items():
            if path[0:1] == ("groups",) and len(path) > 2:
                parts.setdefault(path[:3], []).append((path[3:], place))
        found.append((places, parts))
    return found


def _place(tree: Tree, parts: _Parts, old: Path, new: Path) -> None:
    for places, inner in parts:
        places |= {(*new, *rest): place for rest, place in inner.get(old, ())}
    tree.files[new] = tree.file(old)


def _field(tree: Tree, value: object, path: Path) -> object:
    if value is None:
        return {}
    if isinstance(value, str):
        tree.values[(*path, "type")] = tree.values[path]
        return {"type": value}
    if isinstance(value, dict) and value.get("from") is not None:
        return {**value, "from": _steps(tree, value["from"], (*path, "from"))}
    return value


def _steps(tree: Tree, value: object, path: Path) -> list[object]:
    """The steps of a ``from:``, which may be a text, one step, or a list of both."""
    if isinstance(value, list):
        return [_step(tree, item, (*path, index), (*path, index)) for index, item in enumerate(value)]
    return [_step(tree, value, path, (*path, 0))]


def _step(tree: Tree, value: object, old: Path, new: Path) -> object:
    if not isinstance(value, dict):
        tree.values[new] = tree.values[(*new, "source")] = tree.values[old]
        return {"source": value}
    if new != old:
        _also(tree, value, old, new)
    return value


def _also(tree: Tree, value: object, old: Path, new: Path) -> None:
    """Let *tree* know the places of *value* and of all in it by the path *new* too."""
    for places in (tree.keys, tree.values):
        if old in places:
            places[new] = places[old]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        _also(tree, part, (*old, name), (*new, name))


def _enrich(tree: Tree, value: object) -> object:
    if not isinstance(value, list):
        return value
    found: dict[str, object] = {}
    for index, item in enumerate(value):
        at: Path = ("enrich", index)
        name, options = _enricher(item)
        if name is None:
            tree.add(at, "DKD204", f"{item!r} names no enricher", "write its name, or {name: {option: value}}")
        elif name in found:
            tree.add(at, "DKD202", f"enricher {name!r} stands twice", "remove one of them")
        else:
            found[name] = options
            _move(tree, at if isinstance(item, str) else (*at, name), ("enrich", name))
    return found


def _enricher(item: object) -> tuple[str | None, object]:
    if isinstance(item, str):
        return item, {}
    if isinstance(item, dict) and len(item) == 1:
        ((name, options),) = item.items()
        return str(name), {} if options is None else options
    return None, None


def _move(tree: Tree, old: Path, new: Path) -> None:
    for places in (tree.keys, tree.values):
        for path in [path for path in places if path[: len(old)] == old]:
            places[new + path[len(old) :]] = places[path]
    tree.keys.setdefault(new, tree.values[old])
