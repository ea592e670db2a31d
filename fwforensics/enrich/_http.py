"""The one door to the network: polite to servers, deaf to what is too large or too slow, through the proxy that is set.

Clients such as ipwhois get an opener of this module and swallow what it raises: `Trouble` keeps, for each thread, what
really happened and who answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    BaseHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    getproxies,
)

from fwforensics.enrich._provider import BusyError, Session
from fwforensics.errors import UsageError
from fwforensics.version import __version__

#: Bytes of an answer about one address, and of a feed; seconds that one answer may take in all.
MOST_OF_ANSWER, MOST_OF_FEED = 2 << 20, 512 << 20
DEADLINE, DEADLINE_OF_FEED = 30.0, 600.0
#: A server that wants more seconds than this is not waited for; the next run asks it again.
PATIENCE = 60.0
#: Answers that mean: later.
LATER = (429, 503)


class StoppedError(Exception):
    """The run was interrupted."""


class Politeness:
    """When each server may be asked next, shared by all threads.

    Args:
        rate: requests a second to one server.
    """

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate if rate > 0 else 0.0
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Wake all who wait: the run is over."""
        self._stopped.set()

    def busy(self, host: str, wait: float) -> None:
        """A server wants to be left alone for some seconds."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + wait)

    def wait(self, host: str, rate: float | None = None) -> None:
        """Wait for the turn; raises `BusyError` where that would take too long."""
        with self._lock:
            current = time.monotonic()
            turn = max(self._next.get(host, 0.0), current)
            if turn - current > PATIENCE:
                raise BusyError(f"{host} wants to be left alone", turn - current, sent=trouble.sent)
            self._next[host] = turn + (1 / rate if rate else self._gap)
        self.sleep(turn - current)

    def sleep(self, seconds: float) -> None:
        """Sleep, unless the run is over."""
        if self._stopped.wait(seconds) if seconds > 0 else self._stopped.is_set():
            raise StoppedError("the run was interrupted")


class Trouble(threading.local):
    """What happened to the last request of this thread: the error, the wait that was asked for, who answered."""

    error: BaseException | None = None
    wait: float | None = None
    server: str = ""
    sent: bool = False

    def clear(self) -> None:
        """Before a new request."""
        self.error, self.wait, self.server, self.sent = None, None, "", False


trouble = Trouble()


class _Polite(BaseHandler):
    """Waits for each server's turn, notes what it asks for, and cuts what is too much."""

    handler_order = 400

    def __init__(self, politeness: Politeness | None, most: int, deadline: float) -> None:
        self._politeness, self._most, self._deadline = politeness, most, deadline

    def http_request(self, request: Request) -> Request:
        host = urlsplit(request.full_url).hostname or ""
        if self._politeness is not None:
            self._politeness.wait(host)
        trouble.server, trouble.sent = host, True
        return request

    def http_response(self, request: Request, response: Any) -> Any:
        host = urlsplit(request.full_url).hostname or ""
        if response.code in LATER:
            trouble.wait = _seconds(response.headers.get("Retry-After"))
            if self._politeness is not None and trouble.wait is not None:
                self._politeness.busy(host, trouble.wait)
        response.read = _limited(response, self._most, time.monotonic() + self._deadline)
        return response

    https_request = http_request
    https_response = http_response


def _limited(response: Any, most: int, end: float) -> Any:
    """A `read` that gives up on what is too large or too slow, and closes what nobody else does."""

    def read(amount: int = -1) -> bytes:
        parts, size = [], 0
        while amount < 0 or size < amount:
            part = response.read1(65536 if amount < 0 else amount - size)
            if not part:
                response.close()
                break
            parts.append(part)
            size += len(part)
            if size > most or time.monotonic() > end:
                response.close()
                raise _noted(ValueError(f"the answer is larger than {most >> 20} MiB or takes too long"))
        return b"".join(parts)

    return read


def _noted(error: Exception) -> Exception:
    trouble.error = error
    return error


class _Redirects(HTTPRedirectHandler):
    """Follows registries to each other, never from HTTPS to HTTP."""

    max_redirections = 6

    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Look where it goes before urllib does: what it refuses, it calls by the answer's own word."""
        target = urlsplit(headers.get("location") or headers.get("uri") or "")
        if target.scheme not in ("http", "https", "") or (req.type == "https" and target.scheme == "http"):
            fp.close()
            raise _noted(ValueError(f"a redirect to {target.scheme}:// is not followed"))
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class Opener(OpenerDirector):
    """Notes what went wrong: those who use it may swallow it."""

    def open(self, fullurl: Any, data: Any = None, timeout: Any = None) -> Any:
        """Open an address."""
        trouble.clear()
        try:
            return super().open(fullurl, data, timeout)
        except Exception as error:
            if trouble.error is None:
                trouble.error = error
            if isinstance(error, HTTPError):
                error.close()
            raise


def opener(session: Session, *, most: int = MOST_OF_ANSWER, deadline: float = DEADLINE) -> Opener:
    """An opener for a session: HTTP and HTTPS only."""
    made = Opener()
    made.addheaders = [("User-Agent", f"fwforensics/{__version__}")]
    for handler in (
        ProxyHandler(dict(proxies(session))), HTTPHandler(), HTTPSHandler(), HTTPDefaultErrorHandler(), _Redirects(),
        HTTPErrorProcessor(), _Polite(session.politeness, most, deadline),
    ):  # fmt: skip
        made.add_handler(handler)
    return made


def proxies(session: Session) -> Mapping[str, str]:
    """The proxies that must be used: what was given, else what the environment says."""
    if session.proxy:
        given = session.proxy if "://" in session.proxy else f"http://{session.proxy}"
        return {"http": given, "https": given}
    known = getproxies()
    every = known.get("all")
    return {scheme: found for scheme in ("http", "https") if (found := known.get(scheme) or every)}


def proxy_of(session: Session) -> str | None:
    """The proxy that is set, if any."""
    return next(iter(proxies(session).values()), None)


def unusable_proxy(session: Session) -> str | None:
    """Why the proxy that is set cannot be used; going around it is no way."""
    found = proxy_of(session)
    if found and urlsplit(found).scheme not in ("http", "https"):
        return f"the proxy {urlsplit(found).scheme}://{urlsplit(found).hostname} is no HTTP proxy"
    return None


def download(url: str, session: Session) -> bytes:
    """The content of a feed."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError("only http and https can be fetched", where=url)
    if why := unusable_proxy(session):
        raise UsageError(why, where=url)
    made = opener(session, most=MOST_OF_FEED, deadline=DEADLINE_OF_FEED)
    try:
        with made.open(url, timeout=session.timeout) as response:
            return bytes(response.read())
    except (OSError, ValueError) as error:
        raise UsageError(f"the feed could not be fetched: {error}", where=url) from error


def _seconds(text: str | None) -> float | None:
    """`Retry-After`: seconds, or a date."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None
    return max(until - time.time(), 0.0)
