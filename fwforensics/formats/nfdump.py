"""nfdump's binary files, as nfcapd, nfpcapd and sfcapd write them.

Reference: https://github.com/phaag/nfdump

Read are file layouts 1 (nfdump 1.6) and 2 (nfdump 1.7) in either byte order, plain or compressed with LZO, bzip2, LZ4
or Zstandard. A line is a record of the file, numbered from 1 over all its data blocks; records that describe exporters,
samplers and names hold no traffic. A block that does not unpack is one reject.

Times are UTC with milliseconds, `ts` the first and `ts_end` the last packet. Where an exporter sent no start (sFlow),
nfdump has put the time of receipt. Counters are as nfcapd stored them: already multiplied for sFlow and where nfcapd
was told to. `out_packets` and `out_bytes` are what came back. ICMP type and code are taken out of the port; ICMPv6 with
neither has none. `extra` holds all other fields under the names of nfdump's JSON output.

Not read: nfdump 1.5 files, encrypted blocks, the histograms, and the record version 4 of nfdump 1.8.
"""

from __future__ import annotations

from typing import BinaryIO

from fwforensics.formats._format import Binary, Format
from fwforensics.formats._nfcapd_decoder import Nfcapd, locate
from fwforensics.formats._nfcapd_file import header


def recognise(head: bytes, _name: str) -> bool:
    """The magic number of nfcapd, a layout that exists and a header that makes sense."""
    return header(head) is not None


def unit_at(stream: BinaryIO, number: int) -> bytes | None:
    """The record with this number, unpacked; of a damaged block, the block."""
    return locate(stream, number)


FORMAT = Format(
    name="nfdump",
    title="nfdump binary flow files (nfcapd, layouts 1 and 2)",
    reference="https://github.com/phaag/nfdump",
    notes="Line = record of the file. Counters are as stored; sFlow's are already multiplied. Not read: nfdump 1.5, "
    "encrypted blocks.",
    kind="flow",
    binary=Binary(unit="record", recognise=recognise, decoder=Nfcapd, unit_at=unit_at),
)
