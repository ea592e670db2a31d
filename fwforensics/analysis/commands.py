"""What a command would do on the network: destinations that it names, and the kind of program that it runs.

A pure function on text. Wrappers are taken off first, since agents (and attackers) write `sh -c`, base64, hex and URL
encodings, heredocs; what they hide is read as well as what stands there. A command that names nothing is no proof of
anything: `python3 bench.py` may read its destination from a file.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote

import polars as pl
import tldextract

#: Layers of wrapping that are taken off, and characters of a command that are looked at.
MAX_DEPTH, MAX_CHARACTERS = 4, 65_536
#: A range that a command names is not looked at beyond this many addresses (a /8).
MAX_RANGE = 1 << 24

#: Kind of program → how it shows in a command. A word is a command's own when no letter or dash stands before it.
PROGRAMS = {
    "miner": (
        r"xmrig|xmr-stak|minerd|cpuminer|ccminer|nbminer|t-rex|lolminer|ethminer|gminer|phoenixminer|teamredminer",
        r"stratum\+(?:tcp|ssl|tls)|stratum2?://|--donate-level|randomx",
    ),
    "tunnel": (
        r"ssh\b[^\n|;&]{0,2000}\s-\w*[RLDw]\s*\S|autossh|sshuttle|chisel\b|ngrok|cloudflared|frpc?\b|bore\s+local",
        r"localtunnel|lt\s+--port|tailscale|wg-quick|openvpn|pinggy|serveo\.net|gsocket|gs-netcat|rathole",
        r"inlets|ligolo|socat\b|stunnel",
    ),
    "scanner": (
        r"nmap|masscan|zmap|rustscan|naabu|arp-scan|fping|hping3?|nikto|gobuster|ffuf|nuclei|unicornscan",
        r"/dev/tcp/|nc(?:at)?\b[^\n|;&]{0,2000}\s-\w*z",
    ),
    "shell": (r"nc(?:at)?\b|netcat|telnet\b|/dev/udp/|pty\.spawn|bash\s+-i",),
    "ssh": (r"ssh\b|paramiko|asyncssh|dropbear|dbclient",),
    "copy": (
        r"scp\b|rsync\b|sftp\b|rclone\b|aws\s+s3|gsutil|azcopy|ftp\b|requests\.(?:post|put)",
        r"curl\b[^\n|;&]{0,2000}\s(?:-T|-F|--upload-file|--form|-d|--data\S*)\s|wget\b[^\n|;&]{0,2000}--post",
    ),
    "fetch": (
        r"curl\b|wget\b|https?://|requests\.|urllib|httpx|aiohttp|urlopen|web_fetch|fetch\(",
        r"git\s+(?:clone|fetch|pull|push|ls-remote|submodule)|pip3?\b|npm\b|apt(?:-get)?\b|conda\b|uv\b",
        r"docker\s+pull|go\s+(?:get|mod)|cargo\b|huggingface|wandb",
    ),
    "dns": (r"dig\b|nslookup|host\s|resolvectl|getent\s+\w*hosts|dnspython|iodine|dnscat",),
    "socket": (r"socket\.|connect\(|create_connection|asyncio\.open_connection|net\.Dial|TcpStream",),
}
#: Kind of program → categories of violations and server ports that it is apt to leave.
SUITS = {
    "miner": (("mining",), (3333, 4444, 5555, 7777, 9999, 14444, 45700)),
    "tunnel": (("tunnel",), (22, 2222, 7000, 51820, 1194)),
    "scanner": (("probe",), ()),
    "shell": (("probe", "tunnel"), (23, 4444)),
    "ssh": (("tunnel",), (22, 2222)),
    "copy": (("upload",), (20, 21, 22, 873, 443)),
    "fetch": (("metadata", "upload"), (80, 443, 8080, 8443)),
    "dns": (("dns",), (53, 853)),
    "socket": ((), ()),
}
_PROGRAM = {k: re.compile(rf"(?<![\w.-])(?:{'|'.join(words)})", re.IGNORECASE) for k, words in PROGRAMS.items()}
_BACKGROUND = re.compile(
    r"\bnohup\b|\bsetsid\b|\bdisown\b|\bscreen\s+-\w*d|\btmux\b[^\n|;]{0,2000}\s-d|\bat\s+now|\bcrontab\b|systemd-run"
    r"|daemon(?:ize)?\b|start_new_session|subprocess\.Popen|(?<![&>|])&(?=\s|$)",
    re.MULTILINE,
)
_IPV4 = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d{1,2})|-(\d{1,3}(?:\.\d{1,3}){0,3}))?(?![\d.]*\d)")
_PREFIX = re.compile(r"(?<![\d.])(\d{1,3}\.\d{1,3}\.\d{1,3})\.(?:\$|\{|\*|%|\"\s*\+|'\s*\+)")
_IPV6 = re.compile(r"(?<![\w:.])\[?([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})\]?(?:/(\d{1,3}))?(?![\w:])")
_NAME = re.compile(r"(?<![\w.-])((?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24})\.?(?![\w-])")
_PORTS = re.compile(
    r"(?:(?<=[\w\])}]):(\d{2,5})(?![\w.:])"
    r"|(?:\s-p\s*|--port[= ]|\bport\W{1,3}|/dev/(?:tcp|udp)/[^/\s]+/)(\d{1,5}(?:[,-]\d{1,5})*)"
    r"|(?:\bnc(?:at)?\b|telnet)[^\n|;&]{0,2000}?\s(\d{2,5})(?:\s|$))"
)
#: Endings that file names have, and domains do not (or hardly ever in a command).
_FILES = frozenset(
    word
    for line in (
        "py sh js ts json jsonl yaml yml toml txt log md csv tsv xml html htm css c h cc cpp hpp rs go java class jar",
        "rb pl php lua so a o gz bz2 xz zst zip tar tgz whl egg deb rpm pem key crt cfg conf ini lock out err tmp bak",
        "patch diff db sqlite parquet npy npz pt pth bin exe dll png jpg jpeg gif svg pdf ipynb path join append read",
        "write format split strip get post put run call",
    )
    for word in line.split()
)
#: Top-level domains that are reserved, or usual inside.
INNER_ENDINGS = frozenset(
    (
        "example",
        "test",
        "invalid",
        "local",
        "localdomain",
        "internal",
        "intranet",
        "lan",
        "corp",
        "home",
        "private",
        "onion",
        "svc",
    )
)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_-])([A-Za-z0-9+/_-]{16,}={0,2})(?![A-Za-z0-9+/=_-])")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:0x)?((?:[0-9A-Fa-f]{2}){8,})(?![0-9A-Fa-f])")
_HEX_ESCAPES = re.compile(r"(?:\\x[0-9A-Fa-f]{2}){3,}|(?:\\[0-3]?[0-7]{2}){6,}")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
#: What may name a destination or a program at all; most commands of a training run do not.
INTERESTING = (
    r"(?i)\d\.\d|[a-z0-9]\.[a-z]{2}|::|/dev/(?:tcp|udp)|&\s*$|&\s+\w|nohup|setsid|disown|ssh|nc\b|ncat|netcat|telnet|nmap|curl|wget"
    r"|[A-Za-z0-9+/_-]{16,}|\\x[0-9a-f]{2}|%[0-9a-f]{2}|socket|xmr|miner|stratum|tunnel|pip|npm|apt|git|http|crontab|tmux|screen|Popen"
)


@dataclass(slots=True)
class Meaning:
    """What a command says.

    Attributes:
        ips: addresses that it names, canonical.
        ranges: (first, last) address keys of networks and ranges that it names.
        names: host names, lower case.
        ports: ports.
        programs: kinds of programs, words of `PROGRAMS`.
        background: does it leave a process behind that outlives it?
        hidden: did any of this stand in an encoded part?
    """

    ips: set[str] = field(default_factory=set)
    ranges: set[tuple[str, str]] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)
    programs: set[str] = field(default_factory=set)
    background: bool = False
    hidden: bool = False


def understand(command: str) -> Meaning:
    """Read one command, wrappers taken off."""
    meaning = Meaning()
    for depth, text in enumerate(layers(command)):
        before = (len(meaning.ips), len(meaning.names), len(meaning.programs), len(meaning.ranges))
        _destinations(text, meaning)
        meaning.programs.update(kind for kind, pattern in _PROGRAM.items() if pattern.search(text))
        meaning.background |= _BACKGROUND.search(text) is not None
        after = (len(meaning.ips), len(meaning.names), len(meaning.programs), len(meaning.ranges))
        meaning.hidden |= depth > 0 and after > before
    return meaning


def layers(command: str) -> list[str]:
    """The command itself, then what is encoded in it, each once."""
    found = [command[:MAX_CHARACTERS]]
    frontier = found
    for _ in range(MAX_DEPTH):
        inner = [t for text in frontier for t in _decoded(text) if t not in found]
        if not inner:
            break
        frontier = list(dict.fromkeys(inner))[:32]
        found.extend(frontier)
    return found


def _decoded(text: str) -> Iterable[str]:
    """Texts that stand encoded in a text."""
    if _PERCENT.search(text):
        yield unquote(text)
    if _HEX_ESCAPES.search(text):
        yield _HEX_ESCAPES.sub(lambda m: _readable(codecs.escape_decode(m.group(0).encode())[0]) or m.group(0), text)
    for match in list(_BASE64.finditer(text))[:32]:
        body = match.group(1).replace("-", "+").replace("_", "/")
        for width in (8, 16):
            plain = _readable(_unbase64(body), width)
            if plain:
                yield plain
    for match in list(_HEX.finditer(text))[:32]:
        if plain := _readable(bytes.fromhex(match.group(1))):
            yield plain


def _unbase64(body: str) -> bytes:
    try:
        return base64.b64decode(body.rstrip("=") + "=" * (-len(body.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _readable(data: bytes, width: int = 8) -> str:
    """Bytes as text if nearly all of them are printable; else nothing."""
    if len(data) < 6:
        return ""
    try:
        text = data.decode("utf-8" if width == 8 else "utf-16-le")
    except UnicodeDecodeError:
        return ""
    shown = sum(c.isprintable() or c in "\n\t\r" for c in text)
    return text if shown >= 0.97 * len(text) and text.isascii() else ""


def _destinations(text: str, meaning: Meaning) -> None:
    for address, bits, last in _IPV4.findall(text):
        _ipv4(address, bits, last, meaning)
    for prefix in _PREFIX.findall(text):
        _network(f"{prefix}.0", "24", meaning)
    if "::" in text or text.count(":") >= 7:
        for address, bits in _IPV6.findall(text):
            if bits:
                _network(address, bits, meaning)
            elif (ip := _address(address)) is not None:
                meaning.ips.add(str(ip))
    for name in _NAME.findall(text):
        low = name.lower()
        ending = low.rpartition(".")[2]
        if ending not in _FILES and ending in _endings():
            meaning.names.add(low)
    for groups in _PORTS.findall(text):
        for part in re.split(r"[,-]", next(g for g in groups if g)):
            if 0 < int(part) < 65536:
                meaning.ports.add(int(part))


@cache
def _endings() -> frozenset[str]:
    """Top-level domains of the offline snapshot, and those of inner names; `time.sleep` is no host."""
    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    return frozenset(s.rpartition(".")[2] for s in extract.tlds) | INNER_ENDINGS


def _ipv4(address: str, bits: str, last: str, meaning: Meaning) -> None:
    first = _address(address)
    if first is None:
        return
    if bits:
        _network(address, bits, meaning)
        return
    if not last:
        meaning.ips.add(str(first))
        return
    parts = address.split(".")
    end = _address(".".join([*parts[: 4 - len(last.split("."))], last]))
    if end is not None and 0 <= int(end) - int(first) < MAX_RANGE:
        meaning.ranges.add((key_of(first), key_of(end)))


def _network(address: str, bits: str, meaning: Meaning) -> None:
    try:
        network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    except ValueError:
        return
    if network.version == 6 or network.num_addresses <= MAX_RANGE:
        meaning.ranges.add((key_of(network[0]), key_of(network[-1])))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if ip.is_unspecified or ip.is_loopback else ip


def key_of(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The key of an address as in `addresses.ip_key`."""
    number = int(ip) if ip.version == 6 else 0xFFFF00000000 | int(ip)
    return f"{number:032x}"


SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "command": pl.String,
    "ips": pl.List(pl.String),
    "lows": pl.List(pl.String),
    "highs": pl.List(pl.String),
    "names": pl.List(pl.String),
    "ports": pl.List(pl.Int32),
    "programs": pl.List(pl.String),
    "background": pl.Boolean,
    "hidden": pl.Boolean,
}


def meanings(commands: pl.Series) -> pl.DataFrame:
    """Meanings of the commands that have any.

    Args:
        commands: distinct commands (String).

    Returns:
        `command`, `ips`, `lows` and `highs` (keys of ranges), `names`, `ports`, `programs` (lists), `background`,
        `hidden` (Boolean); one row for each command that names anything or runs anything known.
    """
    some = commands.drop_nulls().unique(maintain_order=True)
    rows = []
    for command in some.filter(some.str.contains(INTERESTING)):
        m = understand(command)
        if m.ips or m.ranges or m.names or m.ports or m.programs or m.background:
            ranges = sorted(m.ranges)
            rows.append((
                command, sorted(m.ips), [r[0] for r in ranges], [r[1] for r in ranges], sorted(m.names),
                sorted(m.ports), sorted(m.programs), m.background, m.hidden,
            ))  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def suits() -> pl.DataFrame:
    """Which kind of program is apt to leave which category and which server port: `program`, `category`, `port`."""
    rows: list[tuple[str, str | None, int | None]] = []
    for program, (categories, ports) in SUITS.items():
        rows += [(program, category, None) for category in categories]
        rows += [(program, None, port) for port in ports]
    return pl.DataFrame(rows, schema={"program": pl.String, "category": pl.String, "port": pl.Int32}, orient="row")
