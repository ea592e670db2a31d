"""Ingest of four log sets, alternating between this project, ClickHouse in the process, and a line reader.

Machines are noisy, so the contenders take turns in one run and the ratio is formed within each round.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).parent
SETS = ["iptables", "fortigate", "panos", "aws_vpc"]
CONTENDERS = ["fwf", "clickhouse", "duckdb-lines"]
QUICK_SCALE = 0.05
HEADINGS = ["set", "lines", "MB", "contender", "CPU s", "wall s", "peak MB", "M lines/CPU-s", "result MB", "rows"]
HEADINGS.append("speed, fwf : clickhouse")
# What a contender prints; no part of its result.
PRINTED = {"stdout", "stderr"}


@dataclass(frozen=True)
class Source:
    """One generated file.

    Attributes:
        name: Name of the set.
        path: The file.
        lines: Its lines, header included.
        records: Lines that must become a row.
        size_bytes: Its size.
    """

    name: str
    path: str
    lines: int
    records: int
    size_bytes: int


@dataclass(frozen=True)
class Usage:
    """What one child process used, itself and the children that it waited for."""

    cpu_s: float
    wall_s: float
    peak_mb: float


@dataclass(frozen=True)
class Run:
    """One contender on one file in one round."""

    source: str
    contender: str
    turn: int
    usage: Usage
    rows: int | None
    result_bytes: int

    def speed(self, lines: int) -> float:
        """Million lines per CPU-second."""
        return lines / self.usage.cpu_s / 1e6


@dataclass(frozen=True)
class Contender:
    """How a contender is started.

    Attributes:
        name: Its name in the report.
        command: The command for a file and an empty folder for results.
        rows: How many rows it stored, from its output and its folder.
    """

    name: str
    command: Callable[[Source, Path], Sequence[str]]
    rows: Callable[[str, Path], int | None]


def _printed_count(output: str, _folder: Path) -> int | None:
    words = output.split()
    return int(words[-1]) if words and words[-1].isdigit() else None


def _count_in_case(_output: str, folder: Path) -> int | None:
    """Counts outside of the measured process: the count is a check, not part of the work."""
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); "
    script += "print(c.execute('SELECT count(*) FROM events').fetchone()[0])"
    case = folder / "case.duckdb"
    if not case.exists():
        return None
    done = subprocess.run([sys.executable, "-c", script, str(case)], capture_output=True, text=True, check=False)
    return _printed_count(done.stdout, folder) if done.returncode == 0 else None


def contenders(names: list[str], fwf: str, fwf_options: str) -> list[Contender]:
    """The contenders of this run.

    Args:
        names: Which of `CONTENDERS`.
        fwf: The project's command.
        fwf_options: More options for its `ingest`.
    """

    def ingest(source: Source, folder: Path) -> list[str]:
        options = shlex.split(fwf_options)
        return [*shlex.split(fwf), "ingest", source.path, "--case", str(folder / "case.duckdb"), *options]

    def clickhouse(source: Source, folder: Path) -> list[str]:
        return [sys.executable, str(HERE / "clickhouse.py"), source.name, source.path, str(folder / "database")]

    def floor(source: Source, _folder: Path) -> list[str]:
        return [sys.executable, str(HERE / "floor.py"), source.path]

    known = {
        "fwf": Contender("fwf", ingest, _count_in_case),
        "clickhouse": Contender("clickhouse", clickhouse, _printed_count),
        "duckdb-lines": Contender("duckdb-lines", floor, _printed_count),
    }
    return [known[name] for name in names]


def generate(cache: Path, names: list[str], scale: float, big: float | None) -> list[Source]:
    """Writes the files in a process of its own.

    A child starts with the peak memory of its parent on the books, so this process must stay small.
    """
    command = [sys.executable, str(HERE / "generate.py"), "--cache", str(cache), "--scale", str(scale)]
    command += ["--big-iptables", str(big)] if big else names
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    fields = Source.__dataclass_fields__
    return [Source(**{key: json.loads(line)[key] for key in fields}) for line in output.splitlines()]


def measure(command: Sequence[str], folder: Path) -> tuple[Usage, str]:
    """Runs a command to its end and returns what it used and printed.

    Args:
        command: The command.
        folder: Where its output is kept meanwhile; a pipe would have to be drained.

    Raises:
        SystemExit: The command failed, so that its figures would mean nothing.
    """
    with (folder / "stdout").open("w+") as out, (folder / "stderr").open("w+") as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, err):
            stream.seek(0)
        if process.returncode != 0:
            sys.exit(f"{shlex.join(command)} ended with {process.returncode}:\n{err.read()[-2000:]}")
        # Linux counts ru_maxrss in KiB, macOS in bytes.
        peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
        return Usage(used.ru_utime + used.ru_stime, wall, peak), out.read()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name not in PRINTED)


def run_once(contender: Contender, source: Source, turn: int, scratch: Path) -> Run:
    """One measured run in a fresh folder, which is deleted afterwards."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        usage, output = measure(contender.command(source, folder), folder)
        size = _size(folder)
        return Run(source.name, contender.name, turn, usage, contender.rows(output, folder), size)
    finally:
        shutil.rmtree(folder)


def warm(path: str) -> None:
    """Reads a file once, so that no contender pays for the disk."""
    with Path(path).open("rb", buffering=0) as file:
        while file.read(1 << 22):
            pass


def run_all(sources: list[Source], turns: int, chosen: list[Contender], scratch: Path) -> list[Run]:
    """All runs; who begins changes with every round."""
    runs = []
    for source in sources:
        warm(source.path)
        for turn in range(turns):
            shift = turn % len(chosen)
            for contender in chosen[shift:] + chosen[:shift]:
                run = run_once(contender, source, turn, scratch)
                print(progress(run, source), file=sys.stderr, flush=True)
                runs.append(run)
    return runs


def progress(run: Run, source: Source) -> str:
    """One line on a finished run, with a warning where rows are missing."""
    expected = source.lines if run.contender == "duckdb-lines" else source.records
    rows = "rows unknown" if run.rows is None else f"{run.rows} rows"
    wrong = "" if run.rows in (None, expected) else f" BUT {expected} EXPECTED"
    return f"{run.source} {run.contender} #{run.turn + 1}: {run.usage.cpu_s:.2f} CPU s, {rows}{wrong}"


def _spread(values: list[float], digits: int = 2) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def ratios(runs: list[Run], source: str) -> list[float]:
    """Lines per CPU-second of this project, divided by those of ClickHouse, for each round."""
    cpu = {(run.contender, run.turn): run.usage.cpu_s for run in runs if run.source == source}
    turns = sorted({turn for _, turn in cpu})
    pairs = [(cpu.get(("fwf", turn)), cpu.get(("clickhouse", turn))) for turn in turns]
    return [theirs / ours for ours, theirs in pairs if ours and theirs]


def table(runs: list[Run], sources: list[Source]) -> str:
    """The report as a Markdown table: median, and minimum to maximum where it matters."""
    lines = [f"| {' | '.join(HEADINGS)} |", f"| {' | '.join(['---'] * len(HEADINGS))} |"]
    for source in sources:
        for name in CONTENDERS:
            group = [run for run in runs if (run.source, run.contender) == (source.name, name)]
            if group:
                lines.append(_row(source, group, ratios(runs, source.name) if name == "fwf" else []))
    return "\n".join(lines)


def _row(source: Source, group: list[Run], ratio: list[float]) -> str:
    cells = [
        source.name,
        f"{source.lines:,}",
        f"{source.size_bytes / 1e6:.0f}",
        group[0].contender,
        _spread([run.usage.cpu_s for run in group]),
        f"{statistics.median(run.usage.wall_s for run in group):.2f}",
        f"{max(run.usage.peak_mb for run in group):.0f}",
        _spread([run.speed(source.lines) for run in group], 3),
        f"{group[0].result_bytes / 1e6:.1f}",
        "?" if group[0].rows is None else f"{group[0].rows:,}",
        _spread(ratio) if ratio else "",
    ]
    return f"| {' | '.join(cells)} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"{', '.join(SETS)}; all if left out")
    parser.add_argument("--fwf", default="fwf", metavar="COMMAND", help="the project's command (%(default)s)")
    parser.add_argument("--fwf-options", default="", metavar="OPTIONS", help="more options for its ingest")
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="comma-separated (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="alternations (%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the number of lines")
    parser.add_argument("--quick", action="store_true", help=f"the same as --scale {QUICK_SCALE}")
    parser.add_argument("--big-iptables", type=float, metavar="GB", help="one iptables file of this size instead")
    parser.add_argument("--cache", type=Path, help="folder of the generated files and of the results")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single run to this file")
    options = parser.parse_args()
    options.contenders = options.contenders.split(",")
    unknown = {*options.sets} - {*SETS} | {*options.contenders} - {*CONTENDERS}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if "clickhouse" in options.contenders and importlib.util.find_spec("chdb") is None:
        parser.error("ClickHouse is missing: pip install chdb, or choose other --contenders")
    if "fwf" in options.contenders and shutil.which(shlex.split(options.fwf)[0]) is None:
        parser.error(f"no such command: {options.fwf}; name it with --fwf, or choose other --contenders")
    return options


def main() -> None:
    """Generates, runs, and prints the table."""
    options = _options()
    cache = options.cache or Path(tempfile.gettempdir()) / "fwforensics-benchmarks"
    scale = QUICK_SCALE if options.quick else options.scale
    sources = generate(cache, options.sets or SETS, scale, options.big_iptables)
    chosen = contenders(options.contenders, options.fwf, options.fwf_options)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        runs = run_all(sources, options.rounds, chosen, Path(scratch))
    print(table(runs, sources))
    if options.json:
        report = {"sources": [asdict(source) for source in sources], "runs": [asdict(run) for run in runs]}
        options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
