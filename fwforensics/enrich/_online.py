"""Asking online: who is asked for, in which order, how fast, and what is kept of it.

An address leaves the machine only if it is external, public and nobody's inside; those in findings go first. Answers
and errors are kept as they come, so that an interrupted run goes on where it was. A server that wants to be left alone
is: as long as it says, and if that is long, until the next run.
"""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import polars as pl

from fwforensics import queries
from fwforensics.enrich import _http
from fwforensics.enrich._data import special
from fwforensics.enrich._provider import Answer, BusyError, Provider, Session, Told, UnknownAddressError
from fwforensics.enrich._statements import row, say
from fwforensics.schema import TABLES
from fwforensics.store import Case, now

if TYPE_CHECKING:
    from fwforensics.enrich._run import Options

#: Answers that are written at once; a crash loses fewer.
BATCH, SECONDS = 20, 5.0
#: How often a busy server is asked about one address.
ATTEMPTS = 4
#: Reasons that a line of the log names; `lookups` has all.
MOST_REASONS = 6
NOTHING_TTL = timedelta(days=7)


@dataclass(slots=True)
class Plan:
    """What one provider would be sent.

    Attributes:
        waiting: addresses without a fresh answer, in the order in which they are asked for, up to the limit.
        fresh: how many have one.
        left: how many are beyond the limit.
        barred: why it cannot be asked.
        sent_to: who gets to see them.
    """

    provider: Provider
    waiting: list[str]
    sent_to: str = ""
    fresh: int = 0
    left: int = 0
    barred: str | None = None
    counts: dict[str, int] = field(default_factory=lambda: {"answer": 0, "nothing": 0, "error": 0})
    servers: set[str] = field(default_factory=set)
    reasons: dict[str, int] = field(default_factory=dict)

    def told(self, seconds: float = 0.0) -> dict[str, Any]:
        """A line of the log."""
        asked = sum(self.counts.values())
        unasked = len(self.waiting) - asked
        notes = [self.barred or ""]
        notes += [f"{n:,} {text}" for text, n in sorted(self.reasons.items(), key=lambda r: -r[1])[:MOST_REASONS]]
        notes += [f"{self.counts['nothing']:,} are known to nobody"] if self.counts["nothing"] else []
        notes += [f"{unasked:,} were not asked for"] if unasked else []
        notes += [f"{self.left:,} are beyond --limit"] if self.left else []
        notes += [f"{self.fresh:,} have a fresh answer"] if self.fresh else []
        missing = unasked or self.left or self.counts["error"]
        nothing = asked and self.counts["error"] == asked
        state = "failed" if self.barred or nothing else "partial" if missing else "done"
        told = Told(
            source=", ".join(sorted(self.servers)) or None, as_of=now() if asked else None, asked=asked,
            answered=self.counts["answer"], note="; ".join(filter(None, notes)), state=state, online=bool(asked),
        )  # fmt: skip
        return row(self.provider, told, seconds)


def sendable(ip: str) -> bool:
    """May an address be sent out? Only what is public by the registries, whatever the case says of it."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if address.is_multicast or (address.version == 6 and address not in ipaddress.ip_network("2000::/3")):
        return False
    closed = special().filter(pl.col("global") == "no")["cidr"]
    return not any(address in ipaddress.ip_network(net) for net in closed)


def plan(case: Case, provider: Provider, session: Session, options: Options) -> Plan:
    """Which addresses a provider would be sent."""
    rows = queries.listing(case, "addresses-to-ask", provider=provider.name, moment=now(), again=options.again)
    fresh = int(rows["is_fresh"].sum())
    public = [ip for ip in rows.filter(~pl.col("is_fresh"))["ip"] if sendable(ip)]
    barred = provider.ready(session) if provider.ready else None
    if barred is None and provider.by_dns and _http.proxy_of(session):
        barred = "a proxy is set, and DNS does not go through it; --dns-server says which resolver may be asked"
        barred = None if session.given.get("dns-server") else barred
    limit = len(public) if options.limit <= 0 else options.limit
    if barred is not None:
        return Plan(provider, [], "", fresh, len(public), barred)
    named, option = provider.server
    sent_to = provider.sent_to.format(server=session.given.get(option) or named)
    if proxy := _http.proxy_of(session) if not provider.by_dns else None:
        sent_to += f", through the proxy {urlsplit(proxy).hostname}"
    return Plan(provider, public[:limit], sent_to, fresh, max(len(public) - limit, 0))


def fetcher(session: Session) -> Callable[[str], bytes]:
    """Downloads of feeds."""
    return lambda url: _http.download(url, session)


def ask(
    case: Case, plans: Sequence[Plan], session: Session, options: Options, progress: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """Send the addresses, and keep what comes back as it comes."""
    polite = _http.Politeness(options.rate)
    total = sum(len(p.waiting) for p in plans)
    done = 0
    rows = []
    for p in plans:
        began = time.monotonic()
        with _keeping(case, p) as keep:
            for ip, outcome in _answers(p, replace(session, politeness=polite), options.workers):
                keep(ip, outcome)
                done += 1
                progress(done, total)
        rows.append(p.told(round(time.monotonic() - began, 3)))
    return rows


def _answers(p: Plan, session: Session, workers: int) -> Iterator[tuple[str, Answer | BaseException]]:
    """Answers as they come; no more are under way than there are workers, so that an interruption wastes little."""
    waiting = iter(p.waiting)
    running: dict[Future[Answer], str] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="enrich") as pool:
        try:
            while True:
                while len(running) < workers and (ip := next(waiting, None)) is not None:
                    running[pool.submit(_patiently, p.provider, ip, session)] = ip
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    error = future.exception()
                    yield running.pop(future), future.result() if error is None else error
        except BaseException:
            session.politeness.stop()
            raise


def _patiently(provider: Provider, ip: str, session: Session) -> Answer:
    """Ask, and ask again where the server is busy: after the time that it says, or longer each time."""
    assert provider.lookup is not None  # noqa: S101 (only online providers are planned)
    if not sendable(ip):
        raise UnknownAddressError("the address is not public")
    for attempt in range(ATTEMPTS):
        try:
            return provider.lookup(ip, session)
        except BusyError as error:
            pause = error.wait if error.wait is not None else session.backoff * 2.0**attempt
            if attempt + 1 == ATTEMPTS or pause > _http.PATIENCE:
                raise
            session.politeness.sleep(pause)
    raise AssertionError


@contextmanager
def _keeping(case: Case, p: Plan) -> Iterator[Callable[[str, Answer | BaseException], None]]:
    """Write answers in batches, and what is left however the run ends."""
    batch: list[tuple[str, Answer | BaseException]] = []
    last = time.monotonic()

    def keep(ip: str, outcome: Answer | BaseException) -> None:
        nonlocal last
        batch.append((ip, outcome))
        if len(batch) >= BATCH or time.monotonic() - last > SECONDS:
            _write(case, p, batch)
            batch.clear()
            last = time.monotonic()

    try:
        yield keep
    finally:
        _write(case, p, batch)


def _write(case: Case, p: Plan, batch: Sequence[tuple[str, Answer | BaseException]]) -> None:
    """Answers become statements; all that was sent becomes a row of `lookups`."""
    moment = now()
    rows: list[dict[str, Any]] = []
    said: dict[str, list[tuple[str, str, str]]] = {}
    for ip, outcome in batch:
        if (kept := _row(p, ip, outcome, moment)) is None:
            continue
        rows.append(kept)
        p.counts[kept["outcome"]] += 1
        if isinstance(outcome, Answer):
            p.servers.add(outcome.server)
            said.setdefault(outcome.server, []).extend((ip, key, value) for key, value in outcome.facts)
        elif kept["outcome"] == "error":
            p.reasons[kept["error"]] = p.reasons.get(kept["error"], 0) + 1
    if rows:
        with case.transaction():
            case.append("lookups", pl.DataFrame(rows, schema=TABLES["lookups"].dtypes, orient="row"))
            for server, statements in said.items():
                say(case, p.provider.name, server, moment, statements)


def _row(p: Plan, ip: str, outcome: Answer | BaseException, moment: datetime) -> dict[str, Any] | None:
    """A row of `lookups`; none for what never left the machine."""
    kept = {"provider": p.provider.name, "ip": ip, "asked_at": moment, "error": None, "server": None, "answer": None}
    if isinstance(outcome, Answer):
        text = json.dumps(outcome.raw, default=str, ensure_ascii=False)
        return kept | {
            "outcome": "answer",
            "expires_at": moment + p.provider.ttl,
            "server": outcome.server,
            "answer": text,
        }
    if isinstance(outcome, UnknownAddressError):
        return kept | {"outcome": "nothing", "expires_at": moment + NOTHING_TTL, "error": str(outcome)}
    if isinstance(outcome, _http.StoppedError) or (isinstance(outcome, BusyError) and not outcome.sent):
        p.reasons[str(outcome)] = p.reasons.get(str(outcome), 0) + 1
        return None
    wait = outcome.wait if isinstance(outcome, BusyError) and outcome.wait else p.provider.error_ttl.total_seconds()
    return kept | {"outcome": "error", "expires_at": moment + timedelta(seconds=wait), "error": _reason(outcome)}


def _reason(error: BaseException) -> str:
    text = str(error).splitlines()[0][:300] if str(error) else ""
    return text or type(error).__name__
