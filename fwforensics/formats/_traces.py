"""What trace formats say alike: the command of a tool call, paired records, owners of addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fwforensics.formats._records import redacted_text

#: Text of a field beyond this is cut: traces carry prompts and outputs of megabytes.
MAX_TEXT = 2_000
MAX_COMMAND = 32_768
#: Arguments of a tool that are the command itself.
COMMAND_KEYS = ("command", "cmd", "code", "script", "bash", "shell_command", "commands", "url", "query")
#: Where a file is named, `command` is a word of an editor ("create", "view") and all arguments count.
FILE_KEYS = {"path", "file_path", "filename", "file_text"}


def obj(value: Any) -> Mapping[str, Any]:
    """A mapping, whatever was there; JSON text of one is read."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            value = json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list, whatever was there."""
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def text(*values: Any) -> str | None:
    """The first value that is a text or a number, as text."""
    for value in values:
        if isinstance(value, bool) or value is None or value == "":
            continue
        if isinstance(value, str | int | float):
            return str(value)
    return None


def command(arguments: Any) -> str | None:
    """What a tool was called with: its shell command or code where it has one, else all arguments as JSON."""
    given = obj(arguments)
    if not given:
        whole = arguments if isinstance(arguments, str) else None
    else:
        one = None if FILE_KEYS & given.keys() else next((given[k] for k in COMMAND_KEYS if given.get(k)), None)
        if isinstance(one, list):
            whole = " ".join(str(part) for part in one)
        elif isinstance(one, str):
            whole = one
        else:
            whole = json.dumps(given, ensure_ascii=False, separators=(",", ":"), default=str)
    return redacted_text(whole)[:MAX_COMMAND] if whole else None


def short(value: Any) -> Any:
    """A value for `extra`, cut."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)[:MAX_TEXT]
    return value


def rest(record: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """All other fields of a record, cut."""
    return {str(k): short(v) for k, v in record.items() if k not in without}


def whole(value: Any) -> int | None:
    """A whole number, or None."""
    try:
        return int(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError):
        return None
