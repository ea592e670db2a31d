r"""The yardstick: ClickHouse, inside the process, does the same work on the same file.

Run by `ingest.py` in a process of its own: `clickhouse.py SET FILE FOLDER`. Prints the number of rows stored.

Every formulation was the fastest of several that were tried (see README.md). What they have in common:

* Lines come from `LineAsString`; `_row_number` is right whatever the number of threads.
* Words that repeat go through `toLowCardinality` *before* any function, which then runs once a distinct word.
* Addresses become the native 16-byte type, which reads and stores a little faster than canonical text.
* Quoted separators: the pieces between quotes alternate between outside and inside, so replacing the separator in
  every second piece lets the plain, fast `splitByChar` do the rest. This is cheaper than `extractKeyValuePairs` and
  than the CSV format; like the former (and unlike `extractKeyValuePairsWithEscaping`) it knows no escaped quotes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from chdb import session
from panos_fields import PANOS_FIELDS

# BSD timestamps have no year; the generated files lie within this one.
YEAR = 2025
WORD = "LowCardinality(String)"
WORD_OR_NULL = "LowCardinality(Nullable(String))"
MAP = "Map(LowCardinality(String), String)"
MASKED = r"'\x01'"


@dataclass(frozen=True)
class Load:
    """How one set is loaded.

    Attributes:
        names: Expressions that others refer to, by name.
        columns: Target column: (type, expression).
        where: Which lines become rows.
    """

    names: dict[str, str]
    columns: dict[str, tuple[str, str]]
    where: str = "1"

    def create(self) -> str:
        """The statement that makes the empty table."""
        columns = ", ".join(f"{name} {kind}" for name, (kind, _) in self.columns.items())
        return f"CREATE TABLE default.events ({columns}) ENGINE = MergeTree ORDER BY tuple()"

    def insert(self, path: str) -> str:
        """The statement that reads the file into the table."""
        names = ",\n  ".join(f"{expression} AS {name}" for name, expression in self.names.items())
        values = ",\n  ".join(expression for _, expression in self.columns.values())
        quoted = path.replace("\\", "\\\\").replace("'", "\\'")
        source = f"file('{quoted}', LineAsString, 'line String')"
        return f"INSERT INTO default.events WITH {names}\nSELECT {values}\nFROM {source} WHERE {self.where}"


def _list(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _word(expression: str) -> str:
    return f"toLowCardinality({expression})"


def _word_or_null(expression: str) -> tuple[str, str]:
    return WORD_OR_NULL, f"nullIf({_word(expression)}, '')"


def _number(kind: str, expression: str) -> tuple[str, str]:
    return f"Nullable({kind})", f"to{kind}OrNull({expression})"


def _protocol(number: str) -> tuple[str, str]:
    word = _word(number)
    names = _list(["icmp", "tcp", "udp", "gre", "esp", "ipv6-icmp"])
    return WORD, f"transform({word}, ['1', '6', '17', '47', '50', '58'], [{names}], {word})"


def _mask_quoted(separator: str) -> str:
    """The line without its quotes, and with another character for each separator that stood inside them."""
    pieces = "splitByChar('\"', line)"
    masked = f"if(i % 2 = 0, replaceAll(piece, '{separator}', {MASKED}), piece)"
    return f"arrayStringConcat(arrayMap((piece, i) -> {masked}, {pieces} AS pieces, arrayEnumerate(pieces)))"


# --- iptables --------------------------------------------------------------------------------------------------------


def _token(key: str) -> str:
    """The value of the first `KEY=` after the prefix; the kernel ends every value with a blank."""
    start = f"at_{key} + {len(key) + 2}"
    return f"if(at_{key} = 0, '', substring(line, {start}, position(line, ' ', at_{key} + 1) - ({start})))"


def _flags() -> str:
    letters = {"CWR": "C", "ECE": "E", "URG": "U", "ACK": "A", "PSH": "P", "RST": "R", "SYN": "S", "FIN": "F"}
    parts = ", ".join(f"if(position(flag_words, '{word}') > 0, '{letter}', '')" for word, letter in letters.items())
    return f"nullIf(concat({parts}), '')"


def iptables() -> Load:
    """Values by position, the rest of the keys from the tokens."""
    keys = ["IN", "OUT", "SRC", "DST", "LEN", "PROTO", "SPT", "DPT", "TYPE", "CODE"]
    key_of = "substring(token, 1, position(token, '=') - 1)"
    uptime = "match(substring(line, kernel + 9, 2), '^\\\\[[ 0-9]')"
    names = {
        "kernel": "position(line, ' kernel: ')",
        "body": "position(line, ' IN=', kernel)",
        "rule_at": f"if({uptime}, position(line, '] ', kernel + 9) + 2, kernel + 9)",
        "rule": f"trimBoth({_word('substring(line, rule_at, body - rule_at)')})",
        "flags_at": "position(line, ' RES=', body) + 10",
        "flags_end": "position(line, ' URGP=', body)",
        "flag_words": _word("if(flags_end = 0, '', substring(line, flags_at, flags_end - flags_at))"),
    }
    names |= {f"at_{key}": f"position(line, ' {key}=', body)" for key in keys}
    names |= {f"v_{key}": _token(key) for key in keys}
    names["rest"] = (
        f"arrayFilter(token -> position(token, '=') > 0 AND {key_of} NOT IN ({_list(keys)}), "
        "splitByChar(' ', substring(line, body + 1)))"
    )
    verdict = (
        "multiIf(match(rule, '(?i)block|drop|reject|deny'), 'deny', match(rule, '(?i)allow|accept'), 'allow', NULL)"
    )
    protocol = _word("v_PROTO")
    columns = {
        "line_no": ("UInt64", "_row_number + 1"),
        "ts": ("DateTime('UTC')", f"parseDateTimeBestEffort(concat('{YEAR} ', substring(line, 1, 15)), 'UTC')"),
        "sensor": (WORD, _word("substring(line, 17, kernel - 17)")),
        "rule": (WORD, "rule"),
        "action": (WORD_OR_NULL, verdict),
        "protocol": (WORD, f"if({protocol} = 'ICMPv6', 'ipv6-icmp', lower({protocol}))"),
        "src_ip": ("IPv6", "toIPv6(v_SRC)"),
        "src_port": _number("UInt16", "v_SPT"),
        "dst_ip": ("IPv6", "toIPv6(v_DST)"),
        "dst_port": _number("UInt16", "v_DPT"),
        "in_iface": _word_or_null("v_IN"),
        "out_iface": _word_or_null("v_OUT"),
        "bytes": ("UInt64", "toUInt64(v_LEN)"),
        "tcp_flags": (WORD_OR_NULL, _flags()),
        "icmp_type": _number("UInt8", "v_TYPE"),
        "icmp_code": _number("UInt8", "v_CODE"),
        "extra": (
            MAP,
            (
                f"mapFromArrays(arrayMap(token -> {key_of}, rest), "
                "arrayMap(token -> substring(token, position(token, '=') + 1), rest))"
            ),
        ),
    }
    return Load(names, columns)


# --- FortiGate -------------------------------------------------------------------------------------------------------

_FGT_KEYS = [
    *["eventtime", "devname", "action", "proto", "srcip", "srcport", "dstip", "dstport", "transip", "transport"],
    *["sentbyte", "rcvdbyte", "sentpkt", "rcvdpkt", "duration", "srcintf", "dstintf", "policyname", "app", "sessionid"],
]


def _value(key: str) -> str:
    return f"vals[indexOf(keys, '{key}')]"


def _text(key: str) -> str:
    """A value that may hold blanks, which are still masked."""
    return f"replaceAll({_word(_value(key))}, {MASKED}, ' ')"


def fortigate() -> Load:
    """Split at the blanks outside quotes, then values by key."""
    names = {
        "tokens": f"splitByChar(' ', {_mask_quoted(' ')})",
        "keys": "arrayMap(token -> substring(token, 1, position(token, '=') - 1), tokens)",
        "vals": "arrayMap(token -> substring(token, position(token, '=') + 1), tokens)",
        "action_word": _word(_value("action")),
    }
    allow = _list(["accept", "close", "client-rst", "server-rst", "timeout", "ip-conn"])
    columns = {
        "line_no": ("UInt64", "_row_number + 1"),
        "ts": (
            "DateTime64(6, 'UTC')",
            f"fromUnixTimestamp64Micro(intDiv(toInt64({_value('eventtime')}), 1000), 'UTC')",
        ),
        "sensor": (WORD, _text("devname")),
        "action": (
            WORD_OR_NULL,
            f"multiIf(action_word IN ({allow}), 'allow', action_word IN ('deny', 'blocked'), 'deny', NULL)",
        ),
        "disposition": (WORD, "lower(action_word)"),
        "protocol": _protocol(_value("proto")),
        "src_ip": ("IPv6", f"toIPv6({_value('srcip')})"),
        "src_port": _number("UInt16", _value("srcport")),
        "dst_ip": ("IPv6", f"toIPv6({_value('dstip')})"),
        "dst_port": _number("UInt16", _value("dstport")),
        "src_nat_ip": _number("IPv6", _value("transip")),
        "src_nat_port": _number("UInt16", _value("transport")),
        "bytes_out": _number("UInt64", _value("sentbyte")),
        "bytes_in": _number("UInt64", _value("rcvdbyte")),
        "packets_out": _number("UInt64", _value("sentpkt")),
        "packets_in": _number("UInt64", _value("rcvdpkt")),
        "duration": _number("Float64", _value("duration")),
        "in_iface": (WORD_OR_NULL, f"nullIf({_text('srcintf')}, '')"),
        "out_iface": (WORD_OR_NULL, f"nullIf({_text('dstintf')}, '')"),
        "rule": (WORD_OR_NULL, f"nullIf({_text('policyname')}, '')"),
        "app": (WORD_OR_NULL, f"nullIf({_text('app')}, '')"),
        "session_id": ("String", _value("sessionid")),
        "extra": (
            MAP,
            (
                f"mapFromArrays(arrayFilter(key -> key NOT IN ({_list(_FGT_KEYS)}), keys), "
                f"arrayMap(val -> replaceAll(val, {MASKED}, ' '), "
                f"arrayFilter((val, key) -> key NOT IN ({_list(_FGT_KEYS)}), vals, keys)))"
            ),
        ),
    }
    return Load(names, columns)


# --- PAN-OS ----------------------------------------------------------------------------------------------------------


def _field(name: str) -> str:
    return f"fields[{PANOS_FIELDS.index(name) + 1}]"


def _nat(translated: str, original: str) -> tuple[str, str]:
    value = _field(translated)
    return "Nullable(IPv6)", f"toIPv6OrNull(if({value} IN ('0.0.0.0', {_field(original)}), '', {value}))"


_PANOS_COUNTERS = {
    "bytes": "bytes",
    "packets": "packets",
    "bytes_out": "bytes_sent",
    "bytes_in": "bytes_received",
    "packets_out": "pkts_sent",
    "packets_in": "pkts_received",
}
_PANOS_WORDS = {
    "sensor": "device_name",
    "disposition": "action",
    "protocol": "proto",
    "in_iface": "inbound_if",
    "out_iface": "outbound_if",
    "src_zone": "from",
    "dst_zone": "to",
    "rule": "rule",
    "reason": "session_end_reason",
    "app": "app",
}
_PANOS_OTHERS = ["-", "time_generated", "src", "dst", "sport", "dport", "natsrc", "natdst", "natsport", "natdport"]
_PANOS_OTHERS += ["elapsed", "srcuser", "sessionid", "repeatcnt"]


def _panos_extra() -> tuple[str, str]:
    """The fields that have no column of their own, as far as they are not empty."""
    mapped = {*_PANOS_COUNTERS.values(), *_PANOS_WORDS.values(), *_PANOS_OTHERS}
    wanted = ", ".join(str(int(field not in mapped)) for field in PANOS_FIELDS)
    keys = f"arrayFilter((key, want, val) -> want AND val != '', [{_list(PANOS_FIELDS)}], [{wanted}], fields)"
    values = f"arrayFilter((val, want) -> want AND val != '', fields, [{wanted}])"
    return MAP, f"mapFromArrays({keys}, arrayMap(val -> replaceAll(val, {MASKED}, ','), {values}))"


def panos() -> Load:
    """Split at the commas outside quotes, then fields by position."""
    columns = {
        "line_no": ("UInt64", "_row_number + 1"),
        "ts": ("DateTime('UTC')", f"parseDateTimeBestEffort({_field('time_generated')}, 'UTC')"),
        "action": (WORD, f"if({_word(_field('action'))} IN ('allow', 'alert'), 'allow', 'deny')"),
        "src_ip": ("IPv6", f"toIPv6({_field('src')})"),
        "src_port": ("UInt16", f"toUInt16({_field('sport')})"),
        "dst_ip": ("IPv6", f"toIPv6({_field('dst')})"),
        "dst_port": ("UInt16", f"toUInt16({_field('dport')})"),
        "src_nat_ip": _nat("natsrc", "src"),
        "src_nat_port": ("Nullable(UInt16)", f"nullIf(toUInt16({_field('natsport')}), 0)"),
        "dst_nat_ip": _nat("natdst", "dst"),
        "dst_nat_port": ("Nullable(UInt16)", f"nullIf(toUInt16({_field('natdport')}), 0)"),
        "duration": ("Float64", f"toFloat64({_field('elapsed')})"),
        "user_name": _word_or_null(_field("srcuser")),
        "session_id": ("String", _field("sessionid")),
        "repeat_count": ("UInt32", f"toUInt32({_field('repeatcnt')})"),
    }
    columns |= {name: ("UInt64", f"toUInt64({_field(field)})") for name, field in _PANOS_COUNTERS.items()}
    columns |= {
        name: (WORD, f"replaceAll({_word(_field(field))}, {MASKED}, ',')") for name, field in _PANOS_WORDS.items()
    }
    columns["extra"] = _panos_extra()
    return Load({"fields": f"splitByChar(',', {_mask_quoted(',')})"}, columns)


# --- AWS VPC flow log ------------------------------------------------------------------------------------------------


def aws_vpc() -> Load:
    """Split at blanks, fields by position; header and records without traffic give no row."""
    verdict = _word("fields[13]")
    columns = {
        "line_no": ("UInt64", "_row_number + 1"),
        "ts": ("DateTime('UTC')", "toDateTime(toUInt32(fields[11]), 'UTC')"),
        "ts_end": ("DateTime('UTC')", "toDateTime(toUInt32(fields[12]), 'UTC')"),
        "sensor": (WORD, _word("fields[3]")),
        "action": (WORD_OR_NULL, f"multiIf({verdict} = 'ACCEPT', 'allow', {verdict} = 'REJECT', 'deny', NULL)"),
        "disposition": (WORD, f"lower({verdict})"),
        "protocol": _protocol("fields[8]"),
        "src_ip": ("IPv6", "toIPv6(fields[4])"),
        "src_port": _number("UInt16", "fields[6]"),
        "dst_ip": ("IPv6", "toIPv6(fields[5])"),
        "dst_port": _number("UInt16", "fields[7]"),
        "bytes": ("UInt64", "toUInt64(fields[10])"),
        "packets": ("UInt64", "toUInt64(fields[9])"),
        "extra": (MAP, "map('version', fields[1], 'account-id', fields[2], 'log-status', fields[14])"),
    }
    return Load({"fields": "splitByChar(' ', line)"}, columns, where="endsWith(line, ' OK')")


LOADS = {load.__name__: load for load in (iptables, fortigate, panos, aws_vpc)}


def main() -> None:
    """Loads the file that the command line names into a new database in the folder."""
    name, path, folder = sys.argv[1:]
    load = LOADS[name]()
    database = session.Session(str(Path(folder)))
    database.query("SET max_threads = 2")
    database.query(load.create())
    database.query(load.insert(path))
    print(str(database.query("SELECT count() FROM default.events", "TSV")).strip())
    database.close()


if __name__ == "__main__":
    main()
