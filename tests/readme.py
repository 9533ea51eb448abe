"""The README's shell commands, so that tests and CI run what people read; ``readme.py`` prints the one that tests."""

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def commands() -> list[str]:
    """Every ``bash`` block of the README, in order; a block is one command.

    The first sets up and runs the main job, the last sets up and runs the tests, those between are the path that a
    newcomer walks.
    """
    return [block.strip() for block in re.findall(r"```bash\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)]


if __name__ == "__main__":
    print(commands()[-1])
