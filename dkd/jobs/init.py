"""Path → text, written to a folder; what exists is never touched."""

from collections.abc import Mapping
from pathlib import Path

from dkd.errors import UsageError


def write_new(folder: Path, texts: Mapping[str, str]) -> dict[str, bool]:
    """Write each text whose path is free.

    Args:
        folder: Made when it does not exist.
        texts: Path below *folder* to text.

    Returns:
        Each path, with whether it was written now.

    Raises:
        UsageError: DKD113, when the folder cannot be written to.
    """
    written: dict[str, bool] = {}
    for name, text in texts.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            written[str(path)] = True
        except FileExistsError:
            written[str(path)] = False
        except OSError as error:
            problem = f"cannot write {name}: {error.strerror}"
            raise UsageError("DKD113", where=str(folder), problem=problem, remedy="choose a folder of yours") from error
    return written
