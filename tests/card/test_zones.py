"""Whose time the card and its chats are in: the user's zone in Bitrix24, else the browser's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand import CardPage, Widget
from widget.bitrix24.crm import viewer_of
from widget.bitrix24.rest import Batch
from widget.untrusted import as_zone

MARIA = "+7 912 345-67-89"  # has no WhatsApp
ODD = ["Mars/Base", "auto", "Europe", "/etc/passwd", "../x", "\x00", "z" * 300, "", None, 5, [], {"a": 1}, "\ud83d"]


def not_found_at(widget: Widget, user: str, zone: str) -> str:
    """What the card says of a number without WhatsApp, to a browser in this zone. The clock says
    08:00 UTC."""
    page = widget.open(lang="en", user=user)
    headers = {"X-Opening": page.opening_ticket, "X-Zone": zone}
    page = CardPage(page.client, page.client.post("/card", json={"pressed": True}, headers=headers), zone)
    page.session = page.answer.headers["X-Session"]
    return page.check().row(MARIA)


def test_who_has_no_zone_in_bitrix24_reads_the_browsers(widget: Widget) -> None:
    assert "WhatsApp not found at 5:00 PM" in not_found_at(widget, "admin", "Asia/Tokyo")


def test_the_zone_of_bitrix24_comes_first(widget: Widget) -> None:
    assert "WhatsApp not found at 11:00 AM" in not_found_at(widget, "rep", "Asia/Tokyo")


@pytest.mark.parametrize("zone", ["Mars/Base", "auto", "Europe", "/etc/passwd", "z" * 300, ""])
def test_a_zone_that_nobody_knows_breaks_nothing(widget: Widget, zone: str) -> None:
    assert "WhatsApp not found at 8:00 AM" in not_found_at(widget, "admin", zone)


@pytest.mark.parametrize("zone", ODD)
def test_an_odd_zone_in_a_profile_is_none(zone: object) -> None:
    viewer = viewer_of(Batch({"me": {"ID": "7", "ADMIN": False, "TIME_ZONE": zone}}, {}), 7)
    assert viewer.zone == ""


@given(st.text())
def test_whatever_is_called_a_zone_is_one_or_none(name: str) -> None:
    assert as_zone(name) in ("", name)
