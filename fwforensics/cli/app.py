"""`fwf`: the commands, the options that all of them share, and what becomes of errors."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from fwforensics.cli import render
from fwforensics.cli.exits import ExitCode
from fwforensics.errors import FwfError
from fwforensics.version import __version__

app = typer.Typer(
    name="fwf",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Firewall log forensics: find violations that recur intermittently across training runs, and prove them "
    "down to the raw line.\n\nstdout is data, stderr is narration. Start with: fwf demo",
)
#: One file a noun; each adds its commands to `app`.
NOUNS = (
    "ingest", "case", "runs", "hunt", "enrich", "safelist", "query", "timeline", "explore", "export", "report", "demo",
)  # fmt: skip


def _version(asked: bool) -> None:
    if asked:
        render.lines([f"fwforensics {__version__}"])
        raise typer.Exit


@app.callback()
def common(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress bar.")] = False,
    display_tz: Annotated[
        str | None, typer.Option(help="Zone in which times are shown; changes nothing but the display.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Options that all commands share."""
    del version
    render.style.quiet = quiet
    render.style.progress = not no_progress
    render.set_zone(display_tz)


def load(arguments: Sequence[str] = ()) -> typer.Typer:
    """The application with all its commands; with those of one file alone where that has the name of what is asked."""
    asked = next((word for word in arguments if not word.startswith("-")), "")
    for noun in [asked] if asked in NOUNS else NOUNS:
        import_module(f"fwforensics.cli.{noun}")
    return app


def main() -> None:
    """Run the command; every error ends in its exit code, none in a stack trace."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the command
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (for good)
    code = run(sys.argv[1:], Path(sys.argv[0]).name.replace("__main__.py", "fwf"))
    sys.stdout.flush()
    os._exit(code) if code == ExitCode.INTERRUPTED else sys.exit(code)


def run(given: Sequence[str], name: str = "fwf") -> int:
    """Run one command; returns its exit code."""
    arguments = _hoisted(list(given))
    try:
        code = load(arguments)(args=arguments, prog_name=name, standalone_mode=False)
    except FwfError as error:
        render.complain(error)
        code = error.exit_code
    except OSError as error:
        why = error.strerror or str(error)
        render.complain(FwfError(why, where=str(error.filename) if error.filename else None))
        code = ExitCode.ERROR
    except (KeyboardInterrupt, typer.Abort):
        render.say("interrupted; what was finished is in the case, and the same command goes on from there")
        code = ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the last resort: no stack trace reaches an analyst)
        code = _unexpected(error)
    return int(code or 0)


def _hoisted(arguments: list[str]) -> list[str]:
    """Shared options may stand anywhere; typer wants them before the command."""
    flags = {"--quiet", "-q", "--no-progress"}
    front: list[str] = []
    rest: list[str] = []
    stream = iter(arguments)
    for given in stream:
        if given == "--":
            rest += [given, *stream]
        elif given in flags:
            front.append(given)
        elif given == "--display-tz":
            front += [given, next(stream, "")]
        elif given.startswith("--display-tz="):
            front.append(given)
        else:
            rest.append(given)
    return [*front, *rest]


def _unexpected(error: Exception) -> int:
    """Usage errors of the option parser, and what nobody foresaw."""
    shown = getattr(error, "show", None)
    if callable(shown) and hasattr(error, "exit_code"):
        shown()
        return int(error.exit_code)
    if type(error).__name__ == "InterruptException" or str(error) == "Query interrupted":
        # The database noticed Ctrl-C first.
        render.say("interrupted; what was finished is in the case")
        return ExitCode.INTERRUPTED
    if os.environ.get("FWF_DEBUG"):
        raise error
    if type(error).__name__ in ("IOException", "OutOfMemoryException", "FatalException"):
        what = f"the database gave up: {str(error).splitlines()[0]}"
        remedy = (
            "what was committed is in the case; see to room on the disk (or --memory-limit), and repeat the command"
        )
        render.complain(FwfError(what, remedy=remedy))
        return ExitCode.ERROR
    render.complain(
        FwfError(
            f"{type(error).__name__}: {error}",
            remedy="this should not happen; FWF_DEBUG=1 shows where, and a report with that is welcome",
        )
    )
    return ExitCode.ERROR
