"""Fortinet FortiProxy logs as `key=value`: proxy sessions, HTTP transactions, UTM and explicit-proxy logins.

The keys are those of FortiOS and are read by the same mapping. FortiProxy's lines are told from FortiGate's by the
serial number (`FPX…`), the proxy's own keys (`proxyapptype`, proxy policies), its HTTP transactions, or its name.

Reference: https://docs.fortinet.com/document/fortiproxy/latest/fortiproxy-log-reference

Time: `eventtime` fixes the instant; without it `date` and `time` with `tz`; without `tz` they are local to the proxy.
`duration` counts milliseconds; a record is logged at its end. An HTTP transaction has no decision of its own: the
session's record has it. `tranip` is the server's address, `transip` the proxy's. Not covered: the CEF output.
"""

from __future__ import annotations

from fwforensics.formats._format import Format
from fwforensics.formats._fortios import LAYOUT, columns, has
from fwforensics.formats._layouts import LINE

FORMAT = Format(
    name="fortiproxy",
    title="Fortinet FortiProxy traffic, HTTP transaction and UTM logs",
    reference="https://docs.fortinet.com/document/fortiproxy/latest/fortiproxy-log-reference",
    notes="Shares FortiGate's keys; durations are milliseconds. Without eventtime and tz times are local: --tz.",
    is_record=(has(" subtype=") | has(",subtype="))
    & LINE.str.contains(
        r"(?:devid|device_id)=\"*FPX|[ ,]proxyapptype=|subtype=\"*http-transaction"
        r"|(?i:devname=\"*[^\" ,]*(?:fortiproxy|fpx))|logdesc=\"(?:FortiProxy|Explicit proxy) "
        r"|policytype=\"*proxy-policy"
    )
    & LINE.str.contains(r"(?:^|[ ,>])(?:log_?id|devid)=")
    & ~LINE.str.contains(r"CEF:\d"),
    layout=LAYOUT,
    columns=columns(per_second=1000),
    priority=40,
)
