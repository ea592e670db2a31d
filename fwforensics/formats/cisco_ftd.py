"""Cisco Firepower Threat Defense syslog: connection, intrusion, file and malware events, and the messages of ASA.

Events 430001–430005 are `Key: Value, Key: Value` behind `%FTD-` or `%NGIPS-`, or behind a bare syslog header; the
sentences known from ASA come under `%FTD-`, too.

Reference: https://www.cisco.com/c/en/us/td/docs/security/firepower/Syslogs/b_fptd_syslog_guide.html

Time: that of the header (RFC 3339 or BSD); a connection begins at FirstPacketSecond, else at log time less its
duration. Initiator is the source. Intrusion events that were blocked or dropped are deny, all others alert; the same
holds for files and malware. Not covered: audit lines of the management center, and its alerts in other layouts than
`Key: Value`.
"""

from __future__ import annotations

from fwforensics.formats._cisco_syslog import COLUMNS, TRANSLATIONS, CiscoSyslog
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE

TAGGED = LINE.str.contains(r"^[^{|]{0,300}?%(?:FTD|NGIPS)(?:<\w+>)?-(?:[A-Za-z]\w*-)?-?[0-9]-[0-9]{6}")
BARE = LINE.str.contains("SrcIP: ", literal=True) & LINE.str.contains(
    r"^[^{|=%]{0,200}?\S: (?:\S+: )?[A-Z][A-Za-z]+: .*\b(?:SrcIP|DstIP): "
)

FORMAT = Format(
    name="cisco_ftd",
    title="Cisco Firepower Threat Defense (Secure Firewall) syslog",
    reference="https://www.cisco.com/c/en/us/td/docs/security/firepower/Syslogs/b_fptd_syslog_guide.html",
    notes="Initiator and responder are source and destination; intrusion events are deny where they were blocked.",
    is_record=((LINE.str.contains("%FTD", literal=True) | LINE.str.contains("%NGIPS", literal=True)) & TAGGED)
    | (LINE.str.contains("DstIP: ", literal=True) & BARE & ~LINE.str.contains("%(?:ASA|PIX)-")),
    layout=CiscoSyslog(),
    columns=COLUMNS,
    required=("src_ip", "dst_ip", "dst_name", "signature", "user_name"),
    tables={"translations": TRANSLATIONS},
)
