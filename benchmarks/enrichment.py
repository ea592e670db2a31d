"""How long offline enrichment takes for a million distinct addresses: `python benchmarks/enrichment.py [ADDRESSES]`.

The addresses are spread at random over all of public IPv4 (nine in ten) and IPv6, by a fixed seed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from fwforensics import queries
from fwforensics.enrich._run import Options, enrich
from fwforensics.store import Case

MAKE = """
INSERT INTO addresses (ip, ip_key, version, scope)
SELECT ip, printf('00000000000000000000ffff%08x', n), 4, 'external'
FROM (
    SELECT DISTINCT n, concat_ws('.', n >> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255) AS ip
    FROM (SELECT hash(range) % 3741319168 + 16777216 AS n FROM range($n * 9 // 10))
);
"""
MAKE6 = """
INSERT INTO addresses (ip, ip_key, version, scope)
SELECT printf('2%03x:%x:%x:%x::1', n % 4096, n % 65521, 1 + n % 65519, 1 + n % 65497),
    printf('2%03x%04x%04x%04x0000000000000001', n % 4096, n % 65521, 1 + n % 65519, 1 + n % 65497), 6, 'external'
FROM (SELECT DISTINCT hash(range) % 1000000007 AS n FROM range($n // 10));
"""


def main() -> None:
    """Make a case of addresses only, enrich it twice, and print the times."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder, Case(Path(folder) / "case.duckdb", create=True) as case:
        queries.install(case)
        for sql in (MAKE, MAKE6):
            case.execute(sql, {"n": count})
        case.execute("UPDATE meta SET derived_dirty = false")
        print(case.sql("SELECT version, count(*) AS n FROM addresses GROUP BY version ORDER BY version").rows())
        for what in ("first", "again"):
            wall, cpu = time.perf_counter(), time.process_time()
            done = enrich(case, Options())
            print(f"{what}: {time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} s of CPU")
            print(done.select("provider", "asked", "answered", "seconds"))
        print(case.sql("SELECT count(asn) AS asn, count(country) AS country, count(*) AS n FROM addresses").rows())


if __name__ == "__main__":
    main()
