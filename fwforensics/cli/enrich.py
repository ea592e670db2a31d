"""`fwf enrich`: what is known of the addresses of the case; offline unless told otherwise.

The options of providers are theirs: each brings its own along, and this file knows none of them.
"""

from __future__ import annotations

import inspect
import sys
from typing import Annotated, Any

import polars as pl
import typer

from fwforensics.cli import options, render
from fwforensics.cli.app import app
from fwforensics.cli.exits import ExitCode
from fwforensics.enrich._online import Plan
from fwforensics.enrich._provider import Option, providers
from fwforensics.enrich._run import Options, enrich, forget
from fwforensics.errors import UsageError
from fwforensics.queries import listing
from fwforensics.store import now

BROUGHT: dict[str, Option] = {o.name: o for p in providers().values() for o in p.options}


def run(
    case: options.CasePath = None,
    online: Annotated[
        bool, typer.Option("--online", help="Addresses may be sent out; what and where is asked.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before addresses are sent out.")] = False,
    limit: Annotated[int, typer.Option(help="Addresses that each online provider is sent at most; 0 for all.")] = 500,
    provider: Annotated[list[str] | None, typer.Option(help="Ask only this provider; may be repeated.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask although a fresh answer is in the case.")] = False,
    proxy: Annotated[
        str | None, typer.Option(help="Proxy for what leaves the machine; else HTTPS_PROXY and its like.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0.01, help="Requests a second to one server.")] = 2.0,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that a server may be silent.")] = 10.0,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Addresses that are asked for at once.")] = 4,
    status: Annotated[
        bool, typer.Option("--status", help="Say what is known, by whom and since when; ask nobody.")
    ] = False,
    forgotten: Annotated[
        str | None, typer.Option("--forget", metavar="SOURCE", help="Take back all that a provider or source said.")
    ] = None,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
    **given: Any,
) -> None:
    """Say what is known of the addresses of the case: who has them, where, and what they are known for.

    Nothing leaves the machine without --online: asking the world about an attacker's address tells the attacker.

    Example: fwf enrich --mmdb GeoLite2-City.mmdb --feed pools.txt --category mining
    """
    options.choose(output, as_json)
    if status:
        _show_status(case)
        return
    if forgotten is not None:
        with options.writing(case) as opened:
            count = forget(opened, forgotten)
        render.say(f"{count:,} statements and indicators of {forgotten} are gone; fwf hunt goes on without them")
        return
    values = {name: v for name in BROUGHT if (v := given.get(name.replace("-", "_")))}
    chosen = Options(
        given=values, online=online, only=tuple(provider or ()), limit=limit, again=again, proxy=proxy, workers=workers,
        rate=rate, timeout=timeout,
    )  # fmt: skip
    with options.writing(case) as opened, render.counter("asking") as progress:
        done = enrich(opened, chosen, lambda plans: _may(plans, yes), progress)
        wide = listing(opened, "enriched-share")
    render.show(done.drop("asked_at"), hide=("seconds", "online"))
    _narrate(done, wide, online)
    if (done["state"] == "failed").any() or ((done["state"] == "partial") & ~done["online"]).any():
        raise typer.Exit(ExitCode.PARTIAL)


def _may(plans: list[Plan], yes: bool) -> bool:
    """Say how many addresses would go where, and ask."""
    for plan in plans:
        if plan.barred:
            render.say(f"{plan.provider.name}: not asked: {plan.barred}")
        elif plan.waiting:
            render.say(f"{plan.provider.name}: {len(plan.waiting):,} addresses will be sent to {plan.sent_to}")
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to say whether addresses may be sent out", remedy="add --yes, if they may")
    return typer.confirm("Send them?", default=False, err=True)


def _show_status(case: Any) -> None:
    """What is known, by whom, since when; and what went wrong."""
    with options.reading(case) as opened:
        names = pl.DataFrame([(p.name, p.title, p.online) for p in providers().values()], orient="row",
                             schema={"provider": pl.String, "what": pl.String, "online": pl.Boolean})  # fmt: skip
        said = names.join(listing(opened, "enrichment-status"), on="provider", how="left", maintain_order="left_right")
        wide = listing(opened, "enriched-share")
        cached = listing(opened, "lookup-status", moment=now())
    render.show(said)
    if render.style.output is render.OutputFormat.TABLE:
        render.show(wide, title="external addresses")
        if cached.height:
            render.show(cached, title="answers of online providers")


def _narrate(done: pl.DataFrame, wide: pl.DataFrame, online: bool) -> None:
    for row in done.filter(pl.col("state") == "failed").to_dicts():
        render.say(f"failed: {row['provider']} {row['source'] or ''}: {row['note']}")
    (share,) = wide.to_dicts()
    render.say(
        f"{share['external']:,} external addresses: {share['with_asn']:,} with an AS, {share['with_country']:,} with a "
        f"country, {share['with_registrant']:,} with a registrant, {share['with_tags']:,} with tags"
    )
    if not online:
        render.say("nothing left this machine; what is shipped is as old as its day says")


def _option(brought: Option) -> inspect.Parameter:
    """A provider's option as a parameter of the command."""
    kind: Any = list[str] | None if brought.many else str | None
    told = typer.Option(f"--{brought.name}", help=brought.help, metavar=brought.metavar)
    name = brought.name.replace("-", "_")
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, told])


def _with_options_of_providers(command: Any) -> Any:
    """The command with the options that providers bring along, in place of `**given`."""
    own = inspect.signature(command, eval_str=True)
    fixed = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    fixed = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in fixed]
    every = [*(_option(o) for o in BROUGHT.values()), *fixed]
    command.__signature__ = inspect.Signature(every)
    command.__annotations__ = {p.name: p.annotation for p in every}
    return command


app.command(name="enrich")(_with_options_of_providers(run))
