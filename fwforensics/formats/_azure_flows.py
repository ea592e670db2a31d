"""What Azure's flow logs share: a flow is a text of comma-separated values.

Network security groups write seconds, T or U, a decision and (since version 2) a state and counters; virtual networks
write milliseconds, the protocol's number, a state that tells denials, too, and the encryption.
"""

from __future__ import annotations

import polars as pl

from fwforensics.formats._delimited import Delimited
from fwforensics.formats._fields import epoch, mapped, port, text, uint
from fwforensics.formats._format import Columns
from fwforensics.formats._json import Json

ENDS = ("flowTime", "sourceAddress", "destinationAddress", "sourcePort", "destinationPort", "protocol", "flowDirection")
COUNTERS = ("packetsSent", "bytesSent", "packetsReceived", "bytesReceived")
GROUP = (*ENDS, "decision", "flowState", *COUNTERS)
NETWORK = (*ENDS, "flowState", "encryption", *COUNTERS)


def names(protocol: str | None, count: int) -> tuple[str, ...]:
    """The names of a flow's values; the protocol is a letter in the one kind and a number in the other."""
    if count < len(ENDS):  # it names no two ends, and is rejected for that
        return ENDS[:1]
    return NETWORK if (protocol or "").isdigit() else GROUP


FLOW = Delimited(names=names, pick=ENDS.index("protocol"), keep=("flowState",))

RECORD = Json(keep=("resourceId", "targetResourceID"))

COLUMNS: Columns = {
    "ts": epoch("flowTime"),
    "sensor": text("targetResourceID", "resourceId").str.extract(r"([^/]+)/*$"),
    # A flow that has begun, goes on or has ended was let through.
    "action": pl.coalesce(
        mapped("decision", {"a": "allow", "d": "deny"}),
        pl.when(pl.col("decision").is_null() & pl.col("encryption").is_not_null()).then(
            mapped("flowState", {"b": "allow", "c": "allow", "e": "allow", "d": "deny"})
        ),
    ),
    "disposition": pl.coalesce(
        mapped("decision", {"a": "allowed", "d": "denied"}),
        pl.when(pl.col("decision").is_null()).then(mapped("flowState", {"d": "deny"})),
    ),
    "direction": mapped("flowDirection", {"i": "inbound", "o": "outbound"}),
    "protocol": pl.coalesce(mapped("protocol", {"t": "tcp", "u": "udp"}), pl.col("protocol")),
    "src_ip": pl.col("sourceAddress"),
    "src_port": port("sourcePort"),
    "dst_ip": pl.col("destinationAddress"),
    "dst_port": port("destinationPort"),
    "packets_out": uint("packetsSent"),
    "bytes_out": uint("bytesSent"),
    "packets_in": uint("packetsReceived"),
    "bytes_in": uint("bytesReceived"),
    "rule": pl.col("rule"),
}
