"""Asking all providers: each in a transaction of its own, so that the failure of one leaves the case whole.

What failed is a line of the log with its reason, as is what was done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from fwforensics import derive, queries
from fwforensics.enrich import _online
from fwforensics.enrich._provider import Provider, Request, Session, Told, providers
from fwforensics.enrich._statements import row, settle
from fwforensics.errors import FwfError, UsageError
from fwforensics.schema import TABLES
from fwforensics.store import Case

LOG = TABLES["enrichment_log"].dtypes


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to ask, and how.

    Attributes:
        given: values of the providers' options, by name.
        online: may anything leave the machine?
        only: names of the providers to ask; all where empty.
        limit: addresses that an online provider is sent at most; 0 for all.
        again: ask although a fresh answer is there.
        proxy: proxy for what leaves the machine; else what the environment says.
        workers: addresses that are asked for at once.
        rate: requests a second to one server.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    online: bool = False
    only: Sequence[str] = ()
    limit: int = 500
    again: bool = False
    proxy: str | None = None
    workers: int = 4
    rate: float = 2.0
    timeout: float = 10.0


def enrich(
    case: Case,
    options: Options | None = None,
    confirm: Callable[[list[_online.Plan]], bool] = lambda _: True,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> pl.DataFrame:
    """Ask the providers, and bring `addresses` and `indicators` up to date.

    Args:
        case: the case, open for writing.
        options: what to ask, and how.
        confirm: is shown what would leave the machine before anything does; says whether it may.
        progress: is told how many addresses have been asked for, of how many.

    Returns:
        What was done: the columns of `enrichment_log`, a row for each provider and source.
    """
    options = options or Options()
    chosen = _chosen(options)
    derive.refresh(case)
    started = time.monotonic()
    session = Session(given=options.given, proxy=options.proxy, timeout=options.timeout)
    fetch = _online.fetcher(session) if options.online else None
    request = Request(case=case, given=options.given, online=options.online, fetch=fetch)
    done = [row for p in chosen if p.provide is not None for row in _offline(p, request)]
    with case.transaction():
        settle(case, matched=any(p.name == "known" for p in chosen))
        case.append("enrichment_log", _frame(done))
    plans = [_online.plan(case, p, session, options) for p in chosen if p.online] if options.online else []
    asked = []
    if any(p.waiting for p in plans) and confirm(plans):
        asked = _online.ask(case, plans, session, options, progress)
        with case.transaction():
            settle(case, matched=True)
    elif plans:
        asked = [p.told() for p in plans]
    with case.transaction():
        case.append("enrichment_log", _frame(asked))
        given = {k: v for k, v in options.given.items() if v} | {"online": options.online, "only": list(options.only)}
        case.log("enrich", given, len(done) + len(asked), time.monotonic() - started)
    return _frame(done + asked)


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=LOG, orient="row")


def _chosen(options: Options) -> list[Provider]:
    known = providers()
    for name in options.only:
        if name not in known:
            raise UsageError(f"there is no provider {name!r}", remedy=f"known: {', '.join(known)}")
    chosen = [p for p in known.values() if not options.only or p.name in options.only]
    if options.only and not options.online and (wrong := [p.name for p in chosen if p.online]):
        raise UsageError(f"{wrong[0]} sends addresses out", remedy="add --online, if that may be")
    return chosen


def _offline(provider: Provider, request: Request) -> list[dict[str, Any]]:
    """Run one offline provider: once for each file that it was given, so that one bad file is one failure."""
    assert provider.provide is not None  # noqa: S101 (asked only where it is)
    many = next((o.name for o in provider.options if o.many), None)
    if many is None:
        return _attempt(provider, request)
    each = [(value, replace(request, given={**request.given, many: [value]})) for value in request.given.get(many, ())]
    return [line for value, one in each for line in _attempt(provider, one, str(value))]


def _attempt(provider: Provider, request: Request, place: str | None = None) -> list[dict[str, Any]]:
    assert provider.provide is not None  # noqa: S101 (asked only where it is)
    derive.refresh(request.case)
    began, told = time.monotonic(), list[Told]()
    try:
        with request.case.transaction():
            told = list(provider.provide(request))
    except (KeyboardInterrupt, SystemExit):
        raise
    except Exception as error:  # noqa: BLE001 (whatever a file or a provider does, the others go on)
        told = [Told(source=place, state="failed", note=reason(error))]
    seconds = round(time.monotonic() - began, 3)
    return [row(provider, t, seconds if i == 0 else 0.0) for i, t in enumerate(told)]


def reason(error: BaseException) -> str:
    """Why something failed, in a line."""
    if isinstance(error, FwfError):
        return f"{error.message}" + (f" ({error.remedy})" if error.remedy else "")
    text = str(error).splitlines()[0] if str(error) else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def forget(case: Case, source: str) -> int:
    """Take back all that a provider or a source said; returns how many rows that were."""
    values = {"source": source, "feed": f"feed: {source}"}
    known = queries.listing(case, "said-by", **values)
    if not known["n"].sum():
        raise UsageError(f"nothing was said by {source!r}", remedy="see: fwf enrich --status")
    with case.transaction():
        queries.run_build(case, "forgotten", values)
        settle(case, matched=False)
        case.log("enrich forget", {"source": source}, int(known["n"].sum()), 0.0)
    return int(known["n"].sum())
