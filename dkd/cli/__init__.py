"""The ``dkd`` command: arguments in, one call, text and an exit code out.

Modules here import nothing but typer at the top, so that ``dkd --help`` answers at once; what a command needs, its body
imports.
"""

import errno
import sys
from typing import Any

import typer

import dkd
from dkd.cli import (
    ask,
    backfill,
    bots,
    collect,
    demo,
    deploy,
    diff,
    doctor,
    enrich,
    explore,
    model,
    rejects,
    render,
    replay,
    sessions,
    simulate,
    sql,
    stack,
    tail,
)
from dkd.errors import DkdError, ExitCode

_WrongUsage: Any = typer.BadParameter.__mro__[1]
"""click's UsageError, by the one public way to it: typer carries its own copy of click since 0.20, others do not."""

_REFUSALS = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST))
"""What a disk or its rights refuse, wherever a command writes."""

app = typer.Typer(
    name="dkd",
    help="One YAML model for a real-time clickstream stack: Divolte collects, Kafka carries, Druid stores.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    model,
    render,
    diff,
    doctor,
    stack,
    deploy,
    sql,
    ask,
    bots,
    sessions,
    tail,
    rejects,
    replay,
    backfill,
    simulate,
    demo,
    collect,
    enrich,
    explore,
):
    group.add_to(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"dkd {dkd.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """One YAML model for a real-time clickstream stack: Divolte collects, Kafka carries, Druid stores."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command; every way it can end becomes an exit code of :class:`dkd.errors.ExitCode`."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors are printed to stderr, one line each."""
    try:
        result = app(arguments, standalone_mode=False)
    except DkdError as error:
        typer.echo(str(error), err=True)
        return error.exit_code
    except _WrongUsage as error:
        command = error.ctx.command_path if error.ctx else "dkd"
        said = error.format_message().removeprefix("Value error, ").rstrip(". ")
        typer.echo(f"{said or 'no command is given'}; see {command} --help", err=True)
        return ExitCode.usage
    except typer.Abort:
        return ExitCode.interrupted
    except KeyboardInterrupt:
        return ExitCode.interrupted
    except SystemExit as ended:
        # Typer ends so when the reader of our output has left, which is what `| head` does.
        return ExitCode.ok if isinstance(ended.__context__, BrokenPipeError) else int(ended.code or 0)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        place = f"{error.filename}: " if error.filename else ""
        typer.echo(f"{place}{str(error.strerror).lower()}; make room or choose another place [DKD100]", err=True)
        return ExitCode.failed
    return result if isinstance(result, int) else ExitCode.ok
