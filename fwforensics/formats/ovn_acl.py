"""OVN's access list log: the audit log of OVN-Kubernetes (OpenShift), Kube-OVN and OpenStack Neutron.

Lines of `ovn-controller` as in `acl-audit-log.log` or behind a syslog header: what the list said (`name`, `verdict`,
`severity`, `direction`), then the packet as OVS writes flows, for IPv4, IPv6 and ARP. The name of the list is the rule
(`NP:namespace:policy:Ingress:0`); `<unnamed>` is none. A verdict `pass` hands on to another tier and decides nothing.
The packet is written as it went; MAC addresses, TTL and all else stand in `extra`.

Reference: https://docs.redhat.com/en/documentation/openshift_container_platform/4.17/html/network_security/logging-network-security
Reference: https://www.ovn.org/support/dist-docs/ovn-nb.5.html

Time: that of the line, ISO 8601 in UTC; else the syslog header's.
Not covered: other modules' lines in the same file, which are no traffic.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._derived import Derived
from fwforensics.formats._fields import code, iso, mapped, port, tcp_flag_words, text
from fwforensics.formats._format import Format
from fwforensics.formats._layouts import LINE, KeyValue

SAID = pl.col("@head")
NAME = pl.coalesce(SAID.str.extract(r'\bname="([^"]*)"'), SAID.str.extract(r"\bname=([^\",]+?), verdict="))
VERDICT = SAID.str.extract(r"\bverdict=([\w-]+)")
#: The packet begins with its protocol.
PACKET = r"(?:severity|direction|verdict)=[\w-]+: ?[a-z]+[0-9]*,"
PROTOCOL = pl.col("@words").str.extract(r"^(\w+)").replace(
    {"tcp6": "tcp", "udp6": "udp", "sctp6": "sctp", "icmp6": "ipv6-icmp", "ip": None, "ipv6": None, "arp": None}
)  # fmt: skip

FORMAT = Format(
    name="ovn_acl",
    title="OVN ACL log (OVN-Kubernetes, Kube-OVN, Neutron)",
    reference="https://docs.redhat.com/en/documentation/openshift_container_platform/4.17/html/network_security/logging-network-security",
    notes="Built from the vendor's documentation; not tried on a recorded log.",
    is_record=LINE.str.contains("|acl_log(", literal=True) & LINE.str.contains(PACKET),
    is_noise={
        "other message": LINE.str.contains(
            r"^\d{4}-\d\d-\d\dT[0-9:.]+Z\|\d+\|[a-z_]+(?:\(\w+\))?\|(?:EMER|ERR|WARN|INFO|DBG)\|"
        )
        & ~LINE.str.contains("|acl_log(", literal=True)
    },
    layout=Derived(
        KeyValue(
            anchor=LINE.str.extract(rf"^(.*?{PACKET})").str.extract(r"^(.*: ?)\w+,$").str.len_bytes(), separator=","
        ),
        {"@stamp": SAID.str.extract(r"(\d{4}-\d\d-\d\dT[0-9:.]+Z)\|")},
    ),
    columns={
        "ts": pl.coalesce(iso("@stamp"), pl.col("@ts")),
        "ts_local": pl.col("@ts_local"),
        "sensor": pl.col("@host"),
        "action": mapped(
            VERDICT,
            {"allow": "allow", "allow-related": "allow", "allow-stateless": "allow", "drop": "deny", "reject": "deny"},
        ),
        "disposition": VERDICT,
        "direction": mapped(
            SAID.str.extract(r"\bdirection=([\w-]+)"), {"to-lport": "inbound", "from-lport": "outbound"}
        ),
        "protocol": PROTOCOL,
        "src_ip": text("nw_src", "ipv6_src", "arp_spa"),
        "src_port": port("tp_src"),
        "dst_ip": text("nw_dst", "ipv6_dst", "arp_tpa"),
        "dst_port": port("tp_dst"),
        "tcp_flags": tcp_flag_words(pl.col("tcp_flags")),
        "icmp_type": code("icmp_type"),
        "icmp_code": code("icmp_code"),
        "rule": pl.when(NAME != "<unnamed>").then(NAME),
        "severity": mapped(
            SAID.str.extract(r"\bseverity=(\w+)"),
            {"alert": "high", "warning": "medium", "notice": "low", "info": "informational", "debug": "informational"},
        ),
    },
)
