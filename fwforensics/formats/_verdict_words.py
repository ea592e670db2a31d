"""What administrators write for a verdict in the prefix of a log rule: a word of its own, or between marks."""

from __future__ import annotations

DENY = (
    "drop(?:ped|s)?",
    "den(?:y|ied)",
    "rej(?:ect(?:ed)?)?",
    "block(?:ed)?",
    "blk",
    "discard(?:ed)?",
    "ban(?:ned)?",
    "prohibited",
)
ALLOW = ("accept(?:ed)?", "allow(?:ed)?", "pass(?:ed)?", "permit(?:ted)?")


def word(*words: str) -> str:
    """A pattern for any of the words, not inside a longer one."""
    return rf"(?i)(?:^|[^a-z])({'|'.join(words)})(?:[^a-z]|$)"
