"""What a worker weighs: after the start, after its first Russian number, after its first foreign
one.

Measured before all else: a worker that has served a card never weighs again what it did after the
start.
"""

from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.environment import Environment
from benchmarks.load import Connection
from benchmarks.pace import RunSize
from benchmarks.stub import FOREIGN
from benchmarks.visitor import hidden_page, next_card, see

CONNECTIONS = 16  # enough to meet both workers


async def measure(environment: Environment, pace: RunSize) -> dict[str, Any]:
    figures = {"start": _weigh(environment)}
    await _visit_all(environment, next_card())
    figures["russian"] = _weigh(environment)
    await _visit_all(environment, FOREIGN)
    figures["foreign"] = _weigh(environment)
    return {**figures, "workers": len(environment.workers("widget")), "goals": []}


def show(figures: dict[str, Any]) -> str:
    names = {
        "start": "after the start",
        "russian": "after the first Russian number",
        "foreign": "after the first foreign number",
    }
    rows = [[text, figures[name]["rss_mb"], figures[name]["pss_mb"]] for name, text in names.items()]
    return "\n".join(
        [
            tables.table("Memory of a worker, MB", ["", "RSS", "PSS"], rows),
            tables.notes(f"mean of {figures['workers']} workers; PSS shares out what they have in common"),
        ]
    )


async def _visit_all(environment: Environment, card: int) -> None:
    page = hidden_page(environment.session_tokens, 1, card=card)
    for _ in range(CONNECTIONS):
        connection = Connection(environment.ports["widget"])
        await see(connection, page)
        connection.close()


def _weigh(environment: Environment) -> dict[str, float]:
    workers = environment.workers("widget")
    sizes = [_rollup(pid) for pid in workers]
    return {
        f"{name.lower()}_mb": round(sum(each[name] for each in sizes) / len(workers) / 1024, 1)
        for name in ("Rss", "Pss")
    }


def _rollup(pid: int) -> dict[str, int]:
    """In kB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
