"""Patterns that read anew what they have read would never end on half a megabyte that an attacker made."""

from __future__ import annotations

import io

import pytest

from fwforensics.analysis.commands import understand
from fwforensics.formats import Context, formats
from fwforensics.formats._prometheus import _LABEL, _LINE
from fwforensics.formats._records import HIDDEN, redacted_text
from fwforensics.formats._traces import MAX_COMMAND

SIZE = 500_000
UNITS = (
    "x",
    " ",
    "secret",
    "authorization: ",
    "bearer",
    "auth_token=",
    "a.",
    "curl ",
    "nc ",
    "ssh -",
    '{a="',
    "\\",
    "0x41",
)


@pytest.mark.parametrize("unit", UNITS)
def test_secrets_are_looked_for_once(unit: str) -> None:
    """Words and blanks without end, before and behind a secret."""
    filler = unit * (SIZE // len(unit))
    assert HIDDEN in redacted_text(f"{filler}\nauth_token=abcdefgh")
    redacted_text(f"authorization: {filler}")


@pytest.mark.parametrize("unit", UNITS)
def test_metrics(unit: str) -> None:
    """Lines of the Prometheus text format."""
    filler = unit * (SIZE // len(unit))
    for line in (filler, f"a{filler}", f"a{{{filler}", f"a {filler}"):
        _LINE.match(line)
        _LABEL.findall(line)


@pytest.mark.parametrize("unit", UNITS)
def test_commands(unit: str) -> None:
    """Commands are cut before they are looked at."""
    understand((unit * (SIZE // len(unit)))[:MAX_COMMAND])


@pytest.mark.parametrize(
    "text", ["api_key=abcdefgh", 'the "my.password": "abcdefgh"', "Authorization: Bearer abcdefgh"]
)
def test_a_secret_is_taken_out(text: str) -> None:
    """What stands before it stays."""
    shown = redacted_text(f"curl -H '{text}' http://x")
    assert "abcdefgh" not in shown
    assert shown.startswith("curl -H '")
    assert shown.endswith(" http://x")


def test_a_rollout_log_keeps_no_secret() -> None:
    """The command of a ROLL call, with quotes and commas in it."""
    head = b"[2026-01-01 08:00:06] [s.py (3)] [DEBUG] [env-worker 3 / 8][PID 4242] [RUN_SESSION] START - session:a, "
    said = b'command: "curl -H "api_key: abcdefgh", http://203.0.113.9/", sandbox_id:sb-1\n'
    binary = formats()["roll"].binary
    assert binary is not None
    decoder = binary.decoder(Context())
    decoded = [*decoder.feed(1, io.BytesIO(head + said)), *decoder.finish()]
    commands = [c for d in decoded for frame in d.frames.values() for c in frame["command"]]
    assert commands == [f'curl -H "api_key: {HIDDEN}", http://203.0.113.9/']
