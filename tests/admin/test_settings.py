"""The settings as the card and the curious meet them: what a choice costs is said, and nobody else
decides it."""

import pytest

from tests.admin.conftest import AppPage, OpenApp
from tests.stand import Clock, Outside, Widget, in_russian
from widget.storage.portals import Visibility


def visibility(widget: Widget, portal: int = 1) -> Visibility:
    found: Visibility = widget.twin().services.storage.portals.get(widget.portals[portal - 1]).visibility
    return found


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_an_administrator_sees_the_choices_what_each_costs_and_the_lines(
    open_app: OpenApp, outside: Outside, lang: str
) -> None:
    page = open_app(lang=lang)

    assert page.status == 200
    assert page.html.count('type="radio"') == 3
    assert 'value="button" checked' in page.html
    for text in (
        "What a card shows when it is opened",
        "A button (recommended)",
        "Nothing is asked until somebody wants to write.",
        "Unknown numbers are checked whenever a card is opened, within the limits of the line.",
    ):
        assert (text if lang == "en" else in_russian(text)) in page.words
    assert "Line sales" in page.words
    assert outside.calls("portal") == {"oauth:app.info": 1, "batch": 1, "app.info": 1}
    assert outside.total("gateway") == 0

    page.save("lines/states")

    assert ("connected" if lang == "en" else in_russian("connected")) in page.words
    assert outside.calls("gateway") == {"session": 1}


def test_a_portal_without_lines_is_told_how_to_get_one(widget: Widget, open_app: OpenApp) -> None:
    widget.services.storage.lines.remove(widget.portals[0], 1)

    page = open_app(of=widget.twin())

    assert "No line is connected yet." in page.words
    assert 'id="add-save"' in page.html


@pytest.mark.parametrize("wanted", list(Visibility))
def test_a_choice_is_stored_and_shown_at_the_next_look(
    admin: AppPage, open_app: OpenApp, widget: Widget, wanted: Visibility
) -> None:
    admin.save("visibility", visibility=wanted.value, confirmed=True)

    assert admin.status == 200
    assert visibility(widget) is wanted
    assert f'value="{wanted.value}" checked' in open_app().html


def test_only_always_shows_its_warning(admin: AppPage, open_app: OpenApp) -> None:
    warning = "Many checks and few messages are what WhatsApp bans accounts for."
    assert warning not in admin.words
    admin.save("visibility", visibility="always", confirmed=True)

    assert warning in admin.words
    assert warning in open_app().words


@pytest.mark.parametrize("user", ["rep", "restricted"])
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_who_is_no_administrator_is_shown_no_setting_and_told_who_decides(
    open_app: OpenApp, widget: Widget, outside: Outside, user: str, lang: str
) -> None:
    page = open_app(user, lang=lang)

    assert page.status == 200
    assert 'type="radio"' not in page.html
    assert outside.gateway not in page.html

    page.save("visibility", visibility="always", confirmed=True)

    assert (page.status, page.refusal) == (403, "not_admin")
    text = "Only an administrator can change this"
    assert (text if lang == "en" else in_russian(text)) in page.words
    assert visibility(widget) is Visibility.BUTTON


def test_a_reps_card_is_no_way_to_the_settings(widget: Widget) -> None:
    card = widget.open(user="rep").reveal()

    assert card.post("/app/visibility", {"visibility": "always", "confirmed": True}).answer.status_code == 403
    assert card.refusal == "not_admin"
    assert visibility(widget) is Visibility.BUTTON


def test_who_lost_the_access_to_the_application_cannot_save_any_more(
    admin: AppPage, widget: Widget, outside: Outside
) -> None:
    """The right is asked again at every save."""
    outside.break_portal("user_access_error", "profile", times=1)

    admin.save("visibility", visibility="always", confirmed=True)

    assert admin.status == 401
    assert visibility(widget) is Visibility.BUTTON


@pytest.mark.parametrize("wanted", ["", "hidden", "ALWAYS", "button ", 1, None, ["button"], {"a": 1}, "b" * 100, True])
def test_a_choice_that_does_not_exist_is_refused(
    admin: AppPage, widget: Widget, outside: Outside, wanted: object
) -> None:
    calls = outside.calls("portal")

    admin.save("visibility", visibility=wanted, confirmed=True)

    assert (admin.status, admin.refusal) == (422, "bad_form")
    assert visibility(widget) is Visibility.BUTTON
    assert outside.calls("portal") == calls


def test_a_choice_is_the_own_portals_alone(admin: AppPage, widget: Widget) -> None:
    admin.save("visibility", visibility="always", confirmed=True)

    assert (visibility(widget, 1), visibility(widget, 2)) == (Visibility.ALWAYS, Visibility.BUTTON)


def test_the_session_of_the_settings_opens_no_card(admin: AppPage, outside: Outside) -> None:
    for path, body in (("/card", {"pressed": True}), ("/card/refresh", {"line": None})):
        admin.page.post(path, body)

        assert (admin.status, admin.refusal) == (403, "not_allowed")
        assert "951-00-00" not in admin.html
    assert outside.total("gateway") == 0


@pytest.mark.parametrize("path", ["/app", "/app/visibility", "/app/lines", "/app/lines/1/name", "/app/number"])
def test_the_settings_are_not_there_for_the_curious(widget: Widget, path: str) -> None:
    client = widget.app.test_client()

    assert client.get(path).status_code == 405
    assert client.post(path).status_code in (400, 401)


@pytest.mark.parametrize("fault", ["html", "silence", "QUERY_LIMIT_EXCEEDED", "ACCESS_DENIED"])
def test_a_portal_in_trouble_stores_nothing(admin: AppPage, widget: Widget, outside: Outside, fault: str) -> None:
    outside.break_portal(fault, "profile", times=None, seconds=0.3)

    admin.save("visibility", visibility="always", confirmed=True)

    assert admin.status >= 400
    assert admin.refusal
    assert visibility(widget) is Visibility.BUTTON


def test_the_settings_survive_a_gateway_that_is_down(admin: AppPage, open_app: OpenApp, outside: Outside) -> None:
    outside.break_gateway("html", times=None)

    assert "Line sales" in open_app().words
    admin.save("lines/states")

    assert admin.status == 200
    assert "Is the address that of the gateway itself" in admin.words


def test_the_portals_hours_are_the_clocks_in_an_open_chat_too(admin: AppPage, widget: Widget, clock: Clock) -> None:
    admin.save("hours", red_until="6", amber_until="9", green_until="20", amber_late_until="22")
    clock.forward(60)
    card = widget.open().reveal()

    card.open_chat(card.keys["+7 961 951-00-00"])

    assert 'data-hours="6,9,20,22"' in card.text
