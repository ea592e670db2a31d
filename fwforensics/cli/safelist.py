"""`fwf safelist`: what has been accepted; applied at query time, counted and shown, never dropped."""

from __future__ import annotations

from typing import Annotated

import typer

from fwforensics import safelist as library
from fwforensics.cli import options, render
from fwforensics.cli.case import moment
from fwforensics.cli.noun import noun
from fwforensics.store import now

safelist_app = noun(
    "safelist", "What has been accepted, with reason, owner and expiry.", {"safelist-list": None}, ("low", "high")
)
Value = Annotated[
    str, typer.Argument(help="Address, network, domain (with what is below it), port such as 514/udp, or detection.")
]
Kind = Annotated[
    str | None, typer.Option(help="address, cidr, domain, port or detection, where the value leaves it open.")
]
Side = Annotated[str | None, typer.Option(help="End that an address or network must be: client, server or either.")]
Port = Annotated[int | None, typer.Option(help="Only to this port.")]
Detection = Annotated[str | None, typer.Option(help="Only what this detection marked.")]


@safelist_app.command("add")
def add(
    ctx: typer.Context,
    value: Value,
    reason: Annotated[str, typer.Option(help="Why it is accepted.")],
    owner: Annotated[str, typer.Option(help="Who answers for it.")],
    expires: Annotated[
        str | None, typer.Option(help="From this time on it hides nothing (UTC unless it has a zone).")
    ] = None,
    kind: Kind = None,
    side: Side = None,
    port: Port = None,
    detection: Detection = None,
    case: options.CasePath = None,
) -> None:
    """Accept something; what it hides is counted in every output, and shown with --show-suppressed.

    Example: fwf safelist add 10.30.0.45 --port 5432 --reason "backup, ticket 4711" --owner dba --expires 2027-01-01
    """
    until = moment(expires) if expires else None
    new = library.entry(
        value, kind=kind, side=side, port=port, detection=detection, reason=reason, owner=owner, expires_at=until
    )
    with options.writing(case or ctx.obj) as opened:
        entry_id = library.add(opened, new)
        hidden = library.hidden(opened)
    render.say(f"{entry_id}: {new.kind} {new.value} is accepted")
    if until is not None and until <= now():
        render.say("it has expired already, and hides nothing")
    _say_hidden(hidden)


@safelist_app.command("remove")
def remove(
    ctx: typer.Context, entry_id: Annotated[str, typer.Argument(help="S-…")], case: options.CasePath = None
) -> None:
    """Take an acceptance back; what it hid is shown again."""
    with options.writing(case or ctx.obj) as opened:
        library.remove(opened, entry_id)
        hidden = library.hidden(opened)
    render.say(f"{entry_id} is no longer accepted")
    _say_hidden(hidden)


@safelist_app.command("test")
def test(
    ctx: typer.Context,
    value: Value,
    kind: Kind = None,
    side: Side = None,
    port: Port = None,
    detection: Detection = None,
    case: options.CasePath = None,
    output: options.Output = render.OutputFormat.TABLE,
    as_json: options.AsJson = False,
) -> None:
    """Say what an entry would have hidden of the last hunt, and change nothing."""
    options.choose(output, as_json)
    with options.reading(case or ctx.obj) as opened:
        found = library.test(opened, library.entry(value, kind=kind, side=side, port=port, detection=detection))
        total = opened.sql("SELECT count(*) FROM violations").scalar()
    render.show(found)
    runs = ", ".join(sorted({run for row in found["runs"] for run in row}))
    render.say(
        f"it would hide {found['would_hide'].sum():,} of {total:,} violations, "
        f"{found['whole_pattern'].sum()} whole patterns; runs that it touches: {runs or 'none known'}"
    )


def _say_hidden(hidden: dict[str, int]) -> None:
    render.say(f"the safelist hides {hidden['violations']:,} violations, {hidden['patterns']:,} whole patterns")
    if hidden["mixed"]:
        render.say(f"{hidden['mixed']} patterns are hidden in part: fwf hunt makes their statistics without it")
