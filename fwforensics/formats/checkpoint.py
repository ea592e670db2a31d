"""Check Point gateways: logs as Log Exporter, `fw log` and SmartConsole write them.

Read are Log Exporter's forms (syslog `[key:"value"; …]` with or without its header, RFC 5424 structured data `[id
key="value" …]`, `key=value|key=value` as for Splunk and from the LEA interface, CEF, LEEF, JSON) and tables:
`num;date;time;orig;…` of `fw logexport`, exports of SmartConsole and SmartView Tracker, and Tracker's rows without a
header (`"22" "10Dec2019" "23:44:49" "eth1" …`). All blades are read whose record names two ends; audit logs and
states of the gateway are ignored as "no traffic".

Reference: https://sc1.checkpoint.com/documents/Log_Exporter/EN/Content/Topics/Appendix.htm
Reference: https://support.checkpoint.com/results/sk/sk144192

Time: `start_time` or `time` (seconds since 1970) fixes the instant, `lastupdatetime` or `time` is the end; else the
header's time; tables and the header without zone are local to the gateway. A zone written as `--5:00` is -05:00.

Logs that update one connection share `loguid`, which is the session here. `client_inbound_bytes` came from the client.
The sensor is `origin`, not the log server in the header. A translation to 0.0.0.0 is none.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fwforensics.formats._cef import CEF_START, LEEF_START, Cef, Leef
from fwforensics.formats._cells import cells
from fwforensics.formats._checkpoint_columns import COLUMNS, TABLE_NAMES
from fwforensics.formats._delimited import Columnar, Delimited
from fwforensics.formats._derived import Derived
from fwforensics.formats._either import one_of
from fwforensics.formats._extension_columns import KEEP, clocked, moment
from fwforensics.formats._format import Format
from fwforensics.formats._json import Json
from fwforensics.formats._keyvalue import KeyValue
from fwforensics.formats._layouts import LINE
from fwforensics.formats._quoted_pairs import QuotedPairs

KEPT = (
    *KEEP, "product", "rule", "rule_uid", "rule_action", "service_id", "service", "origin", "orig", "user", "time",
    "start_time", "action_reason", "svc", "ProductName",
)  # fmt: skip
#: The pairs of the native form, whatever stands before them.
NATIVE = r'(?:\[|syslog\[?|^|\s)(?:action|flags|ifdir|loguid|product|alert|contextnum|conn_direction):+"'
STRUCTURED = r'\[[^\s\[\]"]+@[^\s\[\]"]+ '
PIPED = r"\b(?:time|loc|customer|hostname|action)=[^|]*\|"
HEADER = r"(?i)^\W?(?:num|number|id|time|date)\W{1,4}(?:.*\W)?(?:source|src)\W{1,4}(?:.*\W)?(?:destination|dst)(?:\W|$)"
ROW = r'^"\d+" "\d{1,2}[A-Z][a-z]{2}\d{4}" "\d\d?:\d\d:\d\d" "'
TRACKER = (
    "num", "date", "time", "ifname", "orig", "type", "action", "service", "s_port", "src", "dst", "proto", "rule",
    "rule_name", "current_rule", "user", "information", "product", "src_machine_name", "src_user_name",
)  # fmt: skip
#: How Log Exporter writes a zone west of UTC in one of its forms.
ODD_ZONE = r"^(?:<\d+>)?1? ?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)--(\d{1,2}):(\d\d) (\S+) "


def has(word: str) -> pl.Expr:
    """Lines with the text anywhere."""
    return LINE.str.contains(word, literal=True)


def behind(pattern: str) -> pl.Expr:
    """Byte offset behind the first match of a pattern; NULL where there is none."""
    return LINE.str.extract(f"^(.*?{pattern})").str.len_bytes()


def separator(header: str) -> str:
    """What stands between the columns of a table."""
    return max(";\t,", key=header.count)


def names(header: str) -> Sequence[str | None]:
    """Columns of a table by the names of the fields."""
    found = cells(header, separator(header))
    return [TABLE_NAMES.get(c.strip().rstrip(":").lower(), c.strip()) for c in found]


def follows(header: str) -> pl.Expr:
    """Rows below a header: no fewer separators than it has."""
    mark = separator(header)
    return LINE.str.count_matches(mark, literal=True) >= header.count(mark)


OF_TABLE = (pl.col("date") + " " + pl.col("time")).str.to_datetime("%d%b%Y %H:%M:%S", strict=False, time_unit="us")
ODD = pl.col("@line").str.extract_groups(ODD_ZONE)
WEST = pl.duration(
    hours=ODD.struct.field("2").cast(pl.Int64, strict=False), minutes=ODD.struct.field("3").cast(pl.Int64, strict=False)
)
ODD_TIME = ODD.struct.field("1").str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us") + WEST
FIRST = moment("start_time", "rt", "devTime", "time")
LAST = pl.coalesce(moment("lastupdatetime"), pl.when(moment("start_time").is_not_null()).then(moment("time")))
TABLES = Columnar(
    header=LINE.str.contains(HEADER),
    names=names,
    delimited=Delimited(names=(), quote='"', keep=KEPT),
    separator=separator,
)
LAYOUT = one_of(
    [
        (LINE.str.contains(CEF_START), Cef(keep=KEPT)),
        (LINE.str.contains(LEEF_START), Leef(keep=KEPT)),
        (LINE.str.contains(NATIVE), QuotedPairs(anchor=LINE.str.find(NATIVE), keep=KEPT)),
        (LINE.str.contains(STRUCTURED), QuotedPairs(anchor=behind(STRUCTURED), mark="=", keep=KEPT)),
        (LINE.str.contains(ROW), Delimited(names=TRACKER, separator=" ", quote='"', keep=KEPT)),
        (LINE.str.contains(r"^(?:<\d+>)?\s*\{"), Json(begin=LINE.str.find("{", literal=True), keep=KEPT)),
        (LINE.str.contains(PIPED), KeyValue(anchor=LINE.str.find(PIPED), separator="|", keep=KEPT)),
    ],
    TABLES,
)
IS_NATIVE = has('loguid:"') | (has('origin:"') & has('product:"')) | (has(" CheckPoint ") & LINE.str.contains(NATIVE))
IS_STRUCTURED = LINE.str.contains(r"@1\.3\.6\.1\.4\.1\.2620 |@2620 ") | (
    has(" CheckPoint ") & LINE.str.contains(STRUCTURED) & has("loguid=")
)
IS_CEF = LINE.str.contains(r"(?:CEF: ?\d|LEEF: ?\d\.\d|^\s*0)\|\|?Check ?Point\|")
IS_PIPED = (has("product=") | has("|orig=") | has("|origin=")) & LINE.str.contains(
    r"\|(?:src|s_port|i/f_dir|ifdir|loguid)=.*\|(?:dst|service|proto|rule|product|src|version)="
)
IS_JSON = LINE.str.contains(r"^(?:<\d+>)?\s*\{") & has('"loguid"') & has('"origin"')

FORMAT = Format(
    name="checkpoint",
    title="Check Point gateways (Log Exporter, fw log, SmartConsole)",
    reference="https://sc1.checkpoint.com/documents/Log_Exporter/EN/Content/Topics/Appendix.htm",
    notes=(
        "Tables and headers without zone are local to the gateway: --tz. Audit logs without two ends are ignored. "
        "JSON and SmartConsole tables are built from documentation; not tried on a recorded log."
    ),
    is_record=IS_NATIVE | IS_STRUCTURED | IS_CEF | IS_PIPED | IS_JSON | LINE.str.contains(ROW),
    opens=LINE.str.contains(HEADER)
    & ~LINE.str.contains("=", literal=True)
    & LINE.str.contains(r"(?i)\borig(?:in)?\b")
    & LINE.str.contains(r"(?i)\b(?:i/f_name|interface|blade|s_port)\b"),
    follows=follows,
    layout=Derived(LAYOUT, {**clocked("began", FIRST), **clocked("ended", LAST), "@table_time": OF_TABLE}),
    columns={
        **COLUMNS,
        "sensor": pl.coalesce(COLUMNS["sensor"], ODD.struct.field("4")),
        "ts": pl.coalesce(
            pl.col("@began"),
            ODD_TIME,
            pl.when(pl.col("@began_local").is_null() & pl.col("@table_time").is_null()).then(pl.col("@ts")),
        ),
        "ts_local": pl.coalesce("@began_local", "@table_time", "@ts_local"),
    },
    priority=40,
)
