"""What ships with the tool: known services, and the warning lists of ordinary infrastructure.

`queries/knowledge/*.csv` becomes part of `indicators`; each row says where it is documented. The warning lists are
those that MISP maintains, as the package `pymispwarninglists` carries them: files in its folder, nothing is asked of
the network. They are matched and not stored: what talks to a cloud, a content network or a public resolver is less
remarkable, so what is only guessed from shape or service is one step less severe there; it is never hidden.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from fwforensics import queries
from fwforensics.errors import UsageError
from fwforensics.schema import TABLES
from fwforensics.store import Case, network_range, now

SHIPPED = "shipped: "
LISTED = "MISP warning list "
#: Warning list → what kind of ordinary infrastructure it names.
WARNING_LISTS = {
    "akamai": "cdn", "amazon-aws": "cloud", "apple": "vendor", "cloudflare": "cdn", "fastly": "cdn",
    "github": "vendor", "google": "vendor", "google-gcp": "cloud", "microsoft": "vendor", "microsoft-azure": "cloud",
    "microsoft-azure-china": "cloud", "microsoft-office365": "vendor", "microsoft-office365-ip": "vendor",
    "microsoft-win10-connection-endpoints": "vendor", "public-dns-v4": "public-dns", "public-dns-v6": "public-dns",
    "stackpath": "cdn", "wikimedia": "vendor",
}  # fmt: skip
ORDINARY = tuple(sorted(set(WARNING_LISTS.values())))
KNOWN = {
    "kind": pl.String, "value": pl.String, "low": pl.String, "high": pl.String, "category": pl.String,
    "label": pl.String, "source": pl.String,
}  # fmt: skip


def refresh(case: Case, *, lists: bool = True, tags: bool = True) -> None:
    """Put what is shipped into `indicators`, and match what is known against what the case holds.

    Without `lists`, warning lists are left out unless they were matched before: reading them takes longer than a small
    log, and only hunts and enrichment need them. Without `tags`, those of addresses are left for later.
    """
    before = "SELECT EXISTS (SELECT 1 FROM indicator_hits WHERE starts_with(source, ?))"
    lists = lists or bool(case.sql(before, [LISTED]).scalar())
    case.execute("DELETE FROM indicators WHERE starts_with(source, ?)", [SHIPPED])
    case.append("indicators", shipped().with_columns(added_at=pl.lit(now())))
    networks = case.sql("SELECT DISTINCT value FROM indicators WHERE kind = 'cidr'").pl()
    case.temporary("spans", spans(networks["value"]))
    case.temporary("listed", warning_lists() if lists else pl.DataFrame(schema=KNOWN))
    for step in ("known", "in_ranges", "indicator_hits", *(["tags"] if tags else [])):
        queries.run_build(case, step)
    for table in ("spans", "listed", "known", "in_range"):
        case.execute(f"DROP TABLE temp.{table}")


@cache
def shipped() -> pl.DataFrame:
    """The shipped knowledge, in the columns of `indicators`."""
    folder = queries.query_dirs()[0] / "knowledge"
    parts = [pl.read_csv(path, schema_overrides={"value": pl.String}) for path in sorted(folder.glob("*.csv"))]
    rows = pl.concat(parts).with_columns(source=pl.lit(SHIPPED) + pl.col("source"))
    return rows.select(c for c in TABLES["indicators"].names if c in rows.columns)


@cache
def warning_lists() -> pl.DataFrame:
    """Ordinary infrastructure: one row an address, network or domain; none where the package is not there."""
    folder = _lists()
    rows: list[tuple[str, str, str, str, str]] = []
    for name, category in WARNING_LISTS.items():
        path = folder / name / "list.json" if folder else None
        if path is None or not path.is_file():
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        source = f"{LISTED}{name} {found['version']}"
        label = str(found["name"]).removeprefix("List of known ").split(" (http", 1)[0]
        rows += [(*_entry(str(value)), category, label, source) for value in found["list"]]
    schema = {"kind": pl.String, "value": pl.String, "category": pl.String, "label": pl.String, "source": pl.String}
    return _ranged(pl.DataFrame(rows, schema=schema, orient="row"))


def warning_lists_state() -> str:
    """What the installed warning lists are, in words."""
    sources = warning_lists()["source"].unique()
    if not len(sources):
        return "no warning lists: pymispwarninglists is not installed, and no severity is lowered"
    newest = max(s.rsplit(" ", 1)[1] for s in sources if len(s.rsplit(" ", 1)[1]) == len("20250101"))
    return f"{len(sources)} MISP warning lists, the newest of {newest[:4]}-{newest[4:6]}-{newest[6:]}"


def _lists() -> Path | None:
    """The folder of the lists; the package itself is not imported, which would read all of them."""
    spec = find_spec("pymispwarninglists")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "data" / "misp-warninglists" / "lists"


def _entry(value: str) -> tuple[str, str]:
    """Kind and value of one entry of a warning list."""
    text = value.strip().lower()
    if "/" in text:
        return "cidr", text
    if ":" in text or text.replace(".", "").isdigit():
        return "ip", text
    return "domain", text.strip(".").removeprefix("*.")


def _ranged(rows: pl.DataFrame) -> pl.DataFrame:
    """First and last address of networks; what is no network, though it says so, is left out."""
    known = spans(rows.filter(kind="cidr")["value"].unique())
    return rows.join(known, on="value", how="left").select(list(KNOWN))


def spans(networks: pl.Series) -> pl.DataFrame:
    """`value`, `low`, `high`: the first and last address of each network, as keys; what is no network has none."""
    ends = [_range(text) for text in networks]
    low, high = (pl.Series(name, [e[i] for e in ends], pl.String) for i, name in enumerate(("low", "high")))
    return pl.DataFrame([networks.rename("value"), low, high])


def _range(value: str) -> tuple[str | None, str | None]:
    try:
        _, low, high = network_range(value)
    except UsageError:
        return None, None
    return low, high
