"""How far a command is → one passing line on stderr, or a line now and then where nobody watches."""

import typer

_EVERY_S = {True: 0.2, False: 5.0}


class Stderr:
    """Progress on stderr: some times a second in place on a terminal, else a line every five."""

    def __init__(self) -> None:
        """Write to this process's stderr."""
        import sys

        from dkd.cli.args import is_terminal

        self._is_terminal = is_terminal(sys.stderr)
        self._next_s = 0.0

    def progress(self, text: str) -> None:
        """Show *text*, unless the last one is too fresh."""
        import time

        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _EVERY_S[self._is_terminal]
        if self._is_terminal:
            import shutil

            typer.echo(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}", err=True, nl=False)
        else:
            typer.echo(text, err=True)

    def note(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        typer.echo(text, err=True)

    def clear(self) -> None:
        """Take the passing line away."""
        if self._is_terminal:
            typer.echo("\r\x1b[K", err=True, nl=False)
