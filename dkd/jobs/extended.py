"""Lines of a web server's log in W3C's extended format → the columns by which other logs are told.

The format: https://www.w3.org/TR/WD-logfile.html. IIS writes ``+`` for a blank, CloudFront ``%20``, and tabs.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from dkd.jobs.tables import Row

_FIELDS = b"#Fields:"
_CELL = re.compile(r'"(?:[^"]++|"")*+"|[^\s"]\S*')
_NAMES = {
    "c-ip": "ip", "cs-username": "userid", "sc-status": "status", "sc-bytes": "bytes", "cs(user-agent)": "agent",
    "cs(referer)": "referrer",
}  # fmt: skip
_ENCODED = frozenset(("agent", "referrer"))


def is_extended(lines: Iterable[bytes]) -> bool:
    """Whether one of *lines* names the fields of those after it."""
    return any(line.startswith(_FIELDS) for line in lines)


def extended_rows(lines: Iterable[bytes], columns: Container[str]) -> Iterator[Row]:
    """Every line that is no directive.

    Args:
        lines: Without their ends; a ``#Fields:`` holds until the next one.
        columns: Further names that are kept, written with ``_``: ``time_taken`` for ``time-taken``.
    """
    names: list[str] = []
    for line in lines:
        if line.startswith(_FIELDS):
            names = line.removeprefix(_FIELDS).decode("latin-1").lower().split()
        elif not line.startswith(b"#"):
            cells = [_bare(cell) for cell in _CELL.findall(line.decode("utf-8", "replace"))]
            is_whole = bool(names) and len(cells) == len(names)
            yield _given(dict(zip(names, cells, strict=True)), columns) if is_whole else None, line


def _given(told: Mapping[str, str], columns: Container[str]) -> dict[str, object]:
    said = {name: cell for name, cell in told.items() if cell != "-"}
    given: dict[str, object] = {re.sub(r"[^a-z0-9]+", "_", name).strip("_"): cell for name, cell in said.items()}
    given = {name: cell for name, cell in given.items() if name in columns}
    given |= {_NAMES[name]: cell for name, cell in said.items() if name in _NAMES}
    given |= {name: unquote_plus(str(given[name])) for name in _ENCODED & given.keys()}
    query = f"?{said['cs-uri-query']}" if "cs-uri-query" in said else ""
    address = said.get("cs-uri") or said.get("cs-uri-stem", "-") + query
    version = said.get("cs-version") or said.get("cs-protocol-version") or "HTTP/1.1"
    return given | {"_time": _time(told), "request": f"{said.get('cs-method', '-')} {address} {version}"}


def _time(told: Mapping[str, str]) -> int | str:
    """Milliseconds since 1970; the text where it is no time. The format has no zone but UTC."""
    text = f"{told.get('date', '')} {told.get('time', '')}"
    try:
        return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return text


def _bare(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') and cell.endswith('"') else cell
