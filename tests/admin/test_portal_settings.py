"""What an administrator decides for the portal: checked on the server, kept, logged, in force in
open cards."""

import pytest

from tests.admin.conftest import AppPage, OpenApp
from tests.stand import Clock, Outside, Widget, in_russian
from widget.storage.changes import ChangeKind
from widget.storage.portals import Portal, Visibility

MINUTE = 60


def stored(widget: Widget, portal: int = 1) -> Portal:
    found: Portal = widget.twin().services.storage.portals.get(widget.portals[portal - 1])
    return found


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_an_administrator_sees_every_section(open_app: OpenApp, outside: Outside, lang: str) -> None:
    page = open_app(lang=lang)

    for text in (
        "What a card shows when it is opened",
        "Lines",
        "When it is fine to write",
        "Country and language",
        "Is everything in place?",
        "Who changed what",
        "Write to a new number",
        "My settings",
    ):
        assert (text if lang == "en" else in_russian(text)) in page.words
    assert outside.total("gateway") == 0  # states are asked for by the page, not before it is drawn


def test_a_rep_sees_their_own_things_and_none_of_the_settings(rep: AppPage, widget: Widget, outside: Outside) -> None:
    assert rep.status == 200
    for text in ("Write to a new number", "My settings", "Line sales"):
        assert text in rep.words
    for text in ("What a card shows when it is opened", "Who changed what", outside.gateway, "Add a line"):
        assert text not in rep.html


@pytest.mark.parametrize("wanted", ["facts", "button"])
def test_a_visibility_is_stored_and_shown_at_the_next_look(
    admin: AppPage, open_app: OpenApp, widget: Widget, wanted: str
) -> None:
    admin.save("visibility", visibility=wanted)

    assert "Saved. Open cards follow within a minute." in admin.words
    assert stored(widget).visibility is Visibility(wanted)
    assert f'value="{wanted}" checked' in open_app().html


def test_everything_at_once_is_stored_only_after_a_question_that_says_what_it_costs(
    admin: AppPage, widget: Widget
) -> None:
    admin.save("visibility", visibility="always")
    assert (admin.status, admin.refusal) == (409, "confirm")
    assert "300 checks a day" in admin.words
    assert stored(widget).visibility is Visibility.BUTTON

    admin.save("visibility", visibility="always", confirmed=True)
    assert stored(widget).visibility is Visibility.ALWAYS


def test_a_visibility_holds_in_an_open_card_within_a_minute(admin: AppPage, widget: Widget, clock: Clock) -> None:
    card = widget.open().reveal(pressed=False)
    assert card.to_ask == []
    admin.save("visibility", visibility="always", confirmed=True)
    clock.forward(MINUTE)

    assert card.reveal(pressed=False).to_ask


HOURS = {"red_until": "6", "amber_until": "9", "green_until": "20", "amber_late_until": "22"}


def test_the_hours_hold_in_an_open_card_and_survive_a_reload(
    admin: AppPage, open_app: OpenApp, widget: Widget, clock: Clock
) -> None:
    card = widget.open().reveal()
    assert 'data-hours="7,8,19,21"' in card.text

    admin.save("hours", **HOURS)
    clock.forward(MINUTE)

    assert 'data-hours="6,9,20,22"' in card.reveal().text
    assert 'name="amber_until" inputmode="numeric" maxlength="4" autocomplete="off" value="9"' in open_app().html


def test_night_by_the_portals_hours_asks_before_a_message_goes_out(
    admin: AppPage, widget: Widget, outside: Outside, clock: Clock
) -> None:
    admin.save("hours", red_until="24", amber_until="24", green_until="24", amber_late_until="24")
    clock.forward(MINUTE)
    card = widget.open(lang="en").reveal()
    chat = card.open_chat(card.keys["+7 961 951-00-00"]).chat

    card.send(chat, "Добрый день", "key-1")

    assert card.refusal == "confirm"
    assert "sendText" not in outside.calls()


def test_empty_hours_are_the_usual_ones_again(admin: AppPage, widget: Widget) -> None:
    admin.save("hours", **HOURS)
    admin.save("hours", **dict.fromkeys(HOURS, ""))

    assert stored(widget).light_hours == ()


def test_hours_that_cannot_be_are_refused_beside_their_field(admin: AppPage, widget: Widget) -> None:
    for name, value in (
        ("amber_until", "5"),
        ("red_until", "-1"),
        ("amber_late_until", "25"),
        ("green_until", "7.5"),
        ("green_until", "¹"),
        ("green_until", ""),
    ):
        admin.save("hours", **{**HOURS, name: value})

        assert (admin.status, admin.faults) == (422, [f"hours-{name}"]), value
        assert f'aria-describedby="hours-{name}-fault hours-hint"' in admin.html
    assert stored(widget).light_hours == ()


def test_another_country_reads_numbers_anew_in_an_open_card(admin: AppPage, widget: Widget, clock: Clock) -> None:
    card = widget.open(lang="en").reveal()
    assert "+7 961 951-00-00" in card.rows
    admin.save("region", country="DE", language="")
    clock.forward(MINUTE)

    # In Germany these digits are another number too, and the card asks which one is meant.
    assert "8 (961) 951-00-00" in card.reveal().rows
    assert "Is it this one? +7 961 951-00-00 Amur Oblast +49 89 619510000 Munich" in card.words
    assert stored(widget).country == "DE"


def test_the_portals_language_is_every_users(admin: AppPage, widget: Widget, clock: Clock) -> None:
    card = widget.open(lang="en").reveal()
    assert "Amur Oblast" in card.words
    admin.save("region", country="RU", language="ru")
    clock.forward(MINUTE)

    assert "Амурская" in card.reveal().words
    assert in_russian("Create chat") in card.words
    assert '<html lang="ru">' in widget.open(lang="en").text


def test_a_country_or_language_that_does_not_exist_is_refused(admin: AppPage, widget: Widget) -> None:
    for country, language, fault in (("XX", "", "country"), ("", "", "country"), ("RU", "xx", "language")):
        admin.save("region", country=country, language=language)

        assert (admin.status, admin.faults) == (422, [f"region-{fault}"])
    assert (stored(widget).country, stored(widget).language) == ("RU", "")


def test_the_log_says_who_changed_what_from_what_to_what(admin: AppPage, open_app: OpenApp) -> None:
    admin.save("visibility", visibility="facts")
    admin.save("region", country="KZ", language="ru")
    admin.save("hours", **HOURS)
    admin.save("hours", **HOURS)  # nothing changed

    log = open_app(lang="ru").section("changes")

    assert "Анна Админова" in log
    assert f"{in_russian('Country')} : Россия → Казахстан" in log or "Россия → Казахстан" in log
    assert "6 · 9 · 20 · 22" in log
    assert log.count("6 · 9 · 20 · 22") == 1
    assert "Русский" in log


def test_a_save_that_changes_nothing_is_not_logged(rep: AppPage, widget: Widget) -> None:
    rep.save("mine", line=1, show_name=True)
    logged = len(widget.services.storage.changes.latest(widget.portals[0]))

    rep.save("mine", line=1, show_name=True)

    assert (rep.status, logged) == (200, 2)
    assert len(widget.services.storage.changes.latest(widget.portals[0])) == logged


def test_changes_are_forgotten_after_a_year(admin: AppPage, widget: Widget, clock: Clock) -> None:
    changes = widget.services.storage.changes
    admin.save("visibility", visibility="facts")
    assert changes.forget_old() == 0
    clock.forward(300 * 86_400)
    changes.add(widget.portals[0], ChangeKind.REPAIRED, user_id=1, user_name="Анна")

    clock.forward(66 * 86_400)

    assert changes.forget_old() == 1
    assert [change.what for change in changes.latest(widget.portals[0])] == [ChangeKind.REPAIRED]


def test_who_is_no_administrator_changes_nothing(rep: AppPage, widget: Widget) -> None:
    before = stored(widget)

    for path, fields in (
        ("visibility", {"visibility": "facts"}),
        ("hours", HOURS),
        ("region", {"country": "KZ", "language": "ru"}),
    ):
        rep.save(path, **fields)
        assert (rep.status, rep.refusal) == (403, "not_admin")
    assert stored(widget) == before


def test_a_portal_in_trouble_stores_nothing(admin: AppPage, widget: Widget, outside: Outside) -> None:
    outside.break_portal("html", "profile", times=None)

    admin.save("visibility", visibility="facts")

    assert admin.status >= 400
    assert stored(widget).visibility is Visibility.BUTTON


def test_a_change_is_the_own_portals_alone(admin: AppPage, open_app: OpenApp, widget: Widget) -> None:
    admin.save("region", country="KZ", language="ru")

    assert stored(widget, 2).country == "RU"
    assert "Kazakhstan →" not in open_app(portal=2).section("changes")
    assert "Nothing was changed yet." in open_app(portal=2).words
