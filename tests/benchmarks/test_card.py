import json
import subprocess
import sys
from typing import Any

import pytest

from benchmarks.card import SECTIONS
from benchmarks.environment import ROOT

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """What `--json` prints, from a run so short that its figures mean nothing."""
    command = [sys.executable, "-m", "benchmarks.card", "--json", "--micro"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_figures_are_one_json_object_with_every_table(figures):
    assert set(figures) == {"machine", *SECTIONS, "seconds"}
    assert figures["warm"]["at_32"].keys() == {"widget", "bare", "ratio"}
    assert figures["cold"]["at_1"].keys() == {"widget", "naive", "ratio"}
    assert {"per_second", "p50_ms", "p99_ms"} <= figures["cold"]["first"].keys()
    assert {"alone", "beside_cold", "more_ms"} <= figures["mixed"].keys()
    assert {"redis_1", "redis_10", "memory_1", "memory_10"} <= figures["limiter"].keys()
    assert {"start", "russian", "foreign"} <= figures["memory"].keys()


def test_every_goal_says_what_was_measured_and_whether_that_meets_it(figures):
    goals = [goal for name in SECTIONS for goal in figures[name]["goals"]]
    assert len(goals) == 10
    assert all(goal.keys() == {"goal", "measured", "unit", "met"} for goal in goals)


def test_what_is_timed_really_happens(figures):
    """A card without an answer for each of its numbers would be fast."""
    timed = [figures["warm"]["at_32"]["widget"], figures["mixed"]["beside_cold"], figures["mixed"]["cold"]]
    timed += [figures["cold"]["at_1"][name] for name in ("widget", "naive")]
    assert [each["failed"] for each in timed] == [0] * 5
    assert all(each["done"] for each in timed)


def test_calls_are_those_of_a_card(figures):
    calls = figures["calls"]
    assert calls["hidden_opening"] == {}
    assert calls["warm_reveal"] == {}
    assert calls["check"]["check"] == 10
    assert calls["parallel_20"]["check"] == 10
