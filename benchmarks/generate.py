"""Deterministic log files for the ingest benchmark.

Every file is built in chunks of whole columns; the same seed and scale give the same bytes. Addresses come from the
private, documentation and benchmark ranges only.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
from panos_fields import PANOS_FIELDS

VERSION = 1
SEED = 20251103
CHUNK = 250_000
# A fixed span below one year, whatever the scale: BSD timestamps have no year, so the file must not cross one.
START = np.datetime64("2025-11-03T00:00:00", "us")
SPAN_US = 20 * 86_400 * 1_000_000
DEFAULT_CACHE = Path(tempfile.gettempdir()) / "fwforensics-benchmarks"

Columns = dict[str, pl.Series]


@dataclass(frozen=True)
class Chunk:
    """What a generator is asked for.

    Attributes:
        rng: Random source of this chunk alone, so that chunks do not depend on one another.
        first: Ordinal of the first line in the file.
        size: Number of lines.
        total: Number of lines of the whole file.
    """

    rng: np.random.Generator
    first: int
    size: int
    total: int

    def times(self) -> pl.Series:
        """Ascending times, spread evenly with jitter inside each line's slot."""
        slots = np.arange(self.first, self.first + self.size) + self.rng.random(self.size)
        offsets = (slots * (SPAN_US / self.total)).astype("timedelta64[us]")
        return pl.Series(START + offsets)

    def numbers(self, low: int, high: int) -> pl.Series:
        """Uniform integers in [low, high)."""
        return pl.Series(self.rng.integers(low, high, self.size))

    def counts(self, median: float) -> pl.Series:
        """Heavy-tailed counts, as byte and packet counters are."""
        return pl.Series((median * self.rng.lognormal(0, 1.5, self.size)).astype(np.int64))

    def choice(self, values: list[str], weights: list[float] | None = None) -> pl.Series:
        """Values of a short list."""
        return pl.Series(values).gather(self.rng.choice(len(values), self.size, p=weights))

    def popular(self, pool: pl.Series) -> pl.Series:
        """Values of a long pool, of which the first are much more frequent than the last."""
        return pool.gather((self.rng.random(self.size) ** 3 * len(pool)).astype(np.int64))

    def mask(self, share: float) -> pl.Series:
        """True for about this share of the lines."""
        return pl.Series(self.rng.random(self.size) < share)


@dataclass(frozen=True)
class DataSet:
    """One benchmark file.

    Attributes:
        name: Name of the set.
        suffix: File name ending.
        lines: Lines at scale 1, without the header.
        build: Makes the lines of one chunk.
        header: First line of the file, or nothing.
        is_record: Tells the lines that must become a row; all of them if left out.
    """

    name: str
    suffix: str
    lines: int
    build: Callable[[Chunk], pl.Series]
    header: str = ""
    is_record: Callable[[pl.Series], pl.Series] | None = None


@dataclass(frozen=True)
class Written:
    """What is known of a finished file: the benchmark's denominators, and the row count that proves a run."""

    name: str
    path: str
    lines: int
    records: int
    size_bytes: int
    version: int = VERSION
    seed: int = SEED


# --- pools -----------------------------------------------------------------------------------------------------------


def _pools() -> dict[str, pl.Series]:
    rng = np.random.default_rng(SEED)
    hosts = pl.Series([f"10.20.{i // 96}.{10 + i % 96}" for i in range(384)])
    documentation = [f"{net}.{i}" for net in ("192.0.2", "198.51.100", "203.0.113") for i in range(1, 255)]
    benchmark = [f"198.{18 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" for n in rng.choice(1 << 17, 50_000, replace=False)]
    groups = rng.integers(0, 1 << 16, (5_000, 3))
    # The kernel writes IPv6 addresses in full, without shortening.
    external6 = [f"2001:0db8:{a:04x}:0000:0000:0000:{b:04x}:{c:04x}" for a, b, c in groups]
    hosts6 = [f"fd00:0020:0000:0000:0000:0000:0000:{i:04x}" for i in range(1, 129)]
    octets = rng.integers(0, 256, (384, 3))
    macs = [f"02:00:5e:{a:02x}:{b:02x}:{c:02x}" for a, b, c in octets]
    external = pl.Series(documentation + benchmark[: 50_000 - len(documentation)])
    return {
        "hosts": hosts,
        "external": external.sample(fraction=1.0, shuffle=True, seed=SEED),
        "hosts6": pl.Series(hosts6),
        "external6": pl.Series(external6),
        "macs": pl.Series(macs),
    }


POOLS = _pools()
SERVICES = {
    "port": ["443", "80", "53", "22", "3333", "8443", "123", "6443", "2049", "25"],
    "weight": [0.46, 0.15, 0.14, 0.06, 0.05, 0.04, 0.04, 0.03, 0.02, 0.01],
}


def _lines(columns: Columns, pieces: list[pl.Expr | str]) -> pl.Series:
    """Joins columns and literals into one string a line.

    Args:
        columns: Columns that the pieces refer to.
        pieces: Expressions, or text in which `{name}` stands for a column.
    """
    parts: list[pl.Expr] = []
    for piece in pieces:
        parts.extend([piece] if isinstance(piece, pl.Expr) else _template(piece))
    return pl.DataFrame(columns).select(pl.concat_str(parts).alias("line")).to_series()


def _template(text: str) -> Iterator[pl.Expr]:
    for i, part in enumerate(text.replace("}", "{").split("{")):
        if part:
            yield pl.col(part) if i % 2 else pl.lit(part)


def _format(*pieces: str) -> pl.Expr:
    return pl.concat_str([part for piece in pieces for part in _template(piece)])


def _switch(key: str, cases: dict[str, pl.Expr]) -> pl.Expr:
    """The case whose name the key column holds."""
    out = pl.lit(None, pl.String)
    for name, value in cases.items():
        out = pl.when(pl.col(key) == name).then(value).otherwise(out)
    return out


def _bsd(times: pl.Series) -> pl.Series:
    return times.dt.strftime("%b %e %H:%M:%S")


def _swap(mask: pl.Series, left: pl.Series, right: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Both series, exchanged where the mask holds."""
    return left.zip_with(~mask, right), right.zip_with(~mask, left)


# --- iptables --------------------------------------------------------------------------------------------------------

_IPT_PREFIXES = ["[UFW BLOCK] ", "[UFW ALLOW] ", "[UFW AUDIT] ", "FW-DROP: ", "FORWARD-REJECT: ", "egress-accept "]
_IPT_TCP_FLAGS = ["SYN ", "ACK ", "ACK PSH ", "ACK FIN ", "RST ", "ACK RST "]


def _iptables(chunk: Chunk) -> pl.Series:
    times = chunk.times()
    is6 = chunk.mask(0.03)
    inbound = chunk.mask(0.4)
    near = chunk.popular(POOLS["hosts"]).zip_with(~is6, chunk.popular(POOLS["hosts6"]))
    far = chunk.popular(POOLS["external"]).zip_with(~is6, chunk.popular(POOLS["external6"]))
    src, dst = _swap(inbound, near, far)
    high, service = chunk.numbers(1024, 65536).cast(pl.String), chunk.choice(SERVICES["port"], SERVICES["weight"])
    uptime = (times.to_physical() - START.astype(int).item()).cast(pl.Float64) / 1e6
    columns = {
        "time": _bsd(times),
        "host": chunk.choice(["gw-edge-1", "gw-edge-2", "gw-lab-1"]),
        "has_uptime": chunk.mask(0.7),
        "uptime": uptime.cast(pl.Decimal(20, 6)).cast(pl.String).str.pad_start(12),
        "prefix": chunk.choice(_IPT_PREFIXES, [0.4, 0.1, 0.1, 0.25, 0.05, 0.1]),
        "forwarded": chunk.mask(0.5),
        "in": chunk.choice(["eth0", "eth1", "br-train"]),
        "out": chunk.choice(["eth0", "eth1", "wg0"]),
        "mac": chunk.popular(POOLS["macs"]),
        "peer_mac": chunk.popular(POOLS["macs"]),
        "is6": is6,
        "src": src,
        "dst": dst,
        "length": chunk.numbers(40, 1500),
        "ttl": chunk.numbers(32, 255),
        "id": chunk.numbers(0, 65536),
        "df": chunk.choice(["DF ", ""], [0.7, 0.3]),
        "label": chunk.numbers(0, 1 << 20),
        "proto": chunk.choice(["TCP", "UDP", "ICMP"], [0.78, 0.18, 0.04]),
        "spt": high,
        "dpt": service,
        "window": chunk.numbers(0, 65536),
        "flags": chunk.choice(_IPT_TCP_FLAGS, [0.7, 0.08, 0.08, 0.05, 0.05, 0.04]),
        "payload": chunk.numbers(8, 1400),
        "sequence": chunk.numbers(1, 4000),
    }
    transport = _switch(
        "proto",
        {
            "TCP": _format("PROTO=TCP SPT={spt} DPT={dpt} WINDOW={window} RES=0x00 {flags}URGP=0 "),
            "UDP": _format("PROTO=UDP SPT={spt} DPT={dpt} LEN={payload} "),
            "ICMP": pl.concat_str(
                pl.when("is6").then(pl.lit("PROTO=ICMPv6 TYPE=128")).otherwise(pl.lit("PROTO=ICMP TYPE=8")),
                _format(" CODE=0 ID={id} SEQ={sequence} "),
            ),
        },
    )
    network4 = _format("LEN={length} TOS=0x00 PREC=0x00 TTL={ttl} ID={id} {df}")
    network6 = _format("LEN={length} TC=0 HOPLIMIT={ttl} FLOWLBL={label} ")
    return _lines(
        columns,
        [
            "{time} {host} kernel: ",
            pl.when("has_uptime").then(_format("[{uptime}] ")).otherwise(pl.lit("")),
            "{prefix}IN={in} OUT=",
            pl.when("forwarded").then("out").otherwise(pl.lit("")),
            " MAC={mac}:{peer_mac}:",
            pl.when("is6").then(pl.lit("86:dd")).otherwise(pl.lit("08:00")),
            " SRC={src} DST={dst} ",
            pl.when("is6").then(network6).otherwise(network4),
            transport,
        ],
    )


# --- FortiGate -------------------------------------------------------------------------------------------------------

_FGT_HEAD = (
    'date={date} time={time} devname="FGT-{unit}" devid="FG100FTK2000000{unit}" eventtime={nanos} tz="+0000" '
    'logid="{logid}" type="traffic" subtype="{subtype}" level="notice" vd="root" srcip={src} '
)
_FGT_ENDS = (
    'srcintf="{srcintf}" srcintfrole="lan" dstip={dst} {dstport}dstintf="wan1" dstintfrole="wan" '
    'srccountry="Reserved" dstcountry="{country}" sessionid={session} '
)
_FGT_POLICY = (
    'policyid={policy} policytype="policy" poluuid="7f3b2c{policy}-51e6-51e9-8c1d-0242ac120002" '
    'policyname="train egress {policy}" '
)
_FGT_COUNTS = (
    "duration={duration} sentbyte={sent} rcvdbyte={received} sentpkt={sent_packets} rcvdpkt={received_packets} "
)
_FGT_DEVICE = 'srchwvendor="Example" osname="Linux" mastersrcmac="{mac}" srcmac="{mac}" srcserver=0'


def _fgt_bodies() -> dict[str, pl.Expr]:
    nat = _format('trandisp="snat" transip=203.0.113.{unit} transport={transport} ')
    ends = _format(_FGT_ENDS)
    closed = pl.concat_str(
        _format('srcname="node-{node}" srcport={spt} '),
        ends,
        _format('proto={proto} action="close" ', _FGT_POLICY, 'service="{service}" '),
        nat,
        _format(
            'appid={appid} app="{app}" appcat="Network.Service" apprisk="elevated" applist="default" ',
            _FGT_COUNTS,
            'utmaction="allow" countapp=1 ',
            _FGT_DEVICE,
        ),
    )
    accepted = pl.concat_str(
        _format("srcport={spt} "),
        ends,
        _format('proto={proto} action="accept" ', _FGT_POLICY, 'service="{service}" '),
        nat,
        _format(
            _FGT_COUNTS,
            'appcat="unscanned" sentdelta={sent} rcvddelta={received} durationdelta={duration} ',
            _FGT_DEVICE,
        ),
    )
    denied = pl.concat_str(
        _format("srcport={spt} "),
        ends,
        _format('proto={proto} action="deny" policyid=0 policytype="policy" service="{service}" trandisp="noop" '),
        _format("duration=0 sentbyte=0 rcvdbyte=0 sentpkt=0 rcvdpkt=0 "),
        _format('appcat="unscanned" crscore=30 craction=131072 crlevel="high" msg="Denied by forward policy check" '),
        _format(_FGT_DEVICE),
    )
    ping = pl.concat_str(
        _format("identifier={node} "),
        ends,
        _format('proto=1 action="accept" ', _FGT_POLICY, 'service="PING" '),
        _format('trandisp="noop" ', _FGT_COUNTS, 'appcat="unscanned" ', _FGT_DEVICE),
    )
    return {"closed": closed, "accepted": accepted, "denied": denied, "ping": ping}


def _fortigate(chunk: Chunk) -> pl.Series:
    times = chunk.times()
    kind = chunk.choice(["closed", "accepted", "denied", "ping"], [0.5, 0.2, 0.25, 0.05])
    port = chunk.choice(SERVICES["port"], SERVICES["weight"])
    sent, received = chunk.counts(3_000), chunk.counts(9_000)
    columns = {
        "kind": kind,
        "date": times.dt.strftime("%Y-%m-%d"),
        "time": times.dt.strftime("%H:%M:%S"),
        "nanos": times.to_physical() * 1000 + 789,
        "unit": chunk.choice(["1", "2", "3"]),
        "logid": chunk.choice(["0000000013", "0000000020"], [0.9, 0.1]),
        "subtype": chunk.choice(["forward", "local"], [0.97, 0.03]),
        "src": chunk.popular(POOLS["hosts"]),
        "dst": chunk.popular(POOLS["external"]),
        "node": chunk.numbers(1, 400),
        "spt": chunk.numbers(1024, 65536),
        "dstport": port,
        "srcintf": chunk.choice(["port2", "train vlan 20", "dmz"]),
        "country": chunk.choice(["Reserved", "United States", "Germany", "Netherlands"]),
        "session": chunk.numbers(1_000_000, 99_000_000),
        "proto": chunk.choice(["6", "17"], [0.85, 0.15]),
        "policy": chunk.numbers(10, 40),
        "service": chunk.choice(["HTTPS", "HTTP", "DNS", "SSH", "tcp/3333", "tcp/8443"]),
        "transport": chunk.numbers(1024, 65536),
        "appid": chunk.numbers(15_000, 48_000),
        "app": chunk.choice(["HTTPS.BROWSER", "DNS", "SSH", "Stratum.Mining", "Python.Requests"]),
        "duration": chunk.numbers(1, 600),
        "sent": sent,
        "received": received,
        "sent_packets": sent // 600 + 1,
        "received_packets": received // 900 + 1,
        "mac": chunk.popular(POOLS["macs"]),
    }
    # Pings have no port key at all, which is what makes their key sequence a fourth one.
    columns["dstport"] = ("dstport=" + port + " ").zip_with(kind != "ping", pl.Series([""]))
    return _lines(columns, [_FGT_HEAD, _switch("kind", _fgt_bodies())])


# --- PAN-OS ----------------------------------------------------------------------------------------------------------

_PANOS_VALUES = {
    "receive_time": "{time}",
    "serial": "0123010{unit}5678",
    "type": "TRAFFIC",
    "subtype": "{subtype}",
    "config_version": "2562",
    "time_generated": "{time}",
    "src": "{src}",
    "dst": "{dst}",
    "natsrc": "{natsrc}",
    "natdst": "{natdst}",
    "rule": "{rule}",
    "srcuser": "{user}",
    "app": "{app}",
    "vsys": "vsys1",
    "from": "train",
    "to": "untrust",
    "inbound_if": "ethernet1/{unit}",
    "outbound_if": "ethernet1/8",
    "logset": "forward-all",
    "time_logged": "{time}",
    "sessionid": "{session}",
    "repeatcnt": "1",
    "sport": "{spt}",
    "dport": "{dpt}",
    "natsport": "{natsport}",
    "natdport": "{natdport}",
    "flags": "0x400053",
    "proto": "{proto}",
    "action": "{action}",
    "bytes": "{total}",
    "bytes_sent": "{sent}",
    "bytes_received": "{received}",
    "packets": "{packets}",
    "start": "{start}",
    "elapsed": "{elapsed}",
    "category": "{category}",
    "seqno": "{seqno}",
    "actionflags": "0x8000000000000000",
    "srcloc": "10.0.0.0-10.255.255.255",
    "dstloc": "{country}",
    "pkts_sent": "{packets_sent}",
    "pkts_received": "{packets_received}",
    "session_end_reason": "{reason}",
    "dg_hier_level_1": "11",
    "dg_hier_level_2": "0",
    "dg_hier_level_3": "0",
    "dg_hier_level_4": "0",
    "device_name": "pa-train-{unit}",
    "action_source": "from-policy",
    "tunnelid": "0",
    "parent_session_id": "0",
    "tunnel": "N/A",
    "assoc_id": "0",
    "chunks": "0",
    "chunks_sent": "0",
    "chunks_received": "0",
    "rule_uuid": "6f1d2b7a-3c4e-4f8a-9b21-0d5e7c9a1f3{unit}",
    "http2_connection": "0",
    "link_change_count": "0",
    "src_host": "{host}",
    "high_res_timestamp": "{precise}",
    "subcategory_of_app": "encrypted-tunnel",
    "category_of_app": "networking",
    "technology_of_app": "browser-based",
    "risk_of_app": "4",
    "characteristic_of_app": '"used-by-malware,able-to-transfer-file,has-known-vulnerability,pervasive-use"',
    "tunneled_app": "untunneled",
    "is_saas_of_app": "no",
    "sanctioned_state_of_app": "no",
    "offloaded": "0",
}


def _panos(chunk: Chunk) -> pl.Series:
    times = chunk.times()
    sent, received = chunk.counts(3_000), chunk.counts(9_000)
    packets_sent, packets_received = sent // 600 + 1, received // 900 + 1
    denied = chunk.mask(0.25)
    nat = ~denied
    text = pl.Series
    dst, dpt = chunk.popular(POOLS["external"]), chunk.choice(SERVICES["port"], SERVICES["weight"])
    elapsed = chunk.numbers(0, 600)
    columns = {
        "header": _bsd(times),
        "time": times.dt.strftime("%Y/%m/%d %H:%M:%S"),
        "precise": times.dt.strftime("%Y-%m-%dT%H:%M:%S%.3f+00:00"),
        "start": (times - (elapsed * 1_000_000).cast(pl.Duration("us"))).dt.strftime("%Y/%m/%d %H:%M:%S"),
        "elapsed": elapsed,
        "unit": chunk.choice(["1", "2", "3"]),
        "subtype": chunk.choice(["end", "start"], [0.8, 0.2]).zip_with(nat, text(["deny"])),
        "src": chunk.popular(POOLS["hosts"]),
        "dst": dst,
        "natsrc": chunk.choice(["203.0.113.10", "203.0.113.11"]).zip_with(nat, text(["0.0.0.0"])),  # noqa: S104
        "natdst": dst.zip_with(nat, text(["0.0.0.0"])),  # noqa: S104
        "rule": chunk.choice(["Train-Egress", "Allow-Updates"]).zip_with(nat, text(["Deny all untrusted"])),
        "user": chunk.choice(["", "corp\\trainer", "corp\\svc-rl"], [0.8, 0.1, 0.1]),
        "app": chunk.choice(["ssl", "web-browsing", "dns-base", "ssh", "stratum-mining", "ntp-base"]),
        "session": chunk.numbers(1_000, 4_000_000),
        "spt": chunk.numbers(1024, 65536),
        "dpt": dpt,
        "natsport": chunk.numbers(1024, 65536).cast(pl.String).zip_with(nat, text(["0"])),
        "natdport": dpt.zip_with(nat, text(["0"])),
        "proto": chunk.choice(["tcp", "udp"], [0.85, 0.15]),
        "action": chunk.choice(["deny", "drop", "reset-both"]).zip_with(denied, text(["allow"])),
        "total": sent + received,
        "sent": sent,
        "received": received,
        "packets": packets_sent + packets_received,
        "packets_sent": packets_sent,
        "packets_received": packets_received,
        "category": chunk.choice(["any", "computer-and-internet-info", "newly-registered-domain"]),
        "seqno": pl.Series(np.arange(chunk.first, chunk.first + chunk.size) + 7_432_018_841_203_345_121),
        "country": chunk.choice(["United States", "Germany", "Netherlands", "Singapore"]),
        "reason": chunk.choice(["tcp-fin", "aged-out", "tcp-rst-from-server"]).zip_with(nat, text(["policy-deny"])),
        "host": chunk.choice(["", "node-17", "node-42"], [0.6, 0.2, 0.2]),
    }
    template = ",".join(_PANOS_VALUES.get(field, "") for field in PANOS_FIELDS[1:])
    return _lines(columns, ["{header} pa-train-{unit} 1,", template])


# --- AWS VPC flow log ------------------------------------------------------------------------------------------------

_VPC_HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)


def _vpc(chunk: Chunk) -> pl.Series:
    inbound = chunk.mask(0.45)
    src, dst = _swap(inbound, chunk.popular(POOLS["hosts"]), chunk.popular(POOLS["external"]))
    service = chunk.choice(SERVICES["port"], SERVICES["weight"])
    spt, dpt = _swap(inbound, chunk.numbers(1024, 65536).cast(pl.String), service)
    start = chunk.times().to_physical() // 1_000_000
    octets = chunk.counts(4_000) + 40
    columns = {
        "eni": chunk.choice([f"eni-0a1b2c3d4e5f6{i:04x}" for i in range(64)]),
        "src": src,
        "dst": dst,
        "spt": spt,
        "dpt": dpt,
        "proto": chunk.choice(["6", "17", "1"], [0.82, 0.16, 0.02]),
        "packets": octets // 500 + 1,
        "bytes": octets,
        "start": start,
        "end": start + chunk.numbers(10, 60),
        "action": chunk.choice(["ACCEPT", "REJECT"], [0.8, 0.2]),
        "status": chunk.choice(["OK", "NODATA", "SKIPDATA"], [0.994, 0.005, 0.001]),
    }
    traffic = _format("{src} {dst} {spt} {dpt} {proto} {packets} {bytes} {start} {end} {action} OK")
    silent = _format("- - - - - - - {start} {end} - {status}")
    body = pl.when(pl.col("status") == "OK").then(traffic).otherwise(silent)
    return _lines(columns, ["2 123456789012 {eni} ", body])


def _has_traffic(lines: pl.Series) -> pl.Series:
    return lines.str.ends_with(" OK")


# --- files -----------------------------------------------------------------------------------------------------------

DATA_SETS = {
    data_set.name: data_set
    for data_set in (
        DataSet("iptables", "log", 2_000_000, _iptables),
        DataSet("fortigate", "log", 500_000, _fortigate),
        DataSet("panos", "log", 500_000, _panos),
        DataSet("aws_vpc", "log", 2_000_000, _vpc, header=_VPC_HEADER, is_record=_has_traffic),
    )
}


def _chunks(count: int) -> Iterator[Chunk]:
    for first in range(0, count, CHUNK):
        yield Chunk(np.random.default_rng([SEED, first]), first, min(CHUNK, count - first), count)


def _write(data_set: DataSet, path: Path, count: int) -> Written:
    records = 0
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        if data_set.header:
            file.write(data_set.header.encode() + b"\n")
        for chunk in _chunks(count):
            lines = data_set.build(chunk)
            records += int(data_set.is_record(lines).sum()) if data_set.is_record else len(lines)
            lines.to_frame().write_csv(file, include_header=False, quote_style="never")
    # Where a format has no year, tools may take it from the file's time.
    end = (START + np.timedelta64(SPAN_US, "us")).astype("datetime64[s]").astype(int).item()
    os.utime(partial, (end, end))
    partial.rename(path)
    total = count + bool(data_set.header)
    return Written(data_set.name, str(path), total, records, path.stat().st_size)


def _cached(manifest: Path) -> Written | None:
    """The finished file, unless it is missing, changed, or made by another version of this generator."""
    if not manifest.exists():
        return None
    written = Written(**json.loads(manifest.read_text()))
    path = Path(written.path)
    usable = path.exists() and path.stat().st_size == written.size_bytes
    return written if usable and (written.version, written.seed) == (VERSION, SEED) else None


def ensure(name: str, cache: Path, scale: float = 1.0, label: str = "") -> Written:
    """Writes a data set unless it is there already.

    Args:
        name: Key of `DATA_SETS`.
        cache: Folder of the files.
        scale: Factor on the number of lines.
        label: Part of the file name; by default the scale.
    """
    data_set = DATA_SETS[name]
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"{name}-{label or f'{scale:g}'}.{data_set.suffix}"
    manifest = path.with_suffix(".json")
    written = _cached(manifest)
    if written is None:
        written = _write(data_set, path, max(1, round(data_set.lines * scale)))
        manifest.write_text(json.dumps(asdict(written)))
    return written


def ensure_big_iptables(cache: Path, gigabytes: float) -> Written:
    """Writes an iptables file of about this size (10^9 bytes), for watching memory."""
    sample = ensure("iptables", cache, 0.01)
    bytes_a_line = sample.size_bytes / sample.lines
    scale = gigabytes * 1e9 / bytes_a_line / DATA_SETS["iptables"].lines
    return ensure("iptables", cache, scale, label=f"{gigabytes:g}GB")


def main() -> None:
    """Writes the data sets and prints what was written, one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SET", help=f"{', '.join(DATA_SETS)}; all if left out")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="folder of the files (%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the number of lines")
    parser.add_argument("--big-iptables", type=float, metavar="GB", help="write only an iptables file of this size")
    options = parser.parse_args()
    unknown = set(options.names) - set(DATA_SETS)
    if unknown:
        parser.error(f"no such set: {', '.join(sorted(unknown))}")
    if options.big_iptables:
        print(json.dumps(asdict(ensure_big_iptables(options.cache, options.big_iptables))))
        return
    for name in options.names or DATA_SETS:
        started = time.perf_counter()
        written = ensure(name, options.cache, options.scale)
        print(json.dumps(asdict(written) | {"seconds": round(time.perf_counter() - started, 1)}))


if __name__ == "__main__":
    main()
