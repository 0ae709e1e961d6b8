import pytest

from widget.storage.line_health import NONE, Cooldown, LineHealths


@pytest.fixture
def cooldowns(store):
    return LineHealths(store.engine, store.clock)


def pause(clock, seconds=900.0, **more):
    return Cooldown(until=clock() + seconds, why="throttled", step=1, **more)


def test_a_line_that_went_through_nothing_has_none(cooldowns, store):
    assert cooldowns.cooldown_of(store.one, store.line_one) == NONE


def test_a_pause_is_kept_with_its_reason(cooldowns, store, clock):
    wanted = pause(clock, halved_until=clock() + 7)
    assert cooldowns.replace_cooldown(store.one, store.line_one, NONE, wanted)
    assert cooldowns.cooldown_of(store.one, store.line_one) == wanted


def test_of_two_who_saw_the_same_one_is_heard(cooldowns, store, clock):
    assert cooldowns.replace_cooldown(store.one, store.line_one, NONE, pause(clock, 900))
    assert not cooldowns.replace_cooldown(store.one, store.line_one, NONE, pause(clock, 1800))
    assert cooldowns.cooldown_now(store.one, store.line_one).until == clock() + 900


def test_another_process_knows_within_ten_seconds(cooldowns, store, clock):
    other = LineHealths(store.engine, clock)
    other.cooldown_of(store.one, store.line_one)
    cooldowns.replace_cooldown(store.one, store.line_one, NONE, pause(clock))
    clock.forward(10)
    assert other.cooldown_of(store.one, store.line_one).why == "throttled"


def test_ended_early_checks_go_on_at_once_and_the_history_stays(cooldowns, store, clock):
    cooldowns.replace_cooldown(store.one, store.line_one, NONE, pause(clock, halved_until=clock() + 7000))
    cooldowns.end_cooldown(store.one, store.line_one)
    assert cooldowns.cooldown_of(store.one, store.line_one) == Cooldown(clock(), "throttled", 1, clock() + 7000)


def test_ending_what_is_over_changes_nothing(cooldowns, store, clock):
    cooldowns.replace_cooldown(store.one, store.line_one, NONE, pause(clock, 900))
    clock.forward(1000)
    cooldowns.end_cooldown(store.one, store.line_one)
    assert cooldowns.cooldown_of(store.one, store.line_one).until == clock() - 100


def test_another_portal_can_neither_see_nor_end_it(cooldowns, store, clock):
    cooldowns.replace_cooldown(store.one, store.line_one, NONE, pause(clock))
    cooldowns.end_cooldown(store.two, store.line_one)
    assert cooldowns.cooldown_of(store.two, store.line_one) == NONE
    assert cooldowns.cooldown_now(store.one, store.line_one).until > clock()
