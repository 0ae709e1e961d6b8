"""Promises that hold for every schedule, tried on random ones in virtual time over both
storages."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from ratelimit import Limiter, Permits, Rate, Window
from tests.stand import examples

SEARCH = settings(max_examples=examples(15))
SECOND = 1_000_000

rates = st.builds(Rate, every=st.sampled_from([0.5, 1.0, 3.0, 7.0]), burst=st.integers(1, 6))
windows = st.builds(Window, limit=st.integers(1, 9), seconds=st.sampled_from([1.0, 5.0, 20.0, 60.0]))
some_limits = st.lists(rates | windows, min_size=1, max_size=3)

# Whole half seconds and a hair beside them, where the edges are; now and then a long pause.
halves = st.integers(0, 16).map(lambda n: n * SECOND // 2) | st.just(90 * SECOND)
pauses = st.just(0) | st.builds(lambda pause, hair: max(0, pause + hair), halves, st.integers(-1, 1))
acquires = st.tuples(st.just("acquire"), st.integers(1, 12), st.booleans())
returns = st.tuples(st.just("give back"), st.integers(0, 4), st.integers(1, 12))
# Long ones: left to itself hypothesis tries five steps, and the faults that were put in to try the
# tests need more.
schedules = st.lists(st.tuples(pauses, acquires | returns), min_size=20, max_size=40)


@dataclass
class Grant:
    at: int
    permits: Permits
    unused: int = 0


@dataclass
class Player:
    """Plays a schedule and keeps its own books: when which permits were granted and never given
    back."""

    limiter: Limiter
    books: list[Grant] = field(default_factory=list)

    def plays(self, at: int, step, limits=None) -> Permits | None:
        verb, first, second = step
        if verb == "acquire":
            permits = self.limiter.acquire("line", first, all_or_nothing=second, limits=limits)
            if permits.granted:
                self.books.append(Grant(at, permits))
            return permits
        if self.books:
            grant = self.books[max(0, len(self.books) - 1 - first)]
            self.limiter.refund("line", grant.permits, second)
            grant.unused = max(grant.unused, min(second, grant.permits.granted))
        return None

    def used(self) -> list[tuple[int, int]]:
        return [(grant.at, grant.permits.granted - grant.unused) for grant in self.books]


def keeps(limit: Rate | Window, used: list[tuple[int, int]]) -> bool:
    """The definition of each limit, tried on every pair of moments."""
    for place, (start, _) in enumerate(used):
        total = 0
        for end, count in used[place:]:
            total += count
            if isinstance(limit, Rate) and total > limit.burst + (end - start) // round(limit.every * SECOND):
                return False
            if isinstance(limit, Window) and end - start < limit.seconds * SECOND and total > limit.limit:
                return False
    return True


@SEARCH
@given(limits=some_limits, schedule=schedules)
def test_no_limit_is_ever_exceeded_by_permits_that_were_used(new_limiter, limits, schedule):
    limiter, clock = new_limiter(*limits)
    player = Player(limiter)
    for pause, step in schedule:
        clock.passes(microseconds=pause)
        player.plays(clock.now, step)
    assert all(keeps(limit, player.used()) for limit in limits)


@SEARCH
@given(limits=some_limits, schedule=schedules, jumps=st.lists(st.integers(0, 40 * SECOND), min_size=40, max_size=40))
def test_no_limit_is_ever_exceeded_however_often_the_clock_is_put_back(new_limiter, limits, schedule, jumps):
    limiter, clock = new_limiter(*limits)
    player = Player(limiter)
    true_time = clock.now
    for (pause, step), jump in zip(schedule, jumps, strict=False):
        true_time += pause
        clock.passes(microseconds=pause - (jump if jump % 3 == 0 else 0))
        player.plays(true_time, step)
    assert all(keeps(limit, player.used()) for limit in limits)


@SEARCH
@given(limits=some_limits, schedule=schedules)
def test_nothing_starves_after_the_wait_one_is_granted_and_not_sooner(new_limiter, limits, schedule):
    limiter, clock = new_limiter(*limits)
    player = Player(limiter)
    for pause, step in schedule:
        clock.passes(microseconds=pause)
        answer = player.plays(clock.now, step)
        if answer:
            assert (answer.wait == 0.0) == (limiter.peek("line").granted == 1)
    wait = limiter.peek("line", 50).wait
    assert wait > 0
    limiter.acquire("line", 50)
    clock.passes(wait, microseconds=-1)
    assert limiter.acquire("line").granted == 0
    clock.passes(microseconds=1)
    assert limiter.acquire("line").granted == 1


@SEARCH
@given(limits=some_limits, schedule=schedules, n=st.integers(1, 12))
def test_permits_given_back_at_once_are_as_if_never_asked_for(new_limiter, limits, schedule, n):
    limiter, clock = new_limiter(*limits)
    player = Player(limiter)
    for pause, step in schedule:
        clock.passes(microseconds=pause)
        player.plays(clock.now, step)
        before = limiter.peek("line", 50)
        limiter.refund("line", limiter.acquire("line", n), n)
        after = limiter.peek("line", 50)
        assert (before.granted, before.wait) == (after.granted, after.wait)


@SEARCH
@given(limits=some_limits, schedule=schedules)
def test_giving_back_never_makes_the_next_permit_later(new_limiter, limits, schedule):
    limiter, clock = new_limiter(*limits)
    player = Player(limiter)
    for pause, step in schedule:
        clock.passes(microseconds=pause)
        before = limiter.peek("line", 50)
        if player.plays(clock.now, step) is None:
            after = limiter.peek("line", 50)
            assert after.granted >= before.granted
            assert after.granted <= before.granted + step[2]


@SEARCH
@given(limits=st.lists(some_limits, min_size=1, max_size=3), schedule=schedules, data=st.data())
def test_both_storages_give_the_same_answers(new_limiters, limits, schedule, data):
    """Under changing limits too, and with a clock that is put back."""
    twins = [new_limiter(*limits[0]) for new_limiter in new_limiters.values()]
    players = [Player(limiter) for limiter, _ in twins]
    for pause, step in schedule:
        jump = data.draw(st.just(0) | st.just(0) | st.integers(-10 * SECOND, 0))
        terms = data.draw(st.just(limits[0]) | st.sampled_from(limits))
        answers = set()
        for player, (_, clock) in zip(players, twins, strict=True):
            clock.passes(microseconds=pause + jump)
            answer = player.plays(clock.now, step, limits=terms)
            look = player.limiter.peek("line", 50, limits=terms)
            answers.add((answer and (answer.granted, answer.wait), look.granted, look.wait))
        assert len(answers) == 1


# A storage that loses its memory, and a book that does not: whole hours (here of eight seconds), so
# times are rough.

HOUR = 8 * SECOND
losing = st.lists(st.tuples(pauses, acquires | returns | st.just(("lose", 0, 0))), min_size=20, max_size=40)


@dataclass
class Keeper(Player):
    """Writes down what it is granted, and tells it to a storage that has forgotten."""

    def plays(self, at: int, step, limits=None) -> Permits | None:
        verb, first, second = step
        if verb == "lose":
            self.limiter.reset("line")
            return None
        if verb == "give back":
            return super().plays(at, step, limits)
        permits = self.limiter.acquire("line", first, all_or_nothing=second, limits=limits, before=self.book)
        if permits.granted:
            self.books.append(Grant(at, permits))
        return permits

    def book(self) -> list[tuple[float, int]]:
        """The end of each hour, which for the one that runs is still to come."""
        hours: dict[int, int] = {}
        for at, used in self.used():
            hours[at // HOUR] = hours.get(at // HOUR, 0) + used
        return [((hour + 1) * HOUR / SECOND, used) for hour, used in hours.items()]


@SEARCH
@given(limits=some_limits, schedule=losing)
def test_a_storage_that_lost_its_memory_and_is_told_never_lets_more_through(new_limiter, limits, schedule):
    limiter, clock = new_limiter(*limits)
    player = Keeper(limiter)
    for pause, step in schedule:
        clock.passes(microseconds=pause)
        player.plays(clock.now, step)
    assert all(keeps(limit, player.used()) for limit in limits)


@SEARCH
@given(limits=some_limits, schedule=losing)
def test_nothing_starves_after_a_loss(new_limiter, limits, schedule):
    limiter, clock = new_limiter(*limits)
    player = Keeper(limiter)
    for pause, step in schedule:
        clock.passes(microseconds=pause)
        player.plays(clock.now, step)
    limiter.reset("line")
    answer = limiter.peek("line", 50, before=player.book)
    assert answer.wait <= max(limit.seconds if isinstance(limit, Window) else limit.every for limit in limits)
    limiter.acquire("line", 50)
    clock.passes(limiter.peek("line").wait)
    assert limiter.acquire("line").granted == 1


@SEARCH
@given(limits=some_limits, schedule=losing)
def test_both_storages_take_what_they_are_told_alike(new_limiters, limits, schedule):
    twins = [new_limiter(*limits) for new_limiter in new_limiters.values()]
    players = [Keeper(limiter) for limiter, _ in twins]
    for pause, step in schedule:
        answers = set()
        for player, (_, clock) in zip(players, twins, strict=True):
            clock.passes(microseconds=pause)
            answer = player.plays(clock.now, step)
            look = player.limiter.peek("line", 50)
            answers.add((answer and (answer.granted, answer.wait), look.granted, look.wait))
        assert len(answers) == 1
