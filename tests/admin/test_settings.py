"""The app's own page: administrators decide, everybody else is told who does."""

import pytest

from tests.stand import CardPage, Outside, Widget, in_russian
from widget.storage.portals import Visibility

APP = "/app/"


def settings(widget: Widget, user: str = "admin", lang: str = "en", portal: int = 1) -> CardPage:
    page = widget.open(APP, user=user, lang=lang, portal=portal)
    if 'data-session="' in page.text:
        page.session = page.text.split('data-session="')[1].split('"')[0]
    return page


def visibility(widget: Widget, portal: int = 1) -> Visibility:
    return widget.twin().services.portals.get(widget.portals[portal - 1]).visibility


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_an_administrator_sees_the_choices_what_each_costs_and_the_lines(
    widget: Widget, outside: Outside, lang: str
) -> None:
    page = settings(widget, lang=lang)

    assert page.answer.status_code == 200
    assert page.text.count('type="radio"') == 3
    assert 'value="button" checked' in page.text
    for text in (
        "What a card shows when it is opened",
        "A button (recommended)",
        "Nothing is asked until somebody wants to write.",
        "Unknown numbers are checked whenever a card is opened, within the limits of the line.",
        "connected",
    ):
        assert (text if lang == "en" else in_russian(text)) in page.words
    assert "Line sales" in page.words
    assert outside.calls("portal") == {"oauth:app.info": 1, "profile": 1}
    assert outside.calls("gateway") == {"session": 1}


def test_a_portal_without_lines_is_told_how_to_get_one(widget: Widget) -> None:
    with widget.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE lines SET active = 0")
    widget = widget.twin()

    assert "No line is connected yet." in settings(widget).words


@pytest.mark.parametrize("wanted", list(Visibility))
def test_a_choice_is_stored_and_shown_at_the_next_look(widget: Widget, wanted: Visibility) -> None:
    answer = settings(widget).post("/app/settings", {"visibility": wanted.value}).answer

    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert visibility(widget) is wanted
    assert f'value="{wanted.value}" checked' in settings(widget).text


def test_only_always_shows_its_warning(widget: Widget) -> None:
    assert 'id="always-warning" hidden' in settings(widget).text
    settings(widget).post("/app/settings", {"visibility": "always"})

    assert 'id="always-warning">' in settings(widget).text


@pytest.mark.parametrize("user", ["rep", "restricted"])
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_who_is_no_administrator_gets_an_explanation_and_no_session(widget: Widget, user: str, lang: str) -> None:
    page = settings(widget, user, lang)

    assert (page.answer.status_code, page.refusal) == (403, "not_admin")
    text = "Only an administrator can change this"
    assert (text if lang == "en" else in_russian(text)) in page.words
    assert page.session == ""
    assert "Line sales" not in page.words


def test_a_reps_card_is_no_way_to_the_settings(widget: Widget) -> None:
    card = widget.open(user="rep").reveal()

    assert card.post("/app/settings", {"visibility": "always"}).answer.status_code == 403
    assert card.refusal == "not_admin"
    assert visibility(widget) is Visibility.BUTTON


def test_who_lost_the_access_to_the_application_cannot_save_any_more(widget: Widget, outside: Outside) -> None:
    """The right is asked again at every save."""
    page = settings(widget)
    outside.break_portal("user_access_error", "profile", times=1)

    assert page.post("/app/settings", {"visibility": "always"}).answer.status_code == 401
    assert visibility(widget) is Visibility.BUTTON


@pytest.mark.parametrize("wanted", ["", "hidden", "ALWAYS", "button ", 1, None, ["button"], {"a": 1}, "b" * 100, True])
def test_a_choice_that_does_not_exist_is_refused(widget: Widget, outside: Outside, wanted: object) -> None:
    page = settings(widget)
    calls = outside.calls("portal")

    assert page.post("/app/settings", {"visibility": wanted}).answer.status_code == 422
    assert page.refusal == "bad_form"
    assert visibility(widget) is Visibility.BUTTON
    assert outside.calls("portal") == calls


def test_a_choice_is_the_own_portals_alone(widget: Widget) -> None:
    settings(widget).post("/app/settings", {"visibility": "always"})

    assert (visibility(widget, 1), visibility(widget, 2)) == (Visibility.ALWAYS, Visibility.BUTTON)


def test_the_session_of_the_settings_opens_no_card(widget: Widget, outside: Outside) -> None:
    page = settings(widget)

    page.post("/card", {"pressed": True})

    assert page.answer.status_code == 403
    assert "951-00-00" not in page.text
    assert outside.total("gateway") == 1  # the state that the settings page showed


@pytest.mark.parametrize("path", ["/app", "/app/settings"])
def test_the_settings_are_not_there_for_the_curious(widget: Widget, path: str) -> None:
    client = widget.app.test_client()

    assert client.get(path).status_code == 405
    assert client.post(path).status_code in (400, 401)


@pytest.mark.parametrize("fault", ["html", "silence", "QUERY_LIMIT_EXCEEDED", "ACCESS_DENIED"])
def test_a_portal_in_trouble_stores_nothing(widget: Widget, outside: Outside, fault: str) -> None:
    page = settings(widget)
    outside.break_portal(fault, "profile", times=None, seconds=0.3)

    assert page.post("/app/settings", {"visibility": "always"}).answer.status_code >= 400
    assert page.refusal
    assert visibility(widget) is Visibility.BUTTON


def test_the_settings_page_survives_a_gateway_that_is_down(widget: Widget, outside: Outside) -> None:
    outside.break_gateway("html", times=None)

    page = settings(widget)

    assert page.answer.status_code == 200
    assert "state unknown" in page.words
