"""Firewall log forensics: violations that recur intermittently across training runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fwforensics.version import __version__

if TYPE_CHECKING:
    from fwforensics.store import Case

__all__ = ["__version__", "open_case"]


def open_case(path: str | Path, *, create: bool = False, read_only: bool = True) -> Case:
    """Open a case file.

    Args:
        path: the file.
        create: make a new case where there is none; implies writing.
        read_only: for looking only; several processes may do so at once.

    Returns:
        The case: `case.sql("SELECT …").pl()` gives a Polars frame. Use it as a context manager, or close it.
    """
    from fwforensics.blank import writable
    from fwforensics.store import Case

    return writable(Path(path), create=True) if create else Case(path, read_only=read_only)
