"""The parts of a model that stand in files of their own → one tree, in which each part knows its file."""

from collections.abc import Callable
from pathlib import PurePosixPath

from dkd.errors import ModelError
from dkd.model.tree import Path, Tree, parse

SECTIONS = ("events", "fields", "groups", "dimensions", "measures")
"""What an included file may hold."""

Reader = Callable[[str], str | None]
"""A path relative to the model's folder → the text of that file; None where there is none that can be read."""


def include(tree: Tree, read: Reader) -> bool:
    """Add to *tree* what the files named under ``include`` hold; it learns every mistake of them.

    A name that stands twice is a mistake, whichever files it stands in: neither hides the other.

    Returns:
        Whether all of them could be read; else what the others name may stand in those.
    """
    found = tree.value.get("include") if isinstance(tree.value, dict) else None
    names = found if isinstance(found, list) else []
    is_whole = True
    for seq, name in enumerate(names):
        if name in names[:seq]:
            tree.add(("include", seq), "DKD202", f"{name!r} is included twice", "remove one of the two")
        elif isinstance(name, str):
            part = _part(tree, seq, name, read)
            is_whole = is_whole and part is not None and (part.value is not None or not part.problems)
            if part is not None:
                _add(tree, part)
    return is_whole


def _part(tree: Tree, seq: int, name: str, read: Reader) -> Tree | None:
    """The file *name*; None, and a mistake, where it may not be included or cannot be read."""
    problem = _refused(name)
    try:
        text = read(name) if problem is None else None
    except ModelError as error:  # no UTF-8, or too large: the other files are looked at all the same
        tree.problems += error.problems
        return None
    if text is None:
        remedy = "name a file in a folder below the model's, such as parts/products.yaml"
        tree.add(("include", seq), "DKD228", f"{name!r} {problem or 'cannot be read'}", remedy)
        return None
    return parse(text, str(PurePosixPath(tree.where).parent / name))


def _refused(name: str) -> str | None:
    """Why a file of this name may not be included; None where it may."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        return "does not lie below the model"
    # What lies beside the model is a model.
    return "lies beside the model" if len(path.parts) < 2 else None


def _add(tree: Tree, part: Tree) -> None:
    tree.problems += part.problems
    root, value = tree.value, part.value
    if not isinstance(root, dict) or value is None:
        return
    if not isinstance(value, dict):
        part.problems.clear()
        part.add((), "DKD228", "this holds no sections", f"write {', '.join(SECTIONS[:-1])} or {SECTIONS[-1]}")
        tree.problems += part.problems
        return
    part.problems.clear()
    for section, names in value.items():
        if section not in SECTIONS:
            part.add(
                (section,), "DKD228", f"{section!r} cannot be included", f"keep {', '.join(SECTIONS)}", of_key=True
            )
        elif isinstance(names, dict):
            _merge(tree, part, root, section, names)
        elif names is not None:
            part.add((section,), "DKD204", f"{section!r} should be a mapping of names", "correct the value")
    tree.problems += part.problems


def _merge(tree: Tree, part: Tree, root: dict[str, object], section: str, names: dict[str, object]) -> None:
    held = root.get(section)
    if held is None:
        held = root[section] = {}
        tree.keys[(section,)], tree.values[(section,)] = part.keys[(section,)], part.values[(section,)]
        tree.files[(section,)] = part.where
    if not isinstance(held, dict):
        return
    added: set[Path] = set()
    for name, value in names.items():
        path = (section, name)
        if name in held:
            part.add(
                path,
                "DKD202",
                f"{name!r} stands here and at {tree.place(path, of_key=True)}",
                "remove one",
                of_key=True,
            )
            continue
        held[name] = value
        tree.files[path] = part.where
        added.add(path)
    for mine, theirs in ((tree.keys, part.keys), (tree.values, part.values)):
        mine |= {one: place for one, place in theirs.items() if one[:2] in added}
