"""A noun of the command line: alone, or with `list`, it lists; its verbs change."""

from __future__ import annotations

from pathlib import Path

import typer

from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.queries import listing


def noun(name: str, text: str, listings: dict[str, str | None], hide: tuple[str, ...] = ()) -> typer.Typer:
    """Add a noun to the command line.

    Args:
        name: the word.
        text: its help.
        listings: canned listing → title; what the noun alone prints.
        hide: columns that are left out of a table, and stand in all other formats.
    """
    made = typer.Typer(invoke_without_command=True, help=text)
    app.add_typer(made, name=name)

    def show(case: Path | None) -> None:
        with options.reading(case) as opened:
            frames = [(listing(opened, what), title) for what, title in listings.items()]
        shown = frames if render.style.output is render.OutputFormat.TABLE else frames[:1]
        for frame, title in shown:
            render.show(frame, title=title, hide=hide)

    def alone(
        ctx: typer.Context,
        case: options.CasePath = None,
        output: options.Output = render.OutputFormat.TABLE,
        as_json: options.AsJson = False,
    ) -> None:
        ctx.obj = case
        options.choose(output, as_json)
        if ctx.invoked_subcommand is None:
            show(case)

    def listed(
        ctx: typer.Context,
        case: options.CasePath = None,
        output: options.Output = render.OutputFormat.TABLE,
        as_json: options.AsJson = False,
    ) -> None:
        options.choose(output, as_json)
        show(case or ctx.obj)

    made.callback(help=text)(alone)
    made.command("list", help=f"List: {text[0].lower()}{text[1:]}")(listed)
    return made
