"""Enrichment offline: who says what of which address, and that nothing of the log is touched."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from build_registries import steps

from fwforensics import derive
from fwforensics import hunt as hunting
from fwforensics.enrich._provider import providers
from fwforensics.enrich._run import Options, enrich, forget
from fwforensics.enrich.layouts._layout import layouts, typed
from fwforensics.enrich.mmdb import statements
from fwforensics.store import Case
from tests.case_builder import at, copied, event, frame, make_case
from tests.support import fwf

AGENT, GOOGLE, SIX, LISTED, DOC = "10.0.0.5", "8.8.8.8", "2001:4860:4860::8888", "5.6.7.8", "203.0.113.9"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ends = [GOOGLE, SIX, LISTED, DOC, "52.94.76.5"]
    rows = [event(f"08:{n:02}:00", f"{AGENT} {4000 + n}", f"{ip} 443", "allow") for n, ip in enumerate(ends)]
    with make_case(tmp_path_factory.mktemp("made"), rows) as case:
        return case.path


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Iterator[Case]:
    with copied(made, tmp_path) as mine:
        yield mine


def wide(case: Case, ip: str) -> dict[str, object]:
    return case.sql("SELECT * FROM addresses WHERE ip = ?", [ip]).rows()[0]


@pytest.mark.parametrize("provider", providers().values(), ids=lambda p: p.name)
def test_provider_honours_the_house_contract(provider) -> None:
    """Named like its module, documented, either offline or online, and whom an address is sent to is said."""
    module = import_module(f"fwforensics.enrich.{provider.name}")
    assert module.PROVIDER is provider and module.__doc__ and provider.title
    assert (provider.provide is None) != (provider.lookup is None)
    assert bool(provider.sent_to) == provider.online
    ranks = [p.rank for p in providers().values()]
    assert len(ranks) == len(set(ranks)), "who outranks whom must be decided"


def test_out_of_the_box(case: Case) -> None:
    """AS, name and country of IPv4 and IPv6, special ranges and tags, without a download; who said it and when."""
    before = case.sql("SELECT * FROM events ORDER BY line_no").pl()
    done = enrich(case)
    assert set(done["state"]) == {"done"}
    assert wide(case, GOOGLE)["asn"] == wide(case, SIX)["asn"] == 15169
    assert wide(case, GOOGLE)["country"] == "US" and wide(case, GOOGLE)["enriched_by"] == "registered"
    assert wide(case, DOC)["asn"] is None and wide(case, DOC)["tags"] == ["documentation"]
    assert wide(case, "52.94.76.5")["tags"] == ["cloud"] and wide(case, GOOGLE)["tags"] is not None
    assert wide(case, AGENT)["asn"] is None
    said = case.sql(
        "SELECT count(*) AS n, count(source) AS s, count(as_of) AS d, count(asked_at) AS a FROM enrichments"
    ).rows()[0]
    assert said["n"] == said["s"] == said["d"] == said["a"] > 5
    assert case.sql("SELECT name FROM services WHERE port = 22 AND protocol = 'tcp'").scalar() == "ssh"
    assert case.sql("SELECT * FROM events ORDER BY line_no").pl().equals(before)
    seen = case.sql("SELECT dst_asn, dst_country FROM traffic WHERE dst_ip = ?", [GOOGLE]).rows()
    assert seen == [{"dst_asn": 15169, "dst_country": "US"}]


def test_again_says_the_same(case: Case) -> None:
    """Enriching twice, hunting in between and new events leave what is known, and no statement twice."""
    enrich(case)
    first = case.sql("SELECT * EXCLUDE (enriched_at) FROM addresses ORDER BY ip").pl()
    count = case.sql("SELECT count(*) FROM enrichments").scalar()
    hunting.hunt(case)
    derive.refresh(case, force=True)
    enrich(case)
    assert case.sql("SELECT * EXCLUDE (enriched_at) FROM addresses ORDER BY ip").pl().equals(first)
    assert case.sql("SELECT count(*) FROM enrichments").scalar() == count


#: Files in tests/feeds → what is taken of them.
FEEDS = {
    "plain.txt": ["2a00:1450::9", "5.6.7.8", "5.6.9.0/24", "bad.example.com", "pool.example.net"],
    "hosts": ["ads.example.com", "coin.example.org", "tracker.example.net"],
    "feodo.csv": ["5.6.7.8"],
    "threatfox.csv": ["5.6.7.8", "evil.example.com"],
    "urlhaus.csv": ["5.6.7.8"],
    "exit-addresses": ["5.6.7.8"],
    "stix.json": ["5.6.7.8", "a.example.com", "b.example.com"],
    "misp.json": ["5.6.7.8", "c2.example.com"],
}


@pytest.mark.parametrize("name", FEEDS)
def test_feed_layouts(case: Case, tmp_path: Path, name: str) -> None:
    """Each layout gives what it names, with its day, and says what it left out; given again it stands there once."""
    expected = set(FEEDS[name])
    path = tmp_path / name
    path.write_bytes((Path(__file__).parent / "feeds" / name).read_bytes())
    for _ in range(2):
        done = enrich(case, Options(given={"feed": [str(path)]}, only=("feed",)))
    rows = case.sql("SELECT value, category, as_of FROM indicators WHERE starts_with(source, 'feed: ')").rows()
    assert done["state"].to_list() == ["done"], done["note"]
    assert {r["value"] for r in rows} == expected and len(rows) == len(expected)
    assert all(r["as_of"] is not None and r["category"] for r in rows)
    if name == "plain.txt":
        assert all(
            reason in done["note"][0]
            for reason in ("2 neither address nor name", "1 not public", "1 too wide", "1 public suffix")
        )
        assert {r["as_of"] for r in rows} == {at("2026-02-01")}
    if name == "threatfox.csv":
        assert {r["value"]: r["category"] for r in rows} == {"5.6.7.8": "c2", "evil.example.com": "malware"}


def test_a_feed_is_found_by_the_next_hunt(case: Case, tmp_path: Path) -> None:
    """Listed destinations become findings; forgotten, they are none; what ended before the case marks nothing."""
    path = tmp_path / "c2.txt.gz"
    path.write_bytes(gzip.compress(f"{LISTED}\n".encode()))
    enrich(case, Options(given={"feed": [str(path)], "category": "c2"}))
    assert wide(case, LISTED)["tags"] == ["c2"]
    assert "listed-destination" in set(hunting.hunt(case).patterns["detection"])
    assert forget(case, str(path)) == 1
    assert wide(case, LISTED)["tags"] is None
    assert "listed-destination" not in set(hunting.hunt(case).patterns["detection"])
    ended = {
        "kind": "ip",
        "value": LISTED,
        "label": "x",
        "category": "c2",
        "source": "feed: x",
        "expires_at": at("2026-01-01"),
    }
    case.append("indicators", frame("indicators", [ended]))
    assert "listed-destination" not in set(hunting.hunt(case).patterns["detection"])


@pytest.mark.parametrize(
    ("option", "content", "says"),
    [
        ("mmdb", b"\x00\x01broken" * 100, "no MaxMind database"),
        ("mmdb", b"", "no MaxMind database"),
        ("feed", b"", "empty"),
        ("feed", b"<html>login</html>", "nobody knows the layout"),
        ("feed", b"{broken", "nobody knows the layout"),
        ("feed", b"\x00\xff\xfe\x00" * 50, "nobody knows the layout"),
        ("feed", b"only words here\nand here\n", "no address, network or name"),
        ("assets", b"hostname,owner\na,b\n", "no column ip"),
        ("assets", b"", "empty"),
        ("networks", b"cidr\nnonsense\n", "no network"),
    ],
)  # fmt: skip
def test_a_bad_file_leaves_the_case_whole(case: Case, tmp_path: Path, option: str, content: bytes, says: str) -> None:
    """What fails is said; all else is done."""
    path = tmp_path / "given"
    path.write_bytes(content)
    done = enrich(case, Options(given={option: [str(path), str(tmp_path / "missing")]}))
    failed = done.filter(state="failed")
    assert failed["provider"].to_list() == [option, option]
    assert says in failed["note"][0] and "no such file" in failed["note"][1]
    assert wide(case, GOOGLE)["asn"] == 15169
    assert case.sql("SELECT count(*) FROM indicators WHERE starts_with(source, 'feed: ')").scalar() == 0


def test_databases_of_any_layout(case: Case, tmp_path: Path) -> None:
    """An unknown field is a statement under its path; what the analyst brings outranks what ships."""
    mmdb_writer = pytest.importorskip("mmdb_writer")
    netaddr = pytest.importorskip("netaddr")
    writer = mmdb_writer.MMDBWriter(6, "Test-City", ipv4_compatible=True)
    record = {
        "country": {"iso_code": "NL"},
        "city": {"names": {"en": "Delft", "de": "Delft"}},
        "autonomous_system_number": 64500,
    }
    writer.insert_network(netaddr.IPSet(["8.8.8.0/24", "2001:4860::/32"]), record)
    writer.to_db_file(str(tmp_path / "city.mmdb"))
    done = enrich(case, Options(given={"mmdb": [str(tmp_path / "city.mmdb")]}))
    assert done.filter(provider="mmdb")["answered"].to_list() == [2]
    found = wide(case, GOOGLE)
    assert (found["country"], found["asn"], found["as_name"]) == ("NL", 64500, None)
    keys = {
        r["key"]: r["value"]
        for r in case.sql("SELECT key, value FROM enrichments WHERE provider = 'mmdb' AND ip = ?", [GOOGLE]).rows()
    }
    assert keys["city.names.en"] == "Delft" and "city.names.de" not in keys
    assert case.sql("SELECT count(*) FROM enrichments WHERE ip = ? AND key = 'country'", [GOOGLE]).scalar() == 2


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"asn": "AS64500", "as_name": "X", "country": "Netherlands", "country_code": "NL"},
         {"asn": "64500", "as_name": "X", "country": "NL"}),
        ({"is_anonymous": True, "is_tor_exit_node": True, "is_hosting_provider": False},
         {"tag": "tor", "is_anonymous": "True"}),
        ("text", {}),
        ({"asn": {"asn": 64500, "name": "X"}, "deep": [{"a": None}, {"b": 1}]},
         {"asn": "64500", "as_name": "X", "deep.1.b": "1"}),
    ],
)  # fmt: skip
def test_records_of_databases(record: object, said: dict[str, str]) -> None:
    """IPinfo, MaxMind's anonymizers, nested and odd ones."""
    assert {k: v for k, v in statements(record) if v != "None"} == said


def test_assets_and_networks(case: Case, tmp_path: Path) -> None:
    """The narrowest entry speaks, key by key; what is declared inside is not asked about any more."""
    (tmp_path / "assets.csv").write_text(
        "IP;Hostname;Owner;Role\n10.0.0.0/8;;it;training\n10.0.0.5;node5;ml;\nx;y;z;\n"
    )
    (tmp_path / "nets.csv").write_text("cidr,name,zone\n8.8.8.0/24,ours,internal\n")
    given = {"assets": [str(tmp_path / "assets.csv")], "networks": [str(tmp_path / "nets.csv")]}
    done = enrich(case, Options(given=given))
    assert done.filter(provider="assets")["state"].to_list() == ["partial"]
    said = {
        r["key"]: r["value"]
        for r in case.sql("SELECT key, value FROM enrichments WHERE provider = 'assets' AND ip = ?", [AGENT]).rows()
    }
    assert said == {"name": "node5", "owner": "ml", "role": "training", "tag": "training"}
    assert wide(case, GOOGLE)["scope"] == "internal" and wide(case, GOOGLE)["asn"] is None


def test_overlapping_ranges_become_steps() -> None:
    """The narrower range decides, gaps are NULL, neighbours of one value are one step."""
    ranges = [(10, 99, "a"), (20, 29, "b"), (100, 109, "a"), (120, 129, "c")]
    assert list(steps(ranges, 200)) == [(10, "a"), (20, "b"), (30, "a"), (110, None), (120, "c"), (130, None)]
    assert list(steps([(0, 200, "a"), (0, 9, "b")], 200)) == [(0, "b"), (10, "a")]


def test_status_and_exit_codes(case: Case, tmp_path: Path) -> None:
    """What failed is exit 3, in the log, and shown by --status; nothing that ships needs an option."""
    case.close()
    place = ["--case", tmp_path / "case.duckdb"]
    assert fwf("enrich", *place).returncode == 0
    failed = fwf("enrich", "--feed", tmp_path / "missing", *place)
    assert failed.returncode == 3 and b"no such file" in failed.stderr
    status = fwf("enrich", "--status", "--json", *place).stdout
    assert b"no such file" in status and b"shipped table of" in status
    assert fwf("enrich", "--provider", "nobody", *place).returncode == 2
    assert layouts() and typed
