"""Connection tracking: tuples, translations and their intervals."""

from __future__ import annotations

from tests.formats.support import parse_text, rows

NEW = (
    "[1767225600.250000]\t    [NEW] tcp      6 120 SYN_SENT src=172.17.0.2 dst=203.0.113.9 sport=51234 dport=443 "
    "[UNREPLIED] src=203.0.113.9 dst=192.0.2.1 sport=443 dport=40001\n"
)
PLAIN = (
    "tcp      6 86399 ESTABLISHED src=10.0.0.5 dst=10.0.0.6 sport=1 dport=2 src=10.0.0.6 dst=10.0.0.5 sport=2 dport=1\n"
)


def test_the_reply_tells_the_translation() -> None:
    """What the reply is sent to is the translated source."""
    (row,) = rows(NEW, "translations")
    assert (row["orig_src_ip"], row["orig_src_port"]) == ("172.17.0.2", 51234)
    assert (row["new_src_ip"], row["new_src_port"]) == ("192.0.2.1", 40001)
    assert (row["new_dst_ip"], row["new_dst_port"]) == ("203.0.113.9", 443)
    assert "ended_at" not in row


def test_mirrored_tuples_are_no_translation_and_a_snapshot_has_no_time() -> None:
    """An event remains, without `ts`."""
    assert rows(PLAIN, "translations") == []
    (event,) = rows(PLAIN)
    assert "ts" not in event
    assert event["kind"] == "flow"
    assert "action" not in event


def test_a_destroy_ends_what_a_new_began() -> None:
    """Its time is the end, and with a duration the start is known, too."""
    line = NEW.replace("[NEW] tcp      6 120 SYN_SENT", "[DESTROY] tcp      6").replace("[UNREPLIED] ", "")
    (row,) = rows(line.rstrip("\n") + " delta-time=30\n", "translations")
    assert (row["ended_at"] - row["started_at"]).total_seconds() == 30  # type: ignore[operator]
    (row,) = rows(line, "translations")
    assert "started_at" not in row


def test_an_update_tells_nothing_new() -> None:
    """It is an event and no translation."""
    line = NEW.replace("    [NEW]", " [UPDATE]")
    assert rows(line, "translations") == []
    assert rows(line)[0]["disposition"] == "update"


def test_damaged_lines_are_rejects() -> None:
    """Half a line, and a line with rubbish for addresses."""
    batch = parse_text(NEW[:120] + "\n" + "tcp 6 src=x dst=y sport=1 dport=2 src= dst=\n")
    assert batch.parsed == 0
    assert batch.lines == 2
