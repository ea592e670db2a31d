"""Log text made harmless: control characters and marks that turn the direction of text are written out.

Whatever is shown of a log, on a terminal, in a page or in a chart, goes through here.
"""

from __future__ import annotations

import re

#: C0 and C1 controls, and marks that turn the direction of text.
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\ud800-\udfff]"
)
#: What no XML may hold although it is no control character.
NON_CHARACTERS = re.compile("[\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff\U0002fffe-\U000e0fff\U000ffffe-\U0010ffff]")


def visible(text: str) -> str:
    """Text with control characters written out, but for line ends and tabs."""
    return CONTROLS.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def safe(value: str) -> str:
    """Text with control characters written out."""
    return visible(value.replace("\n", "\\n").replace("\t", "\\t"))


def label(value: str, most: int = 80) -> str:
    """Text of one line that any drawing program takes: no controls, no characters that XML forbids, not too long."""
    text = NON_CHARACTERS.sub("?", safe(value[: 4 * most]))
    return text if len(text) <= most else f"{text[: most - 1]}…"
