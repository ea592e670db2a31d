"""Cisco ASA, PIX and Firewall Services Module syslog: connections, access lists, translations, VPN and logins.

Lines carry `%ASA-6-302013`, `%PIX-…`, `%FWSM-…` (also `%ASA-session-6-…`), behind any header: with or without year and
zone, device name or `<IP>:`, priority, sequence number, RFC 3339 time, RFC 5424, EMBLEM.

Reference: https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/asa-syslog.html

Time: that of the header, by default local without zone and in old settings without year; teardowns begin at log time
less their duration. A teardown does not say who opened the connection: it takes the order of its `Built` where the
source holds that, else its ends stay as written. Translations (305009–305012) are events of kind nat, from the real to
the mapped address, and rows of `translations`. Names in place of addresses: that of the destination is `dst_name`, the
source's goes to `extra`. Ports may be names of PIX. Not covered: the text of messages without two ends, a VPN peer or a
login (ignored as "no traffic").
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._cisco_syslog import COLUMNS, TRANSLATIONS, CiscoSyslog
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE

FORMAT = Format(
    name="cisco_asa",
    title="Cisco ASA, PIX and FWSM syslog",
    reference="https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/asa-syslog.html",
    notes="Times are local without zone unless the header says otherwise; teardowns keep the order of their Built.",
    is_record=LINE.str.contains("%", literal=True)
    & pl.any_horizontal(LINE.str.contains(f"%{tag}-", literal=True) for tag in ("ASA", "PIX", "FWSM"))
    & LINE.str.contains(r"^[^{|]{0,300}?%(?:ASA|PIX|FWSM)-(?:[A-Za-z]\w*-)?-?[0-9]-[0-9]{6}"),
    layout=CiscoSyslog(),
    columns=COLUMNS,
    required=("src_ip", "dst_ip", "dst_name", "signature", "user_name"),
    tables={"translations": TRANSLATIONS},
)
