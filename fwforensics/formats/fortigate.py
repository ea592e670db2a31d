"""Fortinet FortiGate (FortiOS) logs as `key=value`, separated by blanks or, where the CSV format is set, by commas.

Read are traffic logs (forward, local, sniffer, multicast, ztna), all UTM logs (ips, anomaly, virus, webfilter,
app-ctrl, dns, dlp, waf, ssl, ssh, emailfilter, voip, file-filter, …) and those event logs that name two endpoints:
VPN negotiations, logins, authentications. All other event logs are ignored as "no traffic". Keys of FortiOS 4
(`src`, `src_port`, `status`, `sent`, …) are understood too. FortiProxy, which writes the same keys, is a format of
its own.

Reference: https://docs.fortinet.com/document/fortigate/latest/fortios-log-message-reference
Reference: https://docs.fortinet.com/document/fortigate/latest/administration-guide/250999/log-settings-and-targets

Time: `eventtime` fixes the instant (seconds up to nanoseconds, by its size); without it `date` and `time` with `tz`;
without `tz` they are local to the firewall. A record that knows its `duration` is logged at its end.

A session that was closed, reset, or timed out was allowed; IPS and virus records are `alert` unless the traffic was
stopped. `direction` says which way a message went inside the session and stays in `extra`; `sentdelta` and `rcvddelta`
(since the last interim log) do too, as the totals contain them. The CEF output is read by `cef`.
"""

from __future__ import annotations

from fwforensics.formats._format import Format
from fwforensics.formats._fortios import LAYOUT, columns, has
from fwforensics.formats._layouts import LINE

FORMAT = Format(
    name="fortigate",
    title="Fortinet FortiGate (FortiOS) traffic, UTM and VPN logs",
    reference="https://docs.fortinet.com/document/fortigate/latest/fortios-log-message-reference",
    notes="Without eventtime and tz times are local to the firewall: --tz. Event logs without endpoints are ignored.",
    is_record=(has(" subtype=") | has(",subtype="))
    & LINE.str.contains(r"(?:^|[ ,>])log_?id=")
    & ~LINE.str.contains(r"CEF:\d"),
    layout=LAYOUT,
    columns=columns(),
)
