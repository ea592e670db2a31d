"""Error rates and speed of the statistics on simulated worlds: prints the tables of `docs/accuracy.md`.

    python benchmarks/accuracy.py false-positives
    python benchmarks/accuracy.py power --scale 0.5
    python benchmarks/accuracy.py --scale 0

Each trial prints its command, the number of repetitions and standard errors; the same command prints the same numbers,
but for those of time. `--scale` makes so many times the repetitions; with 0 they are so few that figures say nothing:
it shows that everything runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator

from trials import effects, false_findings, false_positives, intervals, other_tests, power, speed, timing

TRIALS: dict[str, Callable[[float], Iterator[str]]] = {
    "false-positives": false_positives.run,
    "other-tests": other_tests.run,
    "false-findings": false_findings.run,
    "power": power.run,
    "timing": timing.run,
    "intervals": intervals.run,
    "effects": effects.run,
    "speed": speed.run,
}


def main() -> None:
    """Runs the trials that the command line names, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", nargs="*", choices=[*TRIALS, []], help="which; all if none is named")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the repetitions; 0: as few as can be")
    options = parser.parse_args()
    for name in options.trials or TRIALS:
        begun, used = time.perf_counter(), sum(os.times()[:4])
        print(f"`python benchmarks/accuracy.py {name}{'' if options.scale == 1 else f' --scale {options.scale:g}'}`\n")
        for line in TRIALS[name](options.scale):
            print(line, flush=True)
        wall, cpu = time.perf_counter() - begun, sum(os.times()[:4]) - used
        print(f"\n({wall:.0f} s, {cpu:.0f} s of CPU)\n", flush=True)
        print(f"{name}: {wall:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
