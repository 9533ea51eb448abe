"""The page's own script and style → files at addresses named by their content, which a browser fetches once.

Streamlit sends a component's texts with every answer: two hundred kilobytes beside the twenty that are new.
"""

import hashlib
from functools import lru_cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

PLACE = "/parts/"
_TYPES = {"js": "text/javascript", "css": "text/css"}
_FOR_EVER = "public, immutable, max-age=31536000"


@lru_cache
def part(kind: str) -> str:
    """The page's files of one kind as one text: page.css before other styles, all scripts as one module."""
    found = [file for file in files("dkd.explore").joinpath("parts").iterdir() if file.name.endswith(f".{kind}")]
    ordered = sorted(found, key=lambda file: (not file.name.startswith("page."), file.name))
    return "\n".join(file.read_text("utf-8") for file in ordered)


def html() -> str:
    """The page's frame, which is shown once its style is there."""
    return f'<link rel="stylesheet" href="{_address("css")}">\n{part("html")}'


def style() -> str:
    """Hides the frame until then; the style itself says the opposite, and says it louder."""
    return ".root { visibility: hidden; }\n"


def script() -> str:
    """The component's module, which is the page's own."""
    return (
        f'const {{ default: draw }} = await import(new URL("{_address("js")}", document.baseURI).href);\n'
        "export default draw;\n"
    )


async def parts(request: Request) -> Response:
    """The route; whatever name is asked for, the text is that of this process."""
    kind = request.path_params["name"].rpartition(".")[2]
    if kind not in _TYPES:
        return Response(status_code=404)
    is_this = _address(kind).endswith(request.path_params["name"])
    # A page of the version before may still ask by its old name, and must not take the new text for it for ever.
    return Response(
        _text(kind), media_type=_TYPES[kind], headers={"Cache-Control": _FOR_EVER if is_this else "no-store"}
    )


def _text(kind: str) -> str:
    return part(kind) + ("\n.root.root { visibility: visible; }\n" if kind == "css" else "")


@lru_cache
def _address(kind: str) -> str:
    return f"{PLACE[1:]}{hashlib.sha256(_text(kind).encode()).hexdigest()[:16]}.{kind}"
