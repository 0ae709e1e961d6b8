"""What a reveal costs, when it costs nothing, and what the administrator's choice changes."""

import threading
from collections.abc import Callable

import pytest

from tests.stand import DEAL, CardPage, Clock, Outside, Widget
from widget.phones.shipped import _read
from widget.storage.portals import Visibility

MakeWidget = Callable[..., Widget]


def choose(widget: Widget, visibility: Visibility) -> None:
    widget.services.storage.portals.set_visibility(widget.portals[0], visibility)


def test_a_reveal_proves_the_token_once_and_reads_the_card_in_one_batch(widget: Widget, outside: Outside) -> None:
    page = widget.open().reveal()

    assert page.answer.status_code == 200
    assert outside.calls("portal") == {"oauth:app.info": 1, "batch": 1}
    assert outside.total("gateway") == 0


def test_the_card_is_read_while_the_token_is_proved(widget: Widget, outside: Outside) -> None:
    page = widget.open()
    outside.break_portal("delay", "oauth:app.info", seconds=3600)
    pressed = threading.Thread(target=page.reveal)
    pressed.start()
    outside.until(lambda calls: calls["batch"] == 1, "portal")
    outside.heal()
    pressed.join()
    assert len(page.rows) == 6


def test_a_cold_check_asks_once_for_the_line_looks_for_a_chat_with_each_number_and_asks_about_who_has_none(
    widget: Widget, outside: Outside
) -> None:
    widget.open().reveal().check()

    # Four can be asked about; one of them has a chat and needs no check.
    assert outside.calls("gateway") == {"session": 1, "messages": 4, "check-exists": 3}


def test_a_card_that_nobody_has_opened_yet_knows_who_has_a_chat_from_the_workers_round(
    widget: Widget, outside: Outside
) -> None:
    widget.services.presence.rounds.go()
    before = outside.calls("gateway")

    world = widget.open("/crm/type/183/details/12/").reveal()

    assert [number for number, shown in world.rows.items() if shown == "yes"] == ["+49 1511 2345678"]
    assert "Chat exists" in widget.open("/crm/type/183/details/12/", lang="en").reveal().row("+49 1511 2345678")
    assert outside.calls("gateway") == before


def test_a_warm_reveal_asks_nobody_for_five_minutes(widget: Widget, outside: Outside, clock: Clock) -> None:
    page = widget.open()
    page.reveal().check()
    before = outside.calls("portal"), outside.calls("gateway")

    clock.forward(299)
    again = page.reveal()

    assert (outside.calls("portal"), outside.calls("gateway")) == before
    assert again.to_ask == []
    assert again.rows["+7 926 111-22-33"] == "yes"


def test_a_colleague_who_opens_the_card_meanwhile_finds_the_answers(widget: Widget, outside: Outside) -> None:
    widget.open().reveal().check()
    checks = outside.calls("gateway")

    theirs = widget.open(user="admin").reveal()

    assert theirs.to_ask == []
    assert outside.calls("gateway") == checks
    assert outside.calls("portal")["batch"] == 2  # with their own rights


def test_after_five_minutes_the_answer_is_shown_with_its_age_and_whatsapp_is_asked_again(
    widget: Widget, outside: Outside, clock: Clock
) -> None:
    page = widget.open(lang="en")
    page.reveal().check()

    clock.forward(301)
    page.reveal()
    assert page.rows["+7 926 111-22-33"] == "yes"
    assert "checked 5 min ago" in page.row("+7 926 111-22-33")
    assert len(page.to_ask) == 3
    page.check()
    assert "checked just now" in page.row("+7 926 111-22-33")

    assert outside.calls("gateway")["check-exists"] == 6
    assert outside.calls("portal")["batch"] == 2


def test_how_long_an_answer_is_believed_is_a_setting(make_widget: MakeWidget, outside: Outside, clock: Clock) -> None:
    widget = make_widget(presence_ttl=60.0)
    page = widget.open()
    page.reveal().check()

    clock.forward(59)
    assert page.reveal().to_ask == []
    clock.forward(2)
    assert len(page.reveal().to_ask) == 3  # the one with a chat stays known


def test_a_card_drawn_from_memory_says_that_it_is_old_and_a_second_look_finds_no_change(
    widget: Widget, clock: Clock
) -> None:
    page = widget.open()
    page.reveal()
    assert "data-old" not in page.text

    clock.forward(20)
    page.reveal()

    assert "data-old" in page.text
    version = page.text.split('data-version="')[1].split('"')[0]
    clock.forward(70)  # what changes with time alone is not a change of the card
    assert page.post("/card/again", {"version": version, "line": None}).answer.status_code == 204
    redrawn = page.post("/card/again", {"version": "0" * 16, "line": None})
    assert len(redrawn.rows) == 6


def opened_with(widget: Widget, visibility: Visibility) -> CardPage:
    choose(widget, visibility)
    return widget.open()


@pytest.mark.parametrize("visibility", list(Visibility))
def test_whatever_is_chosen_the_page_itself_costs_no_call(
    widget: Widget, outside: Outside, visibility: Visibility
) -> None:
    page = opened_with(widget, visibility)

    assert f'data-start="{visibility.value}"' in page.text
    assert ('data-action="reveal"' in page.text) is (visibility is Visibility.BUTTON)
    assert (outside.total("portal"), outside.total("gateway")) == (0, 0)


def test_with_facts_the_numbers_come_at_once_and_whatsapp_is_asked_after_the_button(
    widget: Widget, outside: Outside
) -> None:
    page = opened_with(widget, Visibility.FACTS).reveal(pressed=False)

    assert page.rows["+7 961 951-00-00"] == "not_asked"
    assert "Билайн" in page.row("+7 961 951-00-00")
    assert "17:00" in page.row("+7 961 951-00-00")
    assert "data-ask=" not in page.text
    assert outside.total("gateway") == 0

    button = page.text.split('class="footnotes"')[1].split('data-keys="')[1].split('"')[0]
    assert page.check(button.split()).rows["+7 961 951-00-00"] == "yes"


def test_with_always_unknown_numbers_are_asked_about_without_a_press(widget: Widget) -> None:
    page = opened_with(widget, Visibility.ALWAYS).reveal(pressed=False)

    assert len(page.to_ask) == 4
    assert page.rows["+7 495 123-45-67"] == "landline"  # never by itself


def test_with_the_button_a_page_that_skips_it_is_not_told_to_ask(widget: Widget) -> None:
    page = opened_with(widget, Visibility.BUTTON).reveal(pressed=False)

    assert "data-ask=" not in page.text


def test_a_changed_choice_reaches_every_process_and_every_open_card_within_a_minute(
    make_widget: MakeWidget, clock: Clock, redis_url: str
) -> None:
    widget = make_widget(redis_url=redis_url)
    other = widget.twin()
    card = opened_with(other, Visibility.ALWAYS)
    assert card.reveal(pressed=False).to_ask

    app = widget.open("/app/", user="admin")
    app.session = app.text.split('data-session="')[1].split('"')[0]
    assert app.post("/app/visibility", {"visibility": "button"}).answer.status_code == 200

    clock.forward(59)
    assert not card.reveal(pressed=False).to_ask
    assert 'data-start="button"' in other.open(DEAL).text


def test_cards_opened_at_once_after_a_start_read_the_number_data_once(widget: Widget) -> None:
    """Two tenths of a second and many megabytes each; a worker has 32 threads."""
    cards = [widget.open() for _rep in range(8)]
    _read.cache_clear()

    threads = [threading.Thread(target=card.reveal) for card in cards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {len(card.rows) for card in cards} == {6}
    assert _read.cache_info().misses == 1


def test_a_client_of_an_open_line_of_whatsapp_is_marked_and_no_number_of_theirs_is(
    widget: Widget, outside: Outside
) -> None:
    ivan = widget.open("/crm/contact/details/42/", lang="en").reveal()
    before = ivan.rows
    fm = [
        {"typeId": "PHONE", "valueType": "MOBILE", "value": "+7 961 951-00-00"},
        {"typeId": "IM", "valueType": "IMOL", "value": "imol|whatsappbytwilio|1|a4f2c9|12"},
    ]
    change = {"entityTypeId": 3, "id": 42, "fields": {"fm": fm}}
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"change_item": change}).raise_for_status()

    page = widget.open("/crm/contact/details/42/", lang="en").reveal().refresh()

    number = next(iter(page.rows))
    assert "writes in WhatsApp" in page.row(number)
    assert page.rows[number] == before[number]
    assert outside.total("gateway") == 0
