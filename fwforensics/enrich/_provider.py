"""What a provider is: one module of this package with `PROVIDER`, found by its name; nothing lists them.

An offline provider has `provide`: it asks the engine about all addresses at once and leaves statements. An online one
has `lookup`: one address goes out, one answer comes back; whom to ask, how fast, and what is fresh already is seen to
outside of it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any

import polars as pl

from fwforensics.store import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of `fwf enrich` that a provider brings along.

    Attributes:
        name: as on the command line, without dashes.
        help: what it is for.
        many: it may be given several times.
    """

    name: str
    help: str
    many: bool = False
    metavar: str = "TEXT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a provider has said in one go: one line of the log.

    Attributes:
        source: who says so: data set with its day, file, or server.
        as_of: day of the data.
        asked: addresses that it was asked for, or entries that were read.
        answered: of these with an answer, or entries that were taken.
        note: what is missing, and why.
    """

    source: str | None = None
    as_of: datetime | None = None
    asked: int = 0
    answered: int = 0
    note: str = ""
    state: str = "done"
    online: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an offline provider works with.

    Attributes:
        given: values of the provider's options: a text, or a list of texts where it takes many; only what was given.
        online: may something leave the machine?
    """

    case: Case
    given: Mapping[str, Any] = field(default_factory=dict)
    online: bool = False
    fetch: Callable[[str], bytes] | None = None


class UnknownAddressError(Exception):
    """Nobody knows the address: an answer, too."""


class BusyError(Exception):
    """The server wants to be left alone.

    Args:
        message: what it said.
        wait: seconds that it asked for.
        sent: did anybody get to see the address?
    """

    def __init__(self, message: str, wait: float | None = None, *, sent: bool = True) -> None:
        super().__init__(message)
        self.wait, self.sent = wait, sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an online provider says of one address: `facts` become statements, `raw` is kept as it was received."""

    facts: Sequence[tuple[str, str]]
    server: str
    raw: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What an online lookup works with.

    Attributes:
        given: values of the providers' options.
        proxy: proxy that must be used; else what the environment says.
        timeout: seconds that a server may be silent.
        backoff: seconds to leave a busy server alone that does not say how long; doubled each time.
        politeness: when each server may be asked; see `_http.Politeness`.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    proxy: str | None = None
    timeout: float = 10.0
    backoff: float = 1.0
    politeness: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One module that knows something of addresses.

    Attributes:
        name: the module's name.
        title: what it says, and who says it.
        rank: whose word goes into the wide columns of `addresses` where several speak: the highest.
        provide: works offline, on all addresses at once.
        lookup: works online, on one address; raises `UnknownAddressError`, `BusyError`, or anything else as an error.
        sent_to: who gets to see the address, for the question that is asked before; `{server}` is the one asked first.
        server: that one in words, and the option that names another.
        by_dns: it asks by DNS, which a proxy does not carry.
        ready: says why it cannot be asked at all, where that is so.
        ttl: how long an answer counts as fresh.
        error_ttl: how long an error does.
    """

    name: str
    title: str
    rank: int = 0
    options: tuple[Option, ...] = ()
    provide: Callable[[Request], Iterable[Told]] | None = None
    lookup: Callable[[str, Session], Answer] | None = None
    sent_to: str = ""
    server: tuple[str, str] = ("", "")
    by_dns: bool = False
    ready: Callable[[Session], str | None] | None = None
    ttl: timedelta = timedelta(days=30)
    error_ttl: timedelta = timedelta(hours=1)

    @property
    def online(self) -> bool:
        """Does it send addresses out?"""
        return self.lookup is not None


@cache
def providers() -> dict[str, Provider]:
    """All providers by name, offline ones first."""
    package = import_module("fwforensics.enrich")
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_") and not m.ispkg]
    found = [import_module(f"fwforensics.enrich.{name}").PROVIDER for name in names]
    return {p.name: p for p in sorted(found, key=lambda p: (p.online, p.rank, p.name))}


#: Columns of `said`, the statements that a provider leaves for the runner to keep.
SAID = {"ip": pl.String, "key": pl.String, "value": pl.String}
