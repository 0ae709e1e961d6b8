"""Each alert of deploy/alerts.yaml goes off when what it is about happens, and is quiet while all
is well."""

import pytest

from benchmarks.alarms import RULES, Alarms

Story = dict[str, tuple[float, float]]  # a series: its value, and what it grows by each minute

WELL: Story = {
    'widget_request_seconds_count{route="POST /card",status="2xx"}': (9, 60),
    'widget_request_seconds_count{route="POST /card",status="5xx"}': (0, 0),
    'widget_request_seconds_bucket{route="POST /card",status="2xx",le="5.0"}': (9, 60),
    'widget_request_seconds_bucket{route="POST /card",status="2xx",le="30.0"}': (9, 60),
    'widget_refusals_total{code="crowded"}': (3, 0),
    "widget_worker_age_seconds": (20, 0),
    'widget_oldest_waiting_seconds{kind="webhook"}': (2, 0),
    'widget_oldest_waiting_seconds{kind="event"}': (2, 0),
    'widget_oldest_waiting_seconds{kind="mirror"}': (2, 0),
    "widget_queue_length": (3, 0),
    'widget_turn_age_seconds{name="wipe-texts"}': (80_000, 0),
    'widget_outside_seconds_count{host="waha",outcome="2xx"}': (5, 30),
    'widget_outside_seconds_count{host="waha",outcome="broken"}': (5, 0),
    'widget_outside_seconds_count{host="portal",outcome="2xx"}': (5, 30),
    'widget_outside_seconds_count{host="oauth",outcome="timed_out"}': (5, 0),
    'widget_lines{state="ready"}': (40, 0),
    'widget_lines{state="offline"}': (1, 0),
    'widget_lines{state="banned"}': (0, 0),
    'widget_line_budgets{left="unknown"}': (0, 0),
    'widget_unclear_sends{state="unknown"}': (3, 0),
    'widget_token_renewals_total{outcome="failed"}': (3, 0),
    "widget_webhook_age_seconds": (9, 0),
    'widget_database_connections{state="overflow"}': (2, 0),
    'widget_waiting_clients{waited="an_hour"}': (12, 0),
    'widget_store_up{store="cache"}': (1, 0),
    'widget_store_up{store="queue"}': (1, 0),
    'widget_store_up{store="database"}': (1, 0),
}
GONE = dict.fromkeys(WELL)  # no process answers
STORIES: dict[str, dict[str, tuple[float, float] | None]] = {
    "WidgetGone": GONE,
    "WidgetErrors": {'widget_request_seconds_count{route="POST /card",status="5xx"}': (0, 4)},
    "WidgetSlow": {'widget_request_seconds_bucket{route="POST /card",status="2xx",le="5.0"}': (9, 50)},
    "WidgetCrowded": {'widget_refusals_total{code="crowded"}': (3, 90)},
    "WorkerGone": {"widget_worker_age_seconds": (200, 60)},
    "WebhooksWait": {'widget_oldest_waiting_seconds{kind="webhook"}': (130, 60)},
    "MirrorsWait": {'widget_oldest_waiting_seconds{kind="mirror"}': (7300, 60)},
    "ClientsWait": {'widget_waiting_clients{waited="an_hour"}': (50, 0)},
    "EventsWait": {'widget_oldest_waiting_seconds{kind="event"}': (1900, 60)},
    "QueueGrows": {"widget_queue_length": (6000, 0)},
    "NightWorkMissed": {'widget_turn_age_seconds{name="wipe-texts"}': (180_000, 0)},
    "GatewayDown": {'widget_outside_seconds_count{host="waha",outcome="broken"}': (5, 20)},
    "Bitrix24Down": {'widget_outside_seconds_count{host="oauth",outcome="timed_out"}': (5, 20)},
    "LineBanned": {'widget_lines{state="banned"}': (1, 0)},
    "LinesDown": {'widget_lines{state="offline"}': (11, 0)},
    "RedisGone": {'widget_store_up{store="cache"}': (0, 0)},
    "DatabaseGone": {'widget_store_up{store="database"}': (0, 0)},
    "CannotCount": {'widget_line_budgets{left="unknown"}': (1, 0)},
    "UnclearSends": {'widget_unclear_sends{state="unknown"}': (30, 0)},
    "TokensFail": {'widget_token_renewals_total{outcome="failed"}': (3, 9)},
    "NoWebhooks": {"widget_webhook_age_seconds": (3700, 60)},
    "DatabaseBusy": {'widget_database_connections{state="overflow"}': (24, 0)},
}
WEEK = 7 * 24 * 60  # minutes
GOES_ON = 40  # minutes; the longest that a rule waits is half an hour


def told(story: dict[str, tuple[float, float] | None], minutes: int) -> str:
    return "".join(f"{name} {each[0] + each[1] * minutes}\n" for name, each in story.items() if each)


def fired(**changes: tuple[float, float] | None) -> set[str]:
    """What goes off when a web process tells this, after a week in which all was well."""
    alarms = Alarms()
    for minute in range(0, GOES_ON + 1, 2):
        alarms.scrape(60.0 * (minute - WEEK), "web1", told(dict(WELL), minute))
    for minute in range(0, GOES_ON + 1, 2):
        alarms.scrape(60.0 * minute, "web1", told({**WELL, **changes}, minute))
        found = alarms.firing(60.0 * minute)
    return found


def test_all_is_quiet_while_all_is_well() -> None:
    assert fired() == set()


@pytest.mark.parametrize("alert", STORIES)
def test_each_alert_goes_off_for_what_it_is_about(alert: str) -> None:
    assert fired(**STORIES[alert]) == {alert}


def test_every_alert_has_its_story() -> None:
    assert {line.split()[-1] for line in RULES.read_text().splitlines() if "- alert:" in line} == set(STORIES)


def test_a_worker_that_never_ran_is_told_too() -> None:
    assert fired(widget_worker_age_seconds=None) == {"WorkerGone"}
