import json
import sys
from typing import Any

import pytest

from benchmarks.days.tally import CAP, FLOOR, PaintedAnswer, Tally
from benchmarks.days.trace import DAY, Number, Opening, Size, make_trace
from benchmarks.workday import main, measure, show

SMALL = Size(reps=5, lines=5, cards=150, days=2, openings=9)
TINY = Size(reps=2, lines=2, cards=40, days=1, openings=4)


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """Two days of a small company, with its own code in the middle of it."""
    return measure(SMALL, seed=7)


def test_the_product_never_checks_more_than_its_lines_budgets(figures):
    product = figures["ways"]["product"]
    assert product["days_over_budget"] == product["line_days_over_budget"] == 0
    assert all(0 < checks <= CAP for by_day in product["checks"].values() for checks in by_day)


def test_it_asks_less_and_shows_more_than_the_ways_it_is_compared_with(figures):
    each, cache, product = (figures["ways"][way] for way in ("each_opening", "cache_5_minutes", "product"))
    assert product["checks_in_all"] < cache["checks_in_all"] < each["checks_in_all"]
    for day in range(SMALL.days):
        shown = [way["answered_at_first_paint"][day] for way in (each, cache, product)]
        assert shown == sorted(shown)
        assert shown[0] < shown[2]


def test_every_way_says_checks_by_line_and_day_and_what_its_rows_showed(figures):
    for way in figures["ways"].values():
        assert set(way["checks"]) == {f"line {number}" for number in range(1, 6)}
        assert all(len(by_day) == SMALL.days for by_day in way["checks"].values())
        assert sum(map(sum, way["checks"].values())) == way["checks_in_all"] == sum(way["checks_a_day"])
        assert len(way["answered_at_first_paint"]) == SMALL.days
        assert {"days_over_budget", "median_age_seconds", "wrong_shown"} <= way.keys()


def test_every_expectation_is_printed_with_what_was_measured(figures):
    assert len(figures["goals"]) == 3
    for goal in figures["goals"]:
        assert goal["goal"] in show(figures)


def test_the_same_seed_gives_the_same_days():
    first, again, other = (measure(TINY, seed)["ways"] for seed in (7, 7, 8))
    assert again == first
    assert other != first


def test_the_command_prints_one_json_object(monkeypatch, capsys):
    arguments = ("--json", "--days", "1", "--reps", "5", "--cards", "100", "--openings", "4")
    monkeypatch.setattr(sys, "argv", ["workday", *arguments])
    main()
    assert set(json.loads(capsys.readouterr().out)["ways"]) == {"each_opening", "cache_5_minutes", "product"}


def test_a_check_beyond_the_messages_of_the_last_24_hours_is_over_budget():
    trace = make_trace(SMALL, seed=1)
    tally, start = Tally(trace), trace.midnights[0]
    for at in range(FLOOR + 3):
        tally.sent(0, start + at)
    for _ in range(FLOOR + 3):
        tally.checked(0, start + 100)
    assert tally.figures()["line_days_over_budget"] == 0

    tally.checked(0, start + 101)
    assert tally.figures()["line_days_over_budget"] == 1

    for _ in range(FLOOR):
        tally.checked(0, start + 100 + DAY + 2)  # nothing was sent since, and nothing checked
    assert tally.figures()["line_days_over_budget"] == 1


def test_only_an_answer_that_is_true_now_and_not_too_old_counts():
    trace = make_trace(SMALL, seed=1)
    tally, at = Tally(trace), trace.midnights[0] + 10 * 3600
    left = Number("+79160000001", landline=False, at_first=True, changes=(at - 60,))
    stays = Number("+79160000002", landline=False, at_first=True)
    card = type(trace.cards[0])(rep=0, line=0, numbers=(left, stays, stays, stays))
    tally.painted(
        Opening(at, 0, card),
        [PaintedAnswer(True, at - 120), PaintedAnswer(True, at), None, PaintedAnswer(True, at - 31 * DAY)],
    )

    figures = tally.figures()
    assert figures["answered_at_first_paint"][0] == 0.25
    assert (figures["wrong_shown"], figures["too_old_shown"]) == (1, 1)
