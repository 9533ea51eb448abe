"""The kernel's sources become extension modules beside them; where they can't, dkd is installed without, and says so.

    python .ci/compile.py

compiles in place, as ``pip install -e .`` does, which needs Cython, setuptools and a C compiler. What is as new as its
sources is left alone.
"""

import os
import sys
import sysconfig
import tempfile
from contextlib import chdir, redirect_stdout
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOM = Path("dkd") / "kernel"
ENDING = sysconfig.get_config_var("EXT_SUFFIX")


def compiled(root: Path = ROOT) -> str:
    """Compile what is older than its sources; empty, or why it can't be done. Then no module is left."""
    with chdir(root), redirect_stdout(sys.stderr):
        sources = sorted(ROOM.glob("*.pyx"))
        if all(map(_is_fresh, sources)):
            return ""
        for old in binaries():
            old.unlink()
        try:
            return _built(sources)
        except ImportError as error:
            return str(error)


def binaries() -> list[Path]:
    """The compiled modules of this Python, seen from the root."""
    return sorted(ROOM.glob(f"*{ENDING}"))


def _is_fresh(source: Path) -> bool:
    made = source.with_name(source.stem + ENDING)
    newest = max(one.stat().st_mtime for one in (source, *ROOM.glob("*.pxd")))
    return made.exists() and made.stat().st_mtime > newest


def _built(sources: list[Path]) -> str:
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.errors import BaseError, CCompilerError

    # For any processor, not this one: wheels and images move. Lines of C are of no use to who debugs Python.
    flags = ["/O2"] if sys.platform == "win32" else ["-O3", "-g0"]
    wanted = [Extension(".".join(one.with_suffix("").parts), [str(one)], extra_compile_args=flags) for one in sources]
    with tempfile.TemporaryDirectory() as made:
        options = {"inplace": True, "build_temp": made, "parallel": os.cpu_count()}
        try:
            modules = cythonize(wanted, build_dir=made, quiet=True, language_level=3)
            distribution = Distribution({"name": "dkd", "ext_modules": modules, "packages": ["dkd", "dkd.kernel"]})
            distribution.get_command_obj("build_ext").__dict__.update(options)
            distribution.run_command("build_ext")
        except (BaseError, CCompilerError, OSError) as error:
            for half in binaries():
                half.unlink()
            return " ".join(str(error).split())
    return ""


def warning(why: str) -> str:
    """One line."""
    return f"dkd works without its compiled kernel, and collects and enriches at half the speed: {why}"


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand
    pass
else:

    class Compile(BuildHookInterface):
        """What hatchling calls before it packs a wheel, or an editable one."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, object]) -> None:  # noqa: ARG002 - hatchling's
            """Compile, and have the modules in the wheel."""
            root = Path(self.root)
            why = compiled(root)
            if why:
                self.app.display_warning(warning(why))
                return
            with chdir(root):
                build_data["artifacts"] = [f"/{one.as_posix()}" for one in binaries()]
            build_data |= {"pure_python": False, "infer_tag": True}


if __name__ == "__main__":
    found = compiled()
    sys.exit(warning(found) if found else 0)
