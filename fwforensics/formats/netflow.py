"""NetFlow v5, v9 and IPFIX export packets.

Reference: https://www.rfc-editor.org/rfc/rfc7011

Read out of captures (pcap, pcapng; UDP on any port, told by content) and out of files of raw export packets, one or
many after the other. A line is an export packet: the frame of a capture, the datagram of a file. Templates are known by
exporter address, port and domain in captures, and by folder for files of datagrams; data before any template are
decoded once one has come, and are rejects when none does. Application names, sampling intervals and interface names out
of option records are used; sampled counters are not multiplied.

Gaps in the exporters' counters are given as lost: records for version 5, for version 9 packets, of which each holds one
record or more. Of a tunnel whose record has both headers the flow is the inner one; the outer one is in `extra`.

Times are UTC. Where a flow is dated by the uptime of its device, the header of its packet gives the clock: NetFlow v9
gives whole seconds only, so that those times are up to a second early. A flow without any time has that of its packet.

`extra` holds all other fields under their IANA names, and vendors' fields under theirs; an unknown field is
`enterprise:element` with its bytes in hexadecimal.

Not read: IPFIX over TCP or SCTP, IPFIX file format beyond plain messages, structured data (RFC 6313, kept as bytes),
NetFlow v1, v7, v8, and sFlow.
"""

from __future__ import annotations

from typing import BinaryIO

from fwforensics.formats import _pcap as pcap
from fwforensics.formats._flow_stream import Reader
from fwforensics.formats._format import Binary, Format
from fwforensics.formats._netflow_datagrams import datagrams
from fwforensics.formats._netflow_decoder import NetFlow
from fwforensics.formats._netflow_packets import recognise_datagrams


def recognise(head: bytes, _name: str) -> bool:
    """A capture, or export packets."""
    return pcap.is_capture(head) or recognise_datagrams(head)


def scope(head: bytes, _name: str) -> str | None:
    """Files of datagrams in one folder share templates; a capture has its exporters' addresses."""
    return None if pcap.is_capture(head) else "netflow-datagrams"


def unit_at(stream: BinaryIO, number: int) -> bytes | None:
    """The captured frame, or the datagram, with this number."""
    reader = Reader(stream)
    if pcap.is_capture(reader.peek(64)):
        return next((f.data for f in pcap.frames(reader) if f.number == number), None)
    return next((raw for at, raw, _ in datagrams(reader) if at == number), None)


FORMAT = Format(
    name="netflow",
    title="NetFlow v5, v9 and IPFIX export packets (pcap, pcapng, raw datagrams)",
    reference="https://www.rfc-editor.org/rfc/rfc7011",
    notes="Line = export packet. Sampled counters are as exported; the interval is in extra. NetFlow v9 times that are "
    "given as device uptime are up to a second early. Not read: IPFIX over TCP, NetFlow v1/v7/v8, sFlow.",
    kind="flow",
    binary=Binary(unit="export packet", recognise=recognise, decoder=NetFlow, scope=scope, unit_at=unit_at),
)
