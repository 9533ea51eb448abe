"""dkd's tag → the shorter form that is served: ``python tests/minify.py``; needs Node, and fetches terser."""

import hashlib
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "dkd" / "collect" / "tag"
SOURCE, MINIFIED = FOLDER / "dkd.js", FOLDER / "dkd.min.js"
TERSER = (
    "npx", "--yes", "terser@5.51.4", "--compress", "passes=4,unsafe_arrows=true,unsafe_methods=true,ecma=2020",
    "--mangle", "--toplevel", "--mangle-props", "regex=/^_/",
)  # fmt: skip


def heading() -> str:
    """The first line of the shorter form, which names the text that it was made of; it is not served."""
    return f"// of dkd.js {hashlib.sha256(SOURCE.read_bytes()).hexdigest()}\n"


if __name__ == "__main__":
    made = subprocess.run((*TERSER, "--", str(SOURCE)), capture_output=True, text=True, check=True).stdout
    MINIFIED.write_text(heading() + made)
    print(f"{MINIFIED}: {len(made)} bytes")
