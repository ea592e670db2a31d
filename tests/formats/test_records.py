"""The engine of traces: units, accounts, zones, provenance and secrets."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime

from fwforensics.formats import Context, Decoded
from fwforensics.formats._moments import moment, seconds
from fwforensics.formats._records import Bad, Out, Row, Skip, Unit, peek, records, redacted, redacted_text, text_units


def _read(unit: Unit) -> Iterable[Out]:
    if "noise" in unit.value:
        return [Skip("noise")]
    return [unit.row("activity", tool=t, started_at=moment(unit.value["at"])) for t in unit.value["tools"]]


KIND = records(unit="call", recognise=lambda p, _name: {"at", "tools"} <= p.keys, read=_read)


def _decode(content: bytes, tz: str = "UTC") -> Decoded:
    decoder = KIND.decoder(Context(tz=tz))
    (only,) = [*decoder.feed(7, io.BytesIO(content)), *decoder.finish()]
    return only


def test_lines_each_count_once_and_keep_their_numbers() -> None:
    """A damaged line between two good ones is a reject of its own number; blank lines are no records."""
    text = (
        b'{"at": 1700000000, "tools": ["a", "b"]}\n\n{"at": 17\n{"noise": 1}\n'
        b'{"at": "2026-01-02T03:04:05", "tools": ["c"]}'
    )
    done = _decode(text)
    assert (done.units, done.parsed) == (4, 2)
    frame = done.frames["activity"]
    assert frame.select("line_no", "record_no", "tool").rows() == [(1, 0, "a"), (1, 1, "b"), (5, 0, "c")]
    assert done.rejects is not None
    assert done.rejects["line_no"].to_list() == [3]
    assert done.ignored is not None
    assert done.ignored.rows() == [(4, "noise", None)]


def test_a_document_over_many_lines_falls_into_its_elements() -> None:
    """A pretty-printed array has one unit an element."""
    text = b'[\n {"at": 1700000000,\n "tools": ["a"]},\n {"at": 1700000001, "tools": ["b"]}\n]\n'
    assert _decode(text).frames["activity"]["line_no"].to_list() == [1, 2]
    assert KIND.unit_at(io.BytesIO(text), 2) == b'{"at": 1700000001, "tools": ["b"]}'


def test_a_time_without_zone_is_read_in_the_zone_of_the_source() -> None:
    """Half past one in Berlin's winter is half past midnight UTC, and the account says that a zone was needed."""
    done = _decode(b'{"at": "2026-01-02T01:30:00", "tools": ["a"]}', tz="Europe/Berlin")
    assert done.frames["activity"]["started_at"].to_list() == [datetime(2026, 1, 2, 0, 30)]  # noqa: DTZ001
    assert done.local
    assert not _decode(b'{"at": "2026-01-02T01:30:00Z", "tools": ["a"]}', tz="Europe/Berlin").local


def test_wrong_shapes_are_rejects_and_never_exceptions() -> None:
    """Whatever a field holds instead of what it should, the record is kept with a reason."""
    text = b'{"at": [], "tools": 5}\n[1]\n"x"\n{"at": 1, "tools": null}\n{"tools": ["\\ud800"]}\n'
    done = _decode(text)
    assert done.units == 5
    assert done.rejects is not None
    assert done.parsed + done.rejects.height == 5


def test_a_reader_may_wait_for_the_end() -> None:
    """What was begun in one file and not ended is given at the end, as a row of that file."""

    class Pairs:
        def __init__(self) -> None:
            self.open: dict[str, Unit] = {}

        def read(self, unit: Unit) -> Iterable[Out]:
            word, name = unit.value.split()
            if word == "begin":
                self.open[name] = unit
                return []
            return [self.open.pop(name).row("activity", name=name)] if name in self.open else [Bad("never began")]

        def finish(self) -> Iterable[Row]:
            return [u.row("activity", name=n) for n, u in self.open.items()]

    kind = records(unit="line", recognise=lambda _p, _n: True, reader=lambda _c: Pairs(), units=text_units)
    decoder = kind.decoder(Context())
    first = list(decoder.feed(1, io.BytesIO(b"begin a\nbegin b\nend a\nend z\n")))
    second = list(decoder.feed(2, io.BytesIO(b"end b\n")))
    assert (first[0].units, first[0].parsed) == (4, 3)
    assert [(d.source, d.units) for d in second] == [(2, 1), (1, 0)]
    assert second[1].frames["activity"]["line_no"].to_list() == [2]
    assert list(decoder.finish()) == []


def test_secrets_are_taken_out_of_objects_and_of_text() -> None:
    """Keys that name a secret lose their value at any depth; counts of tokens stay."""
    given = {"auth_token": "abc123", "usage": {"input_tokens": 5}, "headers": [{"Authorization": "Bearer xyz12345"}]}
    kept = redacted(given)
    assert kept["usage"] == {"input_tokens": 5}
    assert "abc123" not in str(kept)
    assert "xyz12345" not in str(kept)
    assert "xyz12345" not in redacted_text('{"headers": {"Authorization": "Bearer xyz12345"}}')
    assert redacted_text("curl http://192.0.2.1:3333/token") == "curl http://192.0.2.1:3333/token"


def test_moments() -> None:
    """Numbers are told apart by their size; text keeps its zone or the lack of one."""
    assert moment(1700000000) == moment("1700000000") == moment(1700000000000) == moment("1700000000000000000")
    assert moment("2026-01-02 03:04:05,678") == datetime(2026, 1, 2, 3, 4, 5, 678000)  # noqa: DTZ001
    assert moment("2026/01/02 03:04:05 +0200") == moment("2026-01-02T01:04:05Z")
    assert [moment(x) for x in (None, "", 0, -5, "yesterday", True, "2026-13-02 03:04:05")] == [None] * 7
    assert seconds("-1") is None


def test_what_a_head_shows() -> None:
    """Keys are those of the first object, and of an object that is longer than the head all that occur."""
    assert peek(b'[{"a": {"b": 1}}]').keys == {"a"}
    assert peek(b'{"a": {"b": "cut').keys == {"a", "b"}
    assert peek(b"a: b").keys == frozenset()
