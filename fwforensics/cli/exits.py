"""Exit codes are API."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell learns."""

    OK = 0
    ERROR = 1
    """Something failed; stderr says what, where and what to do."""
    USAGE = 2
    """The command cannot mean anything as given, or contradicts what the case holds."""
    PARTIAL = 3
    """A source gave nothing, or rejects went above `--max-reject-ratio`."""
    FINDINGS = 10
    """Findings at or above `--fail-on`."""
    INTERRUPTED = 130
    """Ctrl-C; what was committed stays."""
