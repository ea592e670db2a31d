"""Asking online, with the real clients, against registries on loopback: what is sent, what is kept, what goes wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fwforensics import hunt as hunting
from fwforensics.enrich import _http, _online
from fwforensics.enrich._run import Options, enrich
from fwforensics.errors import UsageError
from fwforensics.store import Case
from tests.case_builder import event, make_case
from tests.registry_server import Registry, Resolver, serving
from tests.support import fwf

AGENT = "10.0.0.5"
NEVER = ("10.9.9.9", "100.64.1.1", "169.254.7.7", "192.0.2.9", "198.18.0.9", "224.0.0.9", "240.0.0.9", "fd00::9",
         "fe80::9", "ff02::9", "64:ff9b::a00:1", "2002:a00:1::9", "2001:db8::9", "::9")  # fmt: skip
PUBLIC = ["5.6.7.10", "5.6.7.44", "5.6.7.29", "5.6.7.31", "5.6.7.32", "5.6.7.34", "5.6.7.35"]


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving(Registry()) as server:
        yield server


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    with serving(Resolver()) as server:
        yield server


def case_of(folder: Path, addresses: list[str]) -> Case:
    """A case in which an agent talks to each of them."""
    return make_case(
        folder, [event(f"08:{n:02}:00", f"{AGENT} {4000 + n}", f"{ip} 443", "allow") for n, ip in enumerate(addresses)]
    )


def asking(registry: Registry, **more: Any) -> Options:
    """Ask the registry on loopback, fast."""
    given = {"rdap-server": f"{registry.url}/bootstrap", **more.pop("given", {})}
    return Options(given=given, online=True, only=("rdap",), rate=1000, **{"timeout": 2.0, **more})


def outcomes(case: Case) -> dict[str, str]:
    """What is kept of each address."""
    rows = case.sql("SELECT ip, outcome, error FROM lookups ORDER BY asked_at").rows()
    return {r["ip"]: r["outcome"] + (f": {r['error']}" if r["outcome"] == "error" else "") for r in rows}


def test_offline_opens_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --online nothing touches the network, whatever else is asked for; the guard itself works."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", type("Refused", (socket.socket,), {"__init__": refuse}))
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    feed = tmp_path / "feed.txt"
    feed.write_text("5.6.7.10\n")
    with case_of(tmp_path, PUBLIC) as case:
        given = {"feed": [str(feed), "http://127.0.0.1:9/feed.txt"], "rdap-server": "http://127.0.0.1:9"}
        done = enrich(case, Options(given=given))
        assert not done["online"].any()
        assert list(done.filter(state="failed")["note"]) == [
            "a feed from the network needs --online (or download it, and give the file)"
        ]
        with pytest.raises(UsageError, match="sends addresses out"):
            enrich(case, Options(only=("rdap",)))
        online = enrich(case, Options(online=True, only=("rdap",), given={"rdap-server": "http://127.0.0.1:9"}))
        assert online["state"].to_list() == ["failed"]
        assert "a socket was opened" in online["note"][0]


def test_what_is_not_public_never_leaves(tmp_path: Path, registry: Registry) -> None:
    """Private, shared, link-local, multicast, documentation and translated addresses are sent to nobody."""
    assert not [ip for ip in NEVER if _online.sendable(ip)]
    with case_of(tmp_path, [*NEVER, "5.6.7.10", "8.9.10.11"]) as case:
        case.add_network("8.9.10.0/24", "our own", "internal")
        case.execute("UPDATE addresses SET scope = 'external' WHERE ip <> '8.9.10.11'")
        case.execute("UPDATE addresses SET scope = 'internal' WHERE ip = '8.9.10.11'")
        enrich(case, asking(registry))
    assert {path.rpartition("/")[2] for path in registry.asked} == {"5.6.7.10"}


def test_an_answer_becomes_statements(tmp_path: Path, registry: Registry) -> None:
    """Network, registrant, abuse contact and dates, through a redirect, with who said it and when."""
    with case_of(tmp_path, ["5.6.7.10"]) as case:
        enrich(case, asking(registry))
        said = {
            r["key"]: r["value"] for r in case.sql("SELECT key, value FROM enrichments WHERE provider = 'rdap'").rows()
        }
        wide = case.sql("SELECT registrant, country, enriched_by FROM addresses WHERE scope = 'external'").rows()[0]
        kept = case.sql("SELECT server, expires_at > asked_at AS lasts, answer FROM lookups").rows()[0]
        whole = case.sql(
            "SELECT count(*) = count(as_of) AND count(*) = count(source) AS whole FROM enrichments"
        ).scalar()
    assert said["network"] == "5.6.7.0/24" and said["abuse"] == "abuse@example.net"
    assert said["registered"].startswith("2014-03-01") and said["changed"].startswith("2026-05-04")
    assert (
        wide["registrant"].startswith("Example Hosting") and wide["country"] == "NL" and "rdap" in wide["enriched_by"]
    )
    assert kept["server"] == "127.0.0.1" and kept["lasts"] and "EXAMPLE-NET" in kept["answer"]
    assert whole
    assert [p.split("/")[1] for p in registry.asked] == ["bootstrap", "registry"]


def test_every_kind_of_failure_is_kept_with_its_reason(tmp_path: Path, registry: Registry) -> None:
    """Unknown, busy once, garbage, huge, broken, redirected astray: the rest is answered, and the case is whole."""
    with case_of(tmp_path, PUBLIC) as case:
        (row,) = enrich(case, asking(registry)).to_dicts()
        found = outcomes(case)
    assert found["5.6.7.10"] == "answer" and found["5.6.7.44"] == "nothing"
    assert found["5.6.7.29"] == "answer"  # asked again after the second that it wanted
    assert "is no RDAP" in found["5.6.7.31"]
    assert "larger than 2 MiB" in found["5.6.7.32"]
    assert "500" in found["5.6.7.34"] or "Internal Server Error" in found["5.6.7.34"]
    assert "is not followed" in found["5.6.7.35"]
    assert row["state"] == "partial" and row["answered"] == 2 and "larger than 2 MiB" in row["note"]


def test_a_slow_server_is_not_waited_for(tmp_path: Path, registry: Registry) -> None:
    """The time that a server may be silent is limited, and said to be so."""
    with case_of(tmp_path, ["5.6.7.33"]) as case:
        enrich(case, asking(registry, timeout=0.3))
        assert "timed out" in outcomes(case)["5.6.7.33"]


def test_a_server_that_wants_to_be_left_alone_is(tmp_path: Path, registry: Registry) -> None:
    """An hour is not waited for: the others of that server are not asked, and that is said; the next run asks them."""
    with case_of(tmp_path, ["5.6.7.30", "5.6.7.51", "5.6.7.52"]) as case:
        (row,) = enrich(case, asking(registry, workers=1)).to_dicts()
        assert len(registry.asked) == 2
        assert row["state"] == "failed" and "2 were not asked for" in row["note"]
        assert list(outcomes(case)) == ["5.6.7.30"]
        enrich(case, asking(registry, workers=1))
        assert len(registry.asked) == 6
        assert set(outcomes(case)) == {"5.6.7.30", "5.6.7.51", "5.6.7.52"}


def test_fresh_answers_are_not_asked_again(tmp_path: Path, registry: Registry) -> None:
    """Answers and errors last; --again asks, and what was said before stays as history."""
    with case_of(tmp_path, ["5.6.7.10", "5.6.7.44", "5.6.7.31"]) as case:
        enrich(case, asking(registry))
        before = len(registry.asked)
        (row,) = enrich(case, asking(registry)).to_dicts()
        assert len(registry.asked) == before and "3 have a fresh answer" in row["note"]
        enrich(case, asking(registry, again=True))
        assert len(registry.asked) == 2 * before
        days = case.sql("SELECT count(DISTINCT as_of) FROM enrichments WHERE key = 'network'").scalar()
    assert days == 2


def test_an_interrupted_run_goes_on(tmp_path: Path, registry: Registry) -> None:
    """What was answered before an interruption is kept, and only the rest is asked for."""
    addresses = [f"5.6.7.{n}" for n in range(100, 112)]

    def interrupt(done: int, _total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with case_of(tmp_path, addresses) as case:
        with pytest.raises(KeyboardInterrupt):
            enrich(case, asking(registry, workers=1), progress=interrupt)
        kept = set(outcomes(case))
        assert len(kept) == 5
        registry.asked.clear()
        enrich(case, asking(registry))
        assert {p.rpartition("/")[2] for p in registry.asked} == set(addresses) - kept
        assert set(outcomes(case)) == set(addresses)
        assert case.sql("SELECT count(registrant) FROM addresses").scalar() == len(addresses)


def test_findings_go_first_and_the_limit_holds(tmp_path: Path, registry: Registry) -> None:
    """Of many addresses those in findings are asked about, and how many are left is said."""
    events = [event(f"08:{n:02}:00", f"{AGENT} {4000 + n}", f"5.6.7.{n + 50} 443", "allow") for n in range(20)]
    bad = event("09:00:00", f"{AGENT} 5000", "5.6.8.9 3333", "deny")
    with make_case(tmp_path, [*events, bad]) as case:
        hunting.hunt(case)
        (row,) = enrich(case, asking(registry, limit=1)).to_dicts()
    assert registry.asked[0].endswith("5.6.8.9") and len(registry.asked) == 2
    assert "20 are beyond --limit" in row["note"] and row["state"] == "partial"


def test_nothing_is_sent_unless_it_may(tmp_path: Path, registry: Registry) -> None:
    """Whoever is asked sees how many addresses would go where, and a no is a no."""
    shown: list[_online.Plan] = []
    with case_of(tmp_path, PUBLIC) as case:
        enrich(case, asking(registry), confirm=lambda plans: bool(shown.extend(plans)))
    assert not registry.asked
    assert [(p.provider.name, len(p.waiting)) for p in shown] == [("rdap", len(PUBLIC))]


def test_the_proxy_carries_it(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set is used, by option and by environment; what DNS would leak around it is not asked."""
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", registry.url)
    given = {"rdap-server": "http://rdap.example.invalid/bootstrap"}
    with case_of(tmp_path, ["5.6.7.10"]) as case:
        done = enrich(case, Options(given=given, online=True, only=("rdap", "ptr"), rate=1000, timeout=2))
    assert registry.asked[0].startswith("http://rdap.example.invalid/bootstrap/ip/5.6.7.10")
    assert "DNS does not go through it" in done.filter(provider="ptr")["note"][0]
    assert _http.unusable_proxy(_online.Session(proxy="socks5://127.0.0.1:9")) is not None


def test_names_and_origins_by_dns(tmp_path: Path, resolver: Resolver) -> None:
    """Reverse names and announced systems, of the resolver that was given; unknown ones are answers, too."""
    options = Options(given={"dns-server": resolver.place}, online=True, only=("ptr", "origin"), timeout=2)
    with case_of(tmp_path, ["5.6.7.10", "5.6.7.44"]) as case:
        enrich(case, options)
        wide = case.sql("SELECT ip, ptr, asn, as_name FROM addresses WHERE scope = 'external' ORDER BY ip").rows()
        kept = case.sql("SELECT provider, ip, outcome FROM lookups ORDER BY provider, ip").rows()
    assert wide[0] == {"ip": "5.6.7.10", "ptr": "host-10.example.net", "asn": 64500, "as_name": "EXAMPLE-AS, NL"}
    assert {(k["provider"], k["ip"], k["outcome"]) for k in kept} >= {
        ("ptr", "5.6.7.44", "nothing"),
        ("origin", "5.6.7.10", "answer"),
    }


def test_the_command_asks_before(tmp_path: Path, registry: Registry) -> None:
    """Without a terminal it wants --yes; with it, it says how many go where, and a network changed since is shown."""
    with case_of(tmp_path, ["5.6.7.10"]) as case:
        case.execute("UPDATE connections SET server_port = 3333")
        case.execute("UPDATE events SET dst_port = 3333")
        hunting.hunt(case)
        finding = case.sql("SELECT pattern_id FROM patterns").rows()[0]["pattern_id"]
    place = ["--case", tmp_path / "case.duckdb"]
    asked = ["enrich", "--online", "--provider", "rdap", "--rdap-server", f"{registry.url}/bootstrap", *place]
    refused = fwf(*asked)
    assert refused.returncode == 2 and b"--yes" in refused.stderr and not registry.asked
    done = fwf(*asked, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert b"1 addresses will be sent to http://127.0.0.1" in done.stderr
    shown = fwf("show", finding, *place).stdout.decode()
    assert "Example Hosting" in shown and "no: changed after it" in shown and "\x1b" not in shown
