"""What can go wrong, as one tree.

::

    FwfError                 exit code 1; every error says what, where and what to do about it
    ├── UsageError           exit code 2; the command cannot mean anything as it was given
    ├── CaseError            the case file cannot be opened, locked or trusted
    │   ├── CaseLockedError  another process has the case open
    │   └── CaseUnmadeError  the making of the case was interrupted before its first table
    ├── SourceError          one input cannot be read; the others are not affected
    │   └── BombError        decompression went past its ratio or size limit
    ├── FormatError          a declaration of a format is wrong, or a format cannot be decided
    ├── QueryError           a canned query or ad-hoc SQL is wrong
    └── EvidenceError        a source is missing, or no longer what was ingested
"""

from __future__ import annotations


class FwfError(Exception):
    """Base of all errors that a user is meant to read.

    Args:
        message: what happened, in one sentence.
        where: file, `file:line` or case that it happened in.
        remedy: what the user can do about it.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.remedy}" if self.remedy else head


class UsageError(FwfError):
    """The command cannot mean anything as it was given."""

    exit_code = 2


class CaseError(FwfError):
    """The case file cannot be opened, locked or trusted."""


class CaseLockedError(CaseError):
    """Another process has the case open."""


class CaseUnmadeError(CaseError):
    """The making of a case was interrupted before its first table."""


class SourceError(FwfError):
    """One input cannot be read; the others are not affected."""


class BombError(SourceError):
    """Decompression went past its ratio or size limit."""


class FormatError(FwfError):
    """A declaration of a format is wrong, or a format cannot be decided."""


class QueryError(FwfError):
    """A canned query or ad-hoc SQL is wrong."""


class EvidenceError(FwfError):
    """A source is missing, or no longer what was ingested."""
