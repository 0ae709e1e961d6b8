"""The health list and the application's term."""

import re
from typing import Any

import pytest

from tests.admin.conftest import AppPage, OpenApp
from tests.stand import Clock, Outside, Widget
from widget.admin.health_list.checklist import (
    HealthVerdict,
    Topic,
    of_inspection,
    of_lines,
    of_numbering,
    of_token,
    of_unclear,
    of_worker,
)
from widget.admin.lines.line_status import LineStatusText
from widget.bitrix24.installer.report import FieldFinding, InLayout, Inspection, InstallerState, LayoutFinding
from widget.bitrix24.plan import Plan, plan_of
from widget.storage.events import UNPROVED
from widget.storage.lines import Line
from widget.storage.sends import SendState


def field(place: InLayout, variant: str = "", title: str = "Deal") -> FieldFinding:
    return FieldFinding("CRM_DEAL", title, True, (LayoutFinding(variant, place),))


def inspection(**changes: Any) -> Inspection:
    whole: dict[str, Any] = {
        "placements": {"CRM_DEAL_DETAIL_TAB": True},
        "field_type": True,
        "fields": (field(InLayout.ALWAYS),),
        "handlers_missing": (),
        "stale": 0,
        "left_out": frozenset(),
        "scopes_missing": frozenset(),
        "installer": InstallerState.READY,
        "app_version_current": True,
    }
    return Inspection(**{**whole, **changes})


def test_a_whole_installation_needs_nothing() -> None:
    assert {finding.verdict for finding in of_inspection(inspection())} == {HealthVerdict.GOOD}


@pytest.mark.parametrize(
    ("missing", "unknown", "found"),
    [
        (0, 0, [(HealthVerdict.GOOD, 0)]),
        (0, 2, [(HealthVerdict.UNKNOWN, 2)]),
        (1, 2, [(HealthVerdict.BAD, 1), (HealthVerdict.UNKNOWN, 2)]),
    ],
)
def test_messages_without_a_clear_end_are_findings(
    missing: int, unknown: int, found: list[tuple[HealthVerdict, int]]
) -> None:
    findings = of_unclear({SendState.MISSING: missing, SendState.UNKNOWN: unknown})
    assert [(finding.verdict, finding.number) for finding in findings] == found


@pytest.mark.parametrize(
    ("changes", "topic", "repair"),
    [
        ({"installer": InstallerState.GONE}, Topic.INSTALLER, True),
        ({"installer": InstallerState.NOT_ADMIN}, Topic.INSTALLER, True),
        ({"placements": {"CRM_DEAL_DETAIL_TAB": False}}, Topic.TABS, True),
        ({"field_type": False}, Topic.FIELD_TYPE, True),
        ({"fields": (FieldFinding("CRM_DEAL", "Deal", False),)}, Topic.FIELD, True),
        ({"fields": (field(InLayout.NO),)}, Topic.LAYOUT, False),
        ({"fields": (field(InLayout.HIDDEN),)}, Topic.LAYOUT, False),
        ({"fields": (field(InLayout.UNARRANGED),)}, Topic.LAYOUT, False),
        ({"handlers_missing": ("ONAPPUNINSTALL",)}, Topic.HANDLERS, True),
        ({"stale": 2}, Topic.LEFTOVERS, True),
        ({"scopes_missing": frozenset({"crm"})}, Topic.SCOPES, False),
        ({"app_version_current": False}, Topic.VERSION, True),
    ],
)
def test_each_fault_is_one_finding_with_its_remedy(changes: dict[str, Any], topic: Topic, repair: bool) -> None:
    bad = [finding for finding in of_inspection(inspection(**changes)) if finding.verdict is HealthVerdict.BAD]

    assert [(finding.topic, finding.repair) for finding in bad] == [(topic, repair)]


def test_tabs_are_named_by_their_kind_of_card() -> None:
    codes = {"CRM_DEAL_DETAIL_TAB": False, "CRM_DYNAMIC_183_DETAIL_TAB": False, "CRM_LEAD_DETAIL_TAB": True}
    found = {finding.topic: finding for finding in of_inspection(inspection(placements=codes))}

    assert found[Topic.TABS].names == ("DEAL", "DYNAMIC_183")


def test_lines_token_and_worker_are_findings_too() -> None:
    line = Line(1, 1, "Sales", "waha", "", "", "", "")

    assert [f.verdict for f in of_lines([line], {1: LineStatusText("ready")})] == [HealthVerdict.GOOD]
    assert [f.verdict for f in of_lines([line], {1: LineStatusText("unreachable")})] == [HealthVerdict.BAD]
    assert [f.verdict for f in of_lines([line], {1: LineStatusText("not_yet")})] == [HealthVerdict.UNKNOWN]
    assert [f.topic for f in of_lines([], {})] == [Topic.NO_LINE]
    assert of_token(stored=False).repair
    assert of_worker(1000.0, 1100.0).verdict is HealthVerdict.GOOD
    assert of_worker(1000.0, 2000.0).verdict is of_worker(None, 1.0).verdict is HealthVerdict.BAD


@pytest.fixture
def reachable(make_widget: Any) -> Widget:
    widget: Widget = make_widget(public_url="http://localhost")
    return widget


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_repair_puts_in_place_what_is_missing(reachable: Widget, open_app: OpenApp, lang: str) -> None:
    page = open_app(of=reachable, lang=lang)
    page.save("health")
    assert page.status == 200
    assert 'data-topic="installer" data-verdict="bad"' in page.html  # nobody installed it here
    assert 'data-post="/app/health/repair"' in page.html

    page.save("health/repair")

    assert page.status == 200
    assert 'data-topic="tabs" data-verdict="good"' in page.html
    assert 'data-topic="installer" data-verdict="good"' in page.html
    left = set(re.findall(r'data-topic="(\w+)" data-verdict="bad"', page.html))
    assert left <= {"worker", "layout", "reports", "secret"}  # what no button of the portal's installation can mend
    assert ("Repaired" if lang == "en" else "Восстановление") in page.section("changes")


def test_a_portal_that_never_told_how_to_know_its_events_is_told_what_to_do(
    widget: Widget, open_app: OpenApp, outside: Outside
) -> None:
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"quirks": {"old_box": True}})
    words = open_app(of=widget).save("health").words
    assert "Bitrix24 has not told how to know its events" in words
    assert "Install the application again" in words
    widget.services.storage.events.add(widget.portals[0], UNPROVED, {"sealed": ""})
    assert "could not be asked yet whether that is genuine" in open_app(of=widget).save("health").words

    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"quirks": {"old_box": False}})
    open_app("rep", of=widget)
    assert widget.services.storage.portals.application_token(widget.portals[0]) == ""
    assert "has told how to know its events from forged" in open_app(of=widget).save("health").words


@pytest.mark.parametrize(
    ("place", "said", "button"),
    [
        (InLayout.NO, "press “Select field”", True),
        (InLayout.HIDDEN, "seen only while they are edited", True),
        (InLayout.UNARRANGED, "Nobody has arranged these cards yet", False),
        (InLayout.UNKNOWN, "Bitrix24 did not say", False),
    ],
)
def test_a_field_that_is_not_shown_comes_with_its_funnel_and_the_way_to_mend_it(
    admin: AppPage, widget: Widget, monkeypatch: pytest.MonkeyPatch, place: InLayout, said: str, button: bool
) -> None:
    fields = (field(place, "Wholesale", title="DEAL"), field(InLayout.ALWAYS, title="LEAD"))
    installer = widget.services.bitrix24.installer
    monkeypatch.setattr(installer, "inspect", lambda portal, user_id: inspection(fields=fields))

    admin.save("health")

    assert said in admin.words
    assert "deals (“Wholesale”)" in admin.words
    assert "leads" not in admin.words
    assert ("choose “Show always”" in admin.words) is (place is not InLayout.UNKNOWN)
    assert "People and departments that have a view of their own see that one" in admin.words
    assert ('data-post="/app/health/layout"' in admin.html) is button
    assert ('<svg class="picture"' in admin.html) is (place is InLayout.NO)


def test_a_portal_that_does_not_answer_leaves_the_rest_of_the_list(
    reachable: Widget, open_app: OpenApp, outside: Outside
) -> None:
    page = open_app(of=reachable)
    outside.break_portal("html", "batch", times=None)

    page.save("health")

    assert page.status == 200
    assert 'data-topic="portal"' in page.html
    assert "connected" in page.words


def test_a_worker_that_gave_a_sign_is_running(admin: AppPage, widget: Widget, clock: Clock) -> None:
    widget.services.jobs.heartbeat()
    admin.save("health")
    assert "Background work is running." in admin.words

    clock.forward(600)
    admin.save("health")
    assert "flask worker" in admin.words


def test_the_health_list_is_for_administrators(rep: AppPage) -> None:
    for path in ("health", "health/repair", "lines/states"):
        rep.save(path)

        assert (rep.status, rep.refusal) == (403, "not_admin")


@pytest.mark.parametrize(
    ("info", "days_left"),
    [
        ({"DAYS": None, "PAYMENT_EXPIRED": "N"}, None),
        ({"DAYS": 12, "PAYMENT_EXPIRED": "N"}, 12),
        ({"DAYS": "12"}, 12),
        ({"DAYS": -3, "PAYMENT_EXPIRED": "Y"}, -3),
        ({"DAYS": None, "PAYMENT_EXPIRED": "Y"}, 0),
        ("nonsense", None),
    ],
)
def test_the_term_is_read_from_app_info(info: Any, days_left: int | None) -> None:
    assert plan_of(info).days_left == days_left


@pytest.mark.parametrize(("days", "said"), [(12, "12 days"), (1, "1 day of"), (0, "has ended"), (-3, "has ended")])
def test_only_administrators_are_told_how_long_the_subscription_lasts(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch, days: int, said: str
) -> None:
    monkeypatch.setattr("widget.admin.views.read_plan", lambda *_: Plan("S", days))

    assert said in open_app().words
    assert "subscription" not in open_app("rep").words


def test_without_a_term_nothing_is_said(admin: AppPage) -> None:
    assert "subscription" not in admin.words


@pytest.mark.parametrize(
    ("imported", "days", "weekly", "verdict"),
    [
        (False, 300, False, HealthVerdict.GOOD),
        (True, 300, False, HealthVerdict.GOOD),
        (True, 20, True, HealthVerdict.GOOD),
        (True, 22, True, HealthVerdict.BAD),
        (False, 1, True, HealthVerdict.BAD),
    ],
)
def test_number_ranges_are_too_old_only_where_they_should_be_renewed(
    imported: bool, days: int, weekly: bool, verdict: HealthVerdict
) -> None:
    found = of_numbering(imported=imported, at=0.0, weekly=weekly, now=days * 86_400.0)
    assert (found.topic, found.verdict) == (Topic.NUMBERING, verdict)


def test_the_list_says_how_old_the_number_ranges_are(admin: AppPage) -> None:
    words = admin.save("health").words
    assert "figures of Apr 1, 2026 that come with the service" in words
