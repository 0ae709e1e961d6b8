"""Measure everything and print it.

    python -m benchmarks.card [--quick] [--json] [--only warm cold ...]

With --json one JSON object is all that stdout gets. Goals are printed as they are, met or missed.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from benchmarks import calls, cold, limiter, memory, mixed, warm
from benchmarks.environment import Environment
from benchmarks.pace import FULL, MICRO, QUICK, RunSize
from sandbox.valkey import ValkeyMissing

SECTIONS: dict[str, ModuleType] = {  # in the order they are measured in
    "memory": memory,
    "warm": warm,
    "cold": cold,
    "mixed": mixed,
    "calls": calls,  # ends the worker
    "limiter": limiter,
}


def main() -> None:
    arguments = _arguments()
    pace = MICRO if arguments.micro else QUICK if arguments.quick else FULL
    tables = sys.stderr if arguments.json else sys.stdout
    try:
        figures = run(pace, arguments.only, say=lambda text: print(text, file=tables, flush=True))
    except ValkeyMissing as missing:
        sys.exit(f"Nothing is measured without a Redis-compatible server: {missing}")
    if arguments.json:
        print(json.dumps(figures, indent=2))


def run(pace: RunSize, names: Sequence[str], *, say: Callable[[str], None]) -> dict[str, Any]:
    """The figures of these sections; each table is said as soon as it is known."""
    started = time.monotonic()
    figures: dict[str, Any] = {"machine": _machine()}
    say(_about(pace, figures["machine"]))
    with Environment() as environment:
        for name in filter(names.__contains__, SECTIONS):
            section = SECTIONS[name]
            figures[name] = asyncio.run(section.measure(environment, pace))
            say(section.show(figures[name]))
    figures["seconds"] = round(time.monotonic() - started, 1)
    say(f"\n{figures['seconds']:.0f} s")
    return figures


def _about(pace: RunSize, machine: dict[str, Any]) -> str:
    delays = f"the portal answers in {1000 * pace.portal:.0f} ms, the gateway in {1000 * pace.gateway:.0f} ms"
    return (
        f"{machine['cores']} cores, Python {machine['python']}, load {machine['load']} before the start. "
        f"gunicorn gthread, 2 workers x 32 threads.\n"
        f"Where calls take time, {delays}. Median of {pace.rounds} rounds; compare within a run, not between runs."
    )


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 2)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What the widget costs.")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    parser.add_argument("--quick", action="store_true", help="under a minute, rougher")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), metavar="TABLE")
    parser.add_argument("--micro", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
