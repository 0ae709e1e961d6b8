"""The simulation of a large service says what queues say."""

from benchmarks.fleet import COSTS, PATIENCE, simulated, until_enough


def test_more_processes_are_less_busy_and_the_wait_is_short_in_the_end() -> None:
    tried = list(until_enough({"cold_cards": 6.3, "polls": 0.1}))
    assert [each.busy for each in tried] == sorted((each.busy for each in tried), reverse=True)
    assert tried[-1].p99 <= PATIENCE
    assert all(each.p99 > PATIENCE for each in tried[:-1])


def test_the_documented_costs_need_what_the_documentation_says() -> None:
    assert simulated(8, COSTS).p99 <= PATIENCE < simulated(7, COSTS).p99
