"""The README's shell commands, so that tests and CI run what people read; ``readme.py 2`` prints the second."""

import re
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def commands() -> list[str]:
    """Every command of the README's ``bash`` blocks, in order; a block is one command."""
    return [block.strip() for block in re.findall(r"```bash\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)]


if __name__ == "__main__":
    print(commands()[int(sys.argv[1]) - 1])
