"""Reports of a line's gateway: set up by a button or by hand, and believed only when one has
come."""

import re

import pytest

from tests.admin.conftest import PUBLIC_URL, AppPage, OpenApp, Vendor, line_health_of
from tests.stand import Clock, Widget, in_russian
from widget.admin.health_list.checklist import HealthVerdict, Topic, of_reports
from widget.admin.lines.reports import DAY, ReportsState, way_of
from widget.gateways.base import GatewayError, GatewayErrorCode
from widget.storage.line_health import LinePast
from widget.storage.lines import Line

NOW = 1_800_000_000.0
LINE = Line(1, 1, "Sales", "waha", "", "", "", "", hook_key="key", hook_secret="secret")


def way(past: LinePast, line: Line = LINE, public_url: str = PUBLIC_URL) -> ReportsState:
    return way_of(line, past, public_url=public_url, now=NOW)


def test_reports_work_as_long_as_no_message_went_unreported() -> None:
    assert way(LinePast(reported_at=NOW - 60)) is ReportsState.WORKS
    # nobody used the line
    assert way(LinePast(reported_at=NOW - 30 * DAY, used_at=NOW - 30 * DAY + 60)) is ReportsState.WORKS
    assert way(LinePast(reported_at=NOW - DAY, used_at=NOW)) is ReportsState.WORKS
    assert way(LinePast(reported_at=NOW - 3 * DAY, used_at=NOW)) is ReportsState.STALE


def test_what_could_not_be_proved_is_not_set_up() -> None:
    bare = Line(1, 1, "Sales", "waha", "", "", "", "")

    assert way(LinePast(), bare) is ReportsState.NOT_SET_UP
    assert way(LinePast(reported_at=NOW), bare) is ReportsState.NOT_SET_UP
    assert way(LinePast()) is ReportsState.NEVER
    assert way(LinePast(), public_url="") is ReportsState.NO_ADDRESS


def test_each_line_is_a_finding_of_the_health_list() -> None:
    lines = [LINE, Line(2, 1, "Support", "waha", "", "", "", "")]

    findings = list(of_reports(lines, {1: LinePast(reported_at=NOW)}, public_url=PUBLIC_URL, now=NOW))

    assert [(f.topic, f.verdict, f.state, f.line_id) for f in findings] == [
        (Topic.REPORTS, HealthVerdict.GOOD, "works", 1),
        (Topic.REPORTS, HealthVerdict.BAD, "not_set_up", 2),
    ]


@pytest.fixture
def settings(open_app: OpenApp, reachable: Widget) -> AppPage:
    return open_app(of=reachable)


def stored(widget: Widget) -> Line:
    line: Line = widget.services.storage.lines.all_of(widget.portals[0])[0]
    return line


def test_a_line_without_reports_says_so_before_anybody_looks(settings: AppPage, reachable: Widget) -> None:
    assert "Reports from the gateway not set up" in settings.words
    settings.save("health")
    assert 'data-topic="reports" data-verdict="bad"' in settings.html
    assert 'data-part-of="line-1-reports"' in settings.html


def test_one_press_tells_the_gateway_where_to_report_and_waits_for_the_first(
    settings: AppPage, reachable: Widget, vendor: Vendor, clock: Clock
) -> None:
    settings.save("lines/1/webhook")

    line = stored(reachable)
    assert vendor.hooks == [(f"{PUBLIC_URL}/hooks/gateway/{line.hook_key}", line.hook_secret)]
    assert len(line.hook_secret) > 30
    assert "Waiting for its first report" in settings.words
    assert 'data-wait="/app/lines/1/webhook/look"' in settings.html
    assert "Reports of the line “Line sales”: set up" in settings.section("changes")

    settings.save("lines/1/webhook/look")
    assert (settings.status, settings.html) == (204, "")

    line_health_of(reachable, hook_at=clock.now)
    settings.save("lines/1/webhook/look")
    assert "They work, last report 8:00 AM UTC ." in settings.words


def test_when_nothing_comes_it_says_what_to_look_at(settings: AppPage, open_app: OpenApp, reachable: Widget) -> None:
    settings.save("lines/1/webhook")
    settings.save("lines/1/webhook/look", late=True)

    assert settings.status == 200
    assert "There is an address and a secret for them, but none has come." in settings.words
    assert "no firewall between them" in settings.words
    russian = open_app(of=reachable, lang="ru").save("lines/1/webhook/look", late=True)
    assert in_russian("Nothing has come yet. What to look at:") in russian.words


def test_only_what_comes_after_a_set_up_proves_it(settings: AppPage, reachable: Widget, clock: Clock) -> None:
    settings.save("lines/1/webhook")
    line_health_of(reachable, hook_at=clock.now, state="ready", cooldown_until=5.0)

    settings.save("lines/1/webhook").save("lines/1/webhook/look")

    assert settings.status == 204
    past = reachable.services.storage.line_health.pasts(reachable.portals[0])[1]
    assert (past.reported_at, past.cooldown_until) == (0.0, 5.0)


def test_setting_up_again_keeps_the_secret(settings: AppPage, reachable: Widget, vendor: Vendor) -> None:
    settings.save("lines/1/webhook").save("lines/1/webhook")

    assert len(vendor.hooks) == 2
    assert len(set(vendor.hooks)) == 1


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (GatewayErrorCode.CREDENTIALS, "does not accept the line's key"),
        (GatewayErrorCode.UNREACHABLE, "is out of reach"),
        (GatewayErrorCode.LEFT_ALONE, "failed several times in a row"),
    ],
)
def test_a_gateway_that_does_not_take_it_is_said_with_its_reason(
    settings: AppPage, vendor: Vendor, trouble: GatewayErrorCode, said: str
) -> None:
    vendor.trouble = GatewayError(trouble)

    settings.save("lines/1/webhook")

    assert settings.status == 200
    assert f"The gateway did not take it: the gateway {said}" in settings.words
    assert "data-wait" not in settings.html
    assert "not taken by the gateway" in settings.section("changes")


def test_a_new_secret_asks_back_first_and_ends_the_old_one(
    settings: AppPage, reachable: Widget, vendor: Vendor
) -> None:
    settings.save("lines/1/webhook")
    before = stored(reachable)

    settings.save("lines/1/webhook/renew")
    assert (settings.status, settings.refusal) == (409, "confirm")
    assert "refused from now on" in settings.words
    assert stored(reachable) == before

    settings.save("lines/1/webhook/renew", confirmed=True)
    after = stored(reachable)
    assert after.hook_secret != before.hook_secret
    assert vendor.hooks[-1] == (f"{PUBLIC_URL}/hooks/gateway/{after.hook_key}", after.hook_secret)
    assert after.hook_key == before.hook_key
    assert "new secret" in settings.section("changes")


@pytest.mark.parametrize(
    ("kind", "where"), [("waha", "hmac.key"), ("evolution", "X-Webhook-Secret"), ("green", "webhookUrlToken")]
)
def test_the_secret_is_shown_to_who_asks_with_where_it_goes_and_then_no_more(
    settings: AppPage, open_app: OpenApp, reachable: Widget, kind: str, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    with reachable.services.storage.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE lines SET gateway = '{kind}' WHERE id = 1")

    with caplog.at_level("DEBUG"):
        settings.save("lines/1/webhook/reveal")

    line = stored(reachable)
    assert line.hook_secret in settings.html
    assert f"{PUBLIC_URL}/hooks/gateway/{line.hook_key}" in settings.html
    assert where in settings.words
    assert "secret shown" in settings.section("changes")
    for html in (settings.save("lines/1/webhook").html, settings.save("lines/1/webhook/look", late=True).html):
        assert line.hook_secret not in html
        assert line.hook_key not in html
    assert line.hook_secret not in caplog.text
    log = re.sub(r"\s", "", str(reachable.services.storage.changes.latest(reachable.portals[0])))
    assert line.hook_secret not in log


def test_no_secret_is_in_the_page_as_it_is_opened(settings: AppPage, open_app: OpenApp, reachable: Widget) -> None:
    settings.save("lines/1/webhook/reveal")
    line = stored(reachable)

    again = open_app(of=reachable)

    assert line.hook_secret not in again.html
    assert line.hook_key not in again.html


def test_without_an_address_of_its_own_the_page_says_what_the_operator_does(admin: AppPage, widget: Widget) -> None:
    assert "The operator of the service sets PUBLIC_URL." in admin.words
    assert 'id="line-1-set-up"' not in admin.html

    for path in ("webhook", "webhook/renew", "webhook/reveal"):
        admin.save(f"lines/1/{path}", confirmed=True)
        assert (admin.status, admin.refusal) == (409, "not_allowed"), path
    assert stored(widget).hook_secret == ""


def test_a_line_that_is_off_takes_no_reports_and_offers_none(settings: AppPage, reachable: Widget) -> None:
    settings.save("lines/1/active", active=False)

    assert "reports are not taken until it is on again" in settings.words
    assert 'id="line-1-set-up"' not in settings.html


def test_reports_that_were_too_large_are_told_once_with_their_number(open_app: OpenApp, widget: Widget) -> None:
    line = stored(widget)
    widget.services.storage.lines.make_hook(line.portal_id, line.id)
    line = stored(widget)
    page = open_app(of=widget)
    assert "too large" not in page.words
    for size in (25, 30):
        told = {"CONTENT_LENGTH": str(size * 1024 * 1024)}
        answer = widget.app.test_client().post(f"/hooks/gateway/{line.hook_key}", data=b"{}", environ_overrides=told)
        assert answer.status_code == 413
    words = open_app(of=widget).words
    assert words.count("2 reports were too large and were not taken") == 1
    assert "30.0 MB" in words
    assert "2 уведомления были слишком большими" in open_app(of=widget, lang="ru").words
