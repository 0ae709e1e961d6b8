"""Working days of a company whose cards show everything at once: what that asks of WhatsApp, three
ways.

    python -m benchmarks.workday [--json] [--days 5] [--seed 7]

50 reps, 5 lines, 2,000 cards, in virtual time. The same days are lived through with a check for
each opening, with a cache of five minutes alone (ways.py: models), and with this product
(product.py: its own code). What the days are like, and every assumption, is in days/trace.py. With
--json one JSON object is all that stdout gets.
"""

import argparse
import time
from typing import Any

from benchmarks import tables
from benchmarks.days.product import Product
from benchmarks.days.tally import Tally
from benchmarks.days.trace import Opening, Size, Trace, make_trace
from benchmarks.days.ways import EachOpening, FiveMinutes, WorkingWay
from benchmarks.pace import goal

DIALOGS = 0.3  # of the numbers on WhatsApp, where a company answered in open lines before
WAYS = {
    "each_opening": "a check for each opening",
    "cache_5_minutes": "a 5-minute cache alone",
    "product": "this product",
}


def main() -> None:
    arguments = _arguments()
    size = Size(days=arguments.days, reps=arguments.reps, cards=arguments.cards, openings=arguments.openings)
    figures = measure(size, arguments.seed)
    figures["with_dialogs"] = what_dialogs_save(size, arguments.seed, figures)
    tables.say(figures, show(figures), as_json=arguments.json)


def measure(size: Size, seed: int) -> dict[str, Any]:
    """All three ways through the same days."""
    started = time.monotonic()
    trace = make_trace(size, seed)
    ways = {
        "each_opening": _lived(trace, EachOpening),
        "cache_5_minutes": _lived(trace, FiveMinutes),
        "product": _product(trace),
    }
    return {
        "seed": seed,
        "days": size.days,
        "reps": size.reps,
        "lines": size.lines,
        "cards": len(trace.cards),
        "numbers": len(trace.numbers),
        "openings": sum(isinstance(event, Opening) for event in trace.events),
        "ways": ways,
        "goals": _goals(ways),
        "seconds": round(time.monotonic() - started, 1),
    }


def what_dialogs_save(size: Size, seed: int, figures: dict[str, Any]) -> dict[str, Any]:
    """The same days, where open lines of other connectors talk with some of the clients already."""
    product, without = _product(make_trace(size, seed), dialogs=DIALOGS), figures["ways"]["product"]
    checks, painted = product["checks_in_all"], "answered_at_first_paint"
    return {
        "share": DIALOGS,
        "checks_in_all": checks,
        "saved": without["checks_in_all"] - checks,
        painted: product[painted],
        "more_answered": [now - before for now, before in zip(product[painted], without[painted], strict=True)],
        "wrong_shown": product["wrong_shown"],
    }


def show(figures: dict[str, Any]) -> str:
    ways = figures["ways"]
    days = range(figures["days"])
    return "\n".join(
        [
            tables.table(
                f"Checks: {figures['openings']:,} openings by {figures['reps']} reps in {figures['days']} days",
                ["", *(f"day {day + 1}" for day in days), "in all", "line-days over budget"],
                [
                    [text, *ways[way]["checks_a_day"], ways[way]["checks_in_all"], ways[way]["line_days_over_budget"]]
                    for way, text in WAYS.items()
                ],
            ),
            tables.table(
                "Checks of this product by line, with the messages that the line sent",
                ["", *(f"day {day + 1}" for day in days)],
                [
                    [line, *(f"{checks} / {sent}" for checks, sent in zip(by_day, sents, strict=True))]
                    for (line, by_day), sents in zip(
                        ways["product"]["checks"].items(), ways["product"]["sent"].values(), strict=True
                    )
                ],
            ),
            tables.table(
                "Rows that show a true answer at first paint, %",
                ["", *(f"day {day + 1}" for day in days), "median age", "wrong answers"],
                [_painted(text, ways[way]) for way, text in WAYS.items()]
                + [_painted("  without landlines", ways["product"], "answered_at_first_paint_mobile")],
            ),
            tables.goals(figures["goals"]),
            *_saved(figures.get("with_dialogs")),
            tables.notes(
                "rows count every number, also landlines, which are asked only on a press",
                "a check for each opening answers every row too, but after the first paint: the rep waits for it",
                "a line's budget: checks in 24 hours up to its messages sent, 20 at least, 100 at most",
                f"seed {figures['seed']}, {figures['seconds']:.0f} s",
            ),
        ]
    )


def _saved(dialogs: dict[str, Any] | None) -> list[str]:
    if dialogs is None:
        return []
    told = f"{100 * dialogs['share']:.0f} % of the numbers on WhatsApp stand in open lines' dialogs"
    more = ", ".join(f"{100 * share:+.1f}" for share in dialogs["more_answered"])
    return [
        tables.notes(
            f"where {told}: {dialogs['checks_in_all']} checks, {dialogs['saved']} fewer",
            f"and by day so many % more rows are answered when first painted: {more}",
        )
    ]


def _painted(text: str, figures: dict[str, Any], name: str = "answered_at_first_paint") -> list[str | int | float]:
    age = figures["median_age_seconds"]
    said = "" if age is None else f"{age / 60:.0f} min" if age < 2 * 3600 else f"{age / 3600:.1f} h"
    return [text, *(f"{100 * share:.1f}" for share in figures[name]), said, figures["wrong_shown"]]


def _goals(ways: dict[str, Any]) -> list[dict[str, Any]]:
    product, cache = ways["product"], ways["cache_5_minutes"]
    later = product["answered_at_first_paint"][1:] or product["answered_at_first_paint"]
    over, share = product["line_days_over_budget"], product["checks_in_all"] / max(1, cache["checks_in_all"])
    return [
        goal("never over budget", over, not over, " line-days"),
        goal("over 90 % of rows answered at first paint from day 2 on", 100 * min(later), min(later) > 0.9, " %"),
        goal("at most a tenth of the checks of the 5-minute cache", 100 * share, share <= 0.1, " %"),
    ]


def _lived(trace: Trace, make: type[EachOpening] | type[FiveMinutes]) -> dict[str, Any]:
    """A model's days; what it sends is what the product's reps send."""
    tally = Tally(trace)
    way: WorkingWay = make(tally)
    for event in trace.events:
        if isinstance(event, Opening):
            way.opened(event)
        else:
            if not event.incoming and event.number.on_whatsapp(event.at):
                tally.sent(event.line, event.at)
            way.told(event)
    return tally.figures()


def _product(trace: Trace, *, dialogs: float = 0.0) -> dict[str, Any]:
    tally = Tally(trace)
    with Product(trace, tally, dialogs) as way:
        for event in trace.events:
            if isinstance(event, Opening):
                way.opened(event)
            else:
                way.told(event)
    return tally.figures()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workday", description="What always visible asks for.")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    parser.add_argument("--days", type=_some, default=5, help="working days, five a week")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--reps", type=_some, default=50, help=argparse.SUPPRESS)
    parser.add_argument("--cards", type=_some, default=2_000, help=argparse.SUPPRESS)
    parser.add_argument("--openings", type=_some, default=22, help=argparse.SUPPRESS)
    return parser.parse_args()


def _some(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    main()
