"""The report as JSON: the model as it is, with the claims that `fwf report --verify` holds against the case."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from fwforensics.errors import UsageError
from fwforensics.report.model import Report, as_plain

#: Facts of a finding that are claimed; seeds and q values come with them through the digest.
CLAIMED = (
    "severity", "tier", "category", "runs_hit", "runs_possible", "runs_exposed", "n_bouts", "n_violations",
    "n_connections", "timing", "period_s", "coincides_with", "p_time", "q_assoc", "q_tool", "first_ts", "last_ts",
)  # fmt: skip
#: Parts of the document whose digests are claimed.
PARTS = ("contents", "summary", "runs", "presence", "lanes", "findings", "further", "unseen", "method")
IN_HTML = re.compile(r'<script type="application/json" id="claims">(?P<claims>.*?)</script>', re.DOTALL)
IN_MARKDOWN = re.compile(r"^<!-- claims (?P<claims>\{.*\}) -->$", re.MULTILINE)


def claims(report: Report) -> dict[str, Any]:
    """What the report says, small enough to stand in each of its forms."""
    plain = as_plain(report)
    return {
        "form": report.form,
        "tool_version": report.tool_version,
        "as_of": plain["as_of"],
        "options": plain["options"],
        "fingerprint": report.method.hunt["fingerprint"],
        "sources": {str(s["source_id"]): s["sha256"] for s in plain["method"]["sources"]},
        "findings": {f["finding"]: {k: f["facts"][k] for k in CLAIMED} for f in plain["findings"]},
        "parts": {part: digest(plain[part]) for part in PARTS},
    }


def digest(plain: Any) -> str:
    """Of a part of the document."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def render(report: Report, claimed: dict[str, Any]) -> str:
    """The JSON report; control characters are escapes in it."""
    return json.dumps({**as_plain(report), "claims": claimed}, ensure_ascii=True, indent=1) + "\n"


def claims_of(path: Path) -> dict[str, Any]:
    """The claims that a report in a file makes.

    Raises:
        UsageError: there is no such file, or it is no report.
    """
    if not path.is_file():
        raise UsageError("there is no such report", where=str(path), remedy="make it with: fwf report -o FILE")
    text = path.read_text(encoding="utf-8", errors="replace")
    found = IN_HTML.search(text) or IN_MARKDOWN.search(text)
    try:
        read: Any = json.loads(found["claims"]) if found else json.loads(text)["claims"]
        if not isinstance(read, dict) or not isinstance(read["findings"], dict):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise UsageError("this is no report of fwforensics", where=str(path)) from None
    return read
