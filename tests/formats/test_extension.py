"""CEF, LEEF and their kin: keys found among values that may hold anything."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwforensics.formats import formats
from fwforensics.formats._cef import Cef, Leef
from fwforensics.formats._clocks import strptime
from fwforensics.formats._engine import Recogniser
from fwforensics.formats._format import Context, Layout
from fwforensics.formats._layouts import LINE
from fwforensics.formats._lines import Lines
from fwforensics.formats._listed_pairs import ListedPairs
from fwforensics.formats._quoted_pairs import QuotedPairs
from fwforensics.formats._tokens import MAX_SHAPES
from tests.formats.support import rows

HEAD = "CEF:0|V|P|1|c|n|5|"
WANTED = {"src", "dst", "msg", "cs1", "Rule Name", "act"}
WORDS = st.sampled_from(
    ["src=", "dst=", "cs1=", "cs1Label=", "msg=", "x.y=", "a", "b c", "\\=", "\\\\", "\\|", "|", "=", '"', "é", "\t",
     " ", "  ", "Rule Name", "?a=b", "\\n", "a:b", ","]
)  # fmt: skip
TAILS = st.lists(st.lists(WORDS, max_size=10).map("".join), min_size=1, max_size=8)


def fields(layout: Layout, lines: list[str]) -> list[dict[str, object]]:
    """What a layout makes of some lines."""
    found = layout.fields(Lines.of("\n".join(lines).encode()), set(WANTED), Context()).frame
    return [{k: v for k, v in r.items() if v is not None and k != "@row"} for r in found.to_dicts()]


@pytest.mark.parametrize(
    ("layout", "head"),
    [
        (Cef(), HEAD),
        (Leef(), "LEEF:1.0|V|P|1|e|"),
        (QuotedPairs(anchor=LINE.str.find("[", literal=True)), '[src:"1"; '),
        (ListedPairs(begin=LINE.str.find("host", literal=True)), "host,src: 1,"),
    ],
)
@settings(max_examples=60, deadline=None)
@given(tails=TAILS)
def test_lines_together_are_lines_alone(layout: Layout, head: str, tails: list[str]) -> None:
    """A line's fields do not depend on the lines around it, and what nobody wants is valid JSON."""
    lines = [head + t for t in tails]
    together = fields(layout, lines)
    assert together == [r for line in lines for r in fields(layout, [line])]
    assert all(isinstance(json.loads(str(r["extra"])), dict) for r in together if "extra" in r)


def test_more_shapes_than_are_tried_at_once() -> None:
    """Lines of very many shapes are read by the same rules."""
    lines = [f"{HEAD}key{i}=x src=192.0.2.{i % 250} dst=192.0.2.1" for i in range(3 * MAX_SHAPES)]
    found = fields(Cef(), lines)
    assert [r["src"] for r in found] == [f"192.0.2.{i % 250}" for i in range(3 * MAX_SHAPES)]


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("cs1=a b cs1Label=Rule Name", {"cs1": "a b", "Rule Name": "a b"}),
        ("cs1Label=Rule Name cs1=a", {"cs1": "a", "Rule Name": "a"}),
        ("cs1Label=Peer cs1=a cs1Label=Rule Name cs1=b", {"cs1": "a", "Rule Name": "b"}),
        ("cs1Label=Rule Name src=1", {"src": "1"}),
        ("msg=a\\=b http://h/?x=1&y=2 act=no", {"msg": "a=b http://h/?x=1&y=2", "act": "no"}),
        ("msg=C:\\\\dir src=1 src=2", {"msg": "C:\\dir", "src": "1"}),
    ],
)
def test_labels_and_values(tail: str, expected: dict[str, str]) -> None:
    """Labels stand before or behind their fields; values hold blanks, escapes and equal signs."""
    [found] = fields(Cef(), [HEAD + tail])
    assert {k: v for k, v in found.items() if k in WANTED} == expected


def test_labels_that_differ_among_lines_of_one_shape() -> None:
    """The same custom field is another one in the next line."""
    found = fields(Cef(), [f"{HEAD}cs1=a cs1Label=Rule Name", f"{HEAD}cs1=b cs1Label=Other"])
    assert [r.get("Rule Name") for r in found] == ["a", None]
    assert json.loads(str(found[1]["extra"]))["Other"] == "b" if "Other" in str(found[1]["extra"]) else True


@pytest.mark.parametrize("mark", ["\t", "#011", "\\t", "|"])
@pytest.mark.parametrize("head", ["LEEF:1.0|V|P|1|e|", "LEEF:2.0|V|P|1|e||"])
def test_tabs_of_leef(mark: str, head: str) -> None:
    """Whatever became of the tabs on the way."""
    [found] = fields(Leef(), [head + mark.join(["src=1", "dst=2", "msg=a b=c"])])
    assert (found["src"], found["dst"], found["msg"]) == ("1", "2", "a b=c")


@pytest.mark.parametrize(("given_mark", "mark"), [("^", "^"), ("x5E", "^"), ("0x7c", "|"), ("|", "|"), ("xa6", "\xa6")])
def test_declared_delimiters(given_mark: str, mark: str) -> None:
    """LEEF 2.0 says what stands between its pairs."""
    [found] = fields(Leef(), [f"LEEF:2.0|V|P|1|e|{given_mark}|" + mark.join(["src=1", "dst=2"])])
    assert (found["src"], found["dst"]) == ("1", "2")


@pytest.mark.parametrize(
    ("java", "expected"),
    [
        ("MMM dd yyyy HH:mm:ss", "%b %d %Y %H:%M:%S"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXX", "%Y-%m-%dT%H:%M:%S%.f%z"),
        ("QQQ yyyy", None),
        ("HH:mm", None),
    ],
)
def test_date_patterns(java: str, expected: str | None) -> None:
    """A Java date pattern, or none that is known."""
    assert strptime(java) == expected


def test_a_vendor_is_asked_before_the_general_format() -> None:
    """Also where the source showed the general one first."""
    text = [f for f in formats().values() if f.binary is None]
    recogniser = Recogniser(text)
    recogniser.claims(Lines.of(f"{HEAD}src=192.0.2.1 dst=192.0.2.2".encode()))
    [(fmt, _)] = recogniser.claims(Lines.of(b"CEF:0|Check Point|VPN-1|1|Log|x|1|act=Drop src=192.0.2.1 dst=192.0.2.2"))
    assert fmt.name == "checkpoint"


@pytest.mark.parametrize(
    ("act", "name", "expected"),
    [
        ("Blocked", "x", "deny"), ("not blocked", "x", "alert"), ("allow", "x", "allow"), ("allow", "Trojan", "alert"),
        ("IDS:Reset", "x", "alert"), ("client-rst", "x", "allow"), ("reset-both", "x", "deny"), ("drop_x", "x", "deny"),
        ("sighed", "x", None), ("transformed", "x", None), ("Bypass", "x", "allow"), ("detected", "x", "alert"),
    ],
)  # fmt: skip
def test_verdicts(act: str, name: str, expected: str | None) -> None:
    """Words of many products; what was not stopped of an attack is an alert; other words decide nothing."""
    [row] = rows(f"CEF:0|V|P|1|c|{name}|5|src=192.0.2.1 dst=192.0.2.2 act={act}")
    assert row.get("action") == expected


def test_hosts_in_place_of_addresses() -> None:
    """Two ends that are no addresses make a reject, not an ignored line."""
    assert rows(f"{HEAD}src=hosta dst=hostb act=drop") == []
    assert rows(f"{HEAD}src=hosta dst=hostb act=drop", "ignored") == []
