"""Whether the hot loops of this room were compiled when dkd was installed; each has a plain form beside its caller.

A caller asks :data:`IS_COMPILED` and imports the module that it wants only then. The plain form says what the compiled
one must give, byte for byte, and is what runs where there was no C compiler.
"""

from importlib.util import find_spec
from pathlib import Path

_SOURCES = [one.stem for one in Path(__file__).parent.glob("*.pyx")]

IS_COMPILED = bool(_SOURCES) and all(find_spec(f"{__name__}.{name}") for name in _SOURCES)
"""Whether all of them were: half a kernel is none."""

SLOW = "the hot loops are not compiled, as there was no C compiler when dkd was installed: about half the speed"
"""What the commands say that use them, where they are not."""
