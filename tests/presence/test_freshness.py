"""Fresh, stale, gone: each lifetime by the clock, across a restart, and what is asked by itself."""

from dataclasses import replace

import pytest
from flask import Flask

from tests.presence.conftest import LINE, SURE, UNSURE
from widget.cache import Cache
from widget.gateways.base import GatewayErrorCode
from widget.presence.budget import AskedBy, CheckPriority
from widget.presence.freshness import FreshnessPolicy
from widget.presence.records import Presence, PresenceAnswer, Source, UnknownReason, read_record, unknown

IVAN, MARIA = "+79619510000", "+79123456789"
DAY = 86_400.0
LIFE = FreshnessPolicy()
YES, NO = Presence(PresenceAnswer.YES, at=1000.0), Presence(PresenceAnswer.NO, at=1000.0)


def check(desk, *phones, **how):
    return desk.checker.check(LINE, phones, **how).answers


@pytest.mark.parametrize(
    ("presence", "age", "priority"),
    [
        (YES, 299, None),
        (YES, 300, CheckPriority.STALE_YES),
        (YES, 30 * DAY - 1, CheckPriority.STALE_YES),
        (YES, 30 * DAY, CheckPriority.NEW),
        (NO, 299, None),
        (NO, 300, CheckPriority.STALE_NO),
        (NO, DAY - 1, CheckPriority.STALE_NO),
        (NO, DAY, CheckPriority.NEW),
        (unknown(UnknownReason.FAILED, at=1000.0), 14, None),
        (unknown(UnknownReason.FAILED, at=1000.0), 15, CheckPriority.NEW),
        (Presence(PresenceAnswer.YES, 1000.0, Source.MESSAGE), 29 * DAY, None),
        (Presence(PresenceAnswer.YES, 1000.0, Source.MESSAGE), 30 * DAY, CheckPriority.NEW),
        (Presence(PresenceAnswer.NO, 1000.0, Source.SEND), 301, CheckPriority.STALE_NO),
        (Presence(PresenceAnswer.YES, 1000.0, tried=2000.0, why=UnknownReason.FAILED), 1014, None),
        (Presence(PresenceAnswer.YES, 1000.0, tried=2000.0, why=UnknownReason.FAILED), 1015, CheckPriority.STALE_YES),
        (None, 0, CheckPriority.NEW),
    ],
)
def test_what_the_page_asks_by_itself_depends_on_the_answer_and_its_age(presence, age, priority):
    assert LIFE.due(presence, 1000.0 + age) is priority


@pytest.mark.parametrize("answer", [YES, NO])
@pytest.mark.parametrize(("confirmed", "minutes"), [(0, 5), (1, 20), (2, 80), (3, 320)])
def test_each_time_it_is_confirmed_an_answer_rests_four_times_as_long(answer, confirmed, minutes):
    known = replace(answer, confirmed=confirmed)
    assert LIFE.due(known, 1000.0 + minutes * 60 - 1) is None
    assert LIFE.due(known, 1000.0 + minutes * 60) is not None


@pytest.mark.parametrize(("answer", "longest"), [(YES, DAY), (NO, DAY / 2)])
@pytest.mark.parametrize("confirmed", [5, 10, 10**9])
def test_no_answer_rests_longer_than_a_day_nor_until_it_is_forgotten(answer, longest, confirmed):
    assert LIFE.retry_after(replace(answer, confirmed=confirmed)) == longest


@pytest.mark.parametrize(
    ("before", "news", "confirmed"),
    [
        (replace(NO, confirmed=2), Presence(PresenceAnswer.NO, 1300.0), 3),
        (replace(NO, confirmed=2), Presence(PresenceAnswer.NO, 1299.0), 2),  # it was fresh: somebody pressed
        (replace(NO, confirmed=2), Presence(PresenceAnswer.YES, 9000.0), 0),
        (replace(YES, confirmed=1), Presence(PresenceAnswer.YES, 9000.0), 2),
        (replace(YES, confirmed=1), Presence(PresenceAnswer.YES, 9000.0, Source.CHAT), 0),
        (Presence(PresenceAnswer.NO, 1000.0, Source.SEND), Presence(PresenceAnswer.NO, 9000.0), 1),
        (Presence(PresenceAnswer.YES, 1000.0, Source.CHAT), Presence(PresenceAnswer.YES, 9000.0), 0),
    ],
)
def test_only_a_stale_answer_that_comes_out_the_same_is_confirmed(before, news, confirmed):
    assert LIFE.confirmed(before, news) == replace(news, confirmed=confirmed)


def test_a_page_that_stays_open_asks_ever_more_seldom_and_a_press_at_once(desk, clock):
    asked = []
    for _minute in range(0, 12 * 60):
        before = len(desk.gateway.checked)
        check(desk, MARIA, by=AskedBy.PAGE)
        asked += [_minute] * (len(desk.gateway.checked) - before)
        clock.forward(60)
    assert asked == [0, 5, 25, 105, 425]
    check(desk, MARIA, by=AskedBy.REFRESH)
    assert len(desk.gateway.checked) == 6


def test_an_answer_that_changed_is_asked_again_soon(desk, clock):
    for _ in range(3):
        check(desk, MARIA)
        clock.forward(DAY / 3)
    desk.gateway.says = {MARIA: True}
    check(desk, MARIA)
    assert desk.known(MARIA)[MARIA].confirmed == 0
    assert desk.freshness.due(desk.known(MARIA)[MARIA], clock() + SURE) is CheckPriority.STALE_YES


def test_how_often_an_answer_was_confirmed_outlives_a_failure_and_the_cache(make_desk, clock):
    desk = make_desk()
    for _ in range(3):
        check(desk, MARIA)
        clock.forward(SURE)
    restarted = make_desk(answers=Cache(Flask("another"), ""))
    assert restarted.known(MARIA)[MARIA].confirmed == 2
    restarted.gateway.says = {MARIA: GatewayErrorCode.TIMED_OUT}
    assert check(restarted, MARIA)[MARIA].confirmed == 2


def test_a_no_that_was_forgotten_and_is_a_no_again_rests_longer_than_a_new_one(make_desk, clock):
    desk = make_desk()
    check(desk, MARIA)
    clock.forward(DAY)
    assert desk.known(MARIA) == {}
    restarted = make_desk(answers=Cache(Flask("another"), ""))
    assert restarted.known(MARIA) == {}
    assert check(restarted, MARIA)[MARIA].confirmed == 1
    clock.forward(4 * SURE - 1)
    check(restarted, MARIA, by=AskedBy.PAGE)
    assert len(desk.gateway.checked) == 2
    clock.forward(1)
    check(restarted, MARIA, by=AskedBy.PAGE)
    assert len(desk.gateway.checked) == 3


def test_a_no_that_was_forgotten_and_is_a_yes_now_is_a_new_answer(desk, clock):
    check(desk, MARIA)
    clock.forward(DAY)
    desk.gateway.says = {MARIA: True}
    assert check(desk, MARIA)[MARIA].confirmed == 0


def test_a_forgotten_no_is_not_shown_when_its_number_cannot_be_asked_about(desk, clock):
    check(desk, MARIA)
    clock.forward(DAY)
    desk.gateway.says = {MARIA: GatewayErrorCode.TIMED_OUT}
    assert check(desk, MARIA)[MARIA].answer is PresenceAnswer.UNKNOWN
    assert desk.memory.without_cache(1, desk.memory.keys(1, [MARIA])) == {}


def test_a_yes_is_remembered_for_thirty_days_and_a_no_for_one(desk, clock):
    desk.gateway.says = {IVAN: True}
    check(desk, IVAN, MARIA)
    clock.forward(DAY - 1)
    assert set(desk.known(IVAN, MARIA)) == {IVAN, MARIA}
    clock.forward(1)
    assert set(desk.known(IVAN, MARIA)) == {IVAN}
    clock.forward(29 * DAY - 1)
    assert set(desk.known(IVAN, MARIA)) == {IVAN}
    clock.forward(1)
    assert desk.known(IVAN, MARIA) == {}


def test_a_failure_that_follows_an_answer_takes_nothing_away(desk, clock):
    desk.gateway.says = {IVAN: True}
    check(desk, IVAN)
    at = clock()
    clock.forward(SURE)
    desk.gateway.says = {IVAN: GatewayErrorCode.TIMED_OUT}
    found = check(desk, IVAN)[IVAN]
    assert (found.answer, found.at, found.why, found.tried) == (PresenceAnswer.YES, at, UnknownReason.FAILED, clock())
    assert desk.known(IVAN)[IVAN] == found
    clock.forward(UNSURE)
    assert desk.freshness.due(desk.known(IVAN)[IVAN], clock()) is CheckPriority.STALE_YES


def test_what_is_known_outlives_the_cache_and_costs_no_check(make_desk, clock):
    first = make_desk()
    first.gateway.says = {IVAN: True}
    check(first, IVAN, MARIA)
    restarted = make_desk(answers=Cache(Flask("another"), ""))
    clock.forward(60)
    assert {p: a.answer for p, a in check(restarted, IVAN, MARIA).items()} == {
        IVAN: PresenceAnswer.YES,
        MARIA: PresenceAnswer.NO,
    }
    assert len(first.gateway.checked) == 2


def test_what_the_cache_has_or_nobody_knows_is_not_looked_for_in_sql_again(make_desk, redis_url, clock):
    desk = make_desk(answers=Cache(Flask("redis"), redis_url))
    desk.known(IVAN, MARIA)
    asked = []
    desk.memory._presences.get_many = lambda *args: asked.append(args) or {}
    desk.known(IVAN, MARIA)
    assert asked == []
    clock.forward(61)
    desk.known(IVAN)
    assert len(asked) == 1


def test_what_somebody_learned_meanwhile_is_not_hidden_by_nobody_knows(make_desk, redis_url):
    here, there = (make_desk(answers=Cache(Flask(name), redis_url)) for name in ("a", "b"))
    assert here.known(IVAN) == {}
    check(there, IVAN)
    assert here.known(IVAN)[IVAN].answer is PresenceAnswer.NO


def test_a_record_of_the_version_before_is_still_read():
    record = ["yes", 5.0, "chat", "not_asked", 0.0, ""]
    assert read_record(record) == Presence(PresenceAnswer.YES, 5.0, Source.CHAT)
    assert read_record([*record, 7.0]) == Presence(PresenceAnswer.YES, 5.0, Source.CHAT, tried=7.0)


@pytest.mark.parametrize("confirmed", [None, "x", [], {}])
def test_a_record_with_nonsense_for_a_count_is_nobodys(confirmed):
    assert read_record(["yes", 5.0, "check", "not_asked", 0.0, "", 0.0, confirmed]) is None


@pytest.mark.parametrize("how", list(Source))
@pytest.mark.parametrize("why", list(UnknownReason))
def test_every_record_reads_back_the_same(how, why):
    presence = Presence(PresenceAnswer.YES, 1.5, how, why, 2.5, "sealed", 3.5, 2)
    assert read_record(presence.record()) == presence
