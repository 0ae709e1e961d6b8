"""The phone of a contact that a client shares goes into a contact or company of the card, once."""

import pytest

from tests.stand import CardPage, Outside, Widget

IVAN, IVAN_ROW = "+79619510000", "+7 961 951-00-00"
ANNA = "+7 926 111-22-44"


@pytest.fixture
def chat(widget: Widget, outside: Outside) -> CardPage:
    """The chat in which Ivan has shared Anna's phone."""
    outside.answer_as_client(IVAN, "", contacts={"Anna": ANNA})
    page = widget.open(lang="en").reveal()
    page.open_chat(page.keys[IVAN_ROW])
    return page.history(page.chat)


def add(page: CardPage, phone: str = ANNA, **more: object) -> CardPage:
    return page.post("/card/phone", {"phone": phone, "name": "Anna", **more})


def updates(outside: Outside) -> int:
    return outside.calls("portal").get("crm.item.update", 0)


def test_a_shared_phone_is_added_to_the_chosen_contact_once(widget: Widget, chat: CardPage, outside: Outside) -> None:
    assert "Anna" in chat.words and ANNA in chat.words and "Add to the card" in chat.words

    asked = add(chat)
    assert asked.refusal == "confirm"
    assert "Add +7 926 111-22-44 (Anna) to the card?" in asked.words
    assert 'value="contact-43"' in asked.text and 'value="company-15"' in asked.text
    assert "is now a phone of Мария Соколова" in add(chat, person="contact-43", confirmed=True).words
    assert chat.answer.headers["X-Card-Changed"]
    assert ANNA in widget.open(lang="en").reveal().rows

    assert "is already a phone of Мария Соколова" in add(chat, person="contact-43", confirmed=True).words
    assert 'value="contact-43"' not in add(chat).text  # nobody is asked to add what is there
    assert updates(outside) == 1


def test_a_phone_that_another_program_has_just_added_is_not_added_again(chat: CardPage, outside: Outside) -> None:
    """The open card does not know of it yet."""
    phones = {"fm": [{"typeId": "PHONE", "value": "8 (926) 111-22-44, 8 495 123-45-67"}]}
    maria = {"entityTypeId": 3, "id": 43, "fields": phones}
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"change_item": maria}).raise_for_status()

    assert "is already a phone of" in add(chat, person="contact-43", confirmed=True).words
    assert updates(outside) == 0


def test_two_presses_at_once_add_one_phone(widget: Widget, chat: CardPage, outside: Outside) -> None:
    adder = widget.services.bitrix24.phones
    assert adder._claims.take("adding:1:3:43")  # another process is at it
    assert "is being added" in add(chat, person="contact-43", confirmed=True).words
    adder._claims.release("adding:1:3:43")
    outside.break_portal("http_500", "crm.item.list")
    assert add(chat, person="contact-43", confirmed=True).refusal == "portal_failed"  # before anything was written
    outside.break_portal("http_500", "crm.item.update")
    for _press in range(2):  # it may have come through
        assert "is being added" in add(chat, person="contact-43", confirmed=True).words
    assert updates(outside) == 1


def test_who_may_not_change_a_contact_is_told_and_may_choose_another(widget: Widget) -> None:
    page = widget.open(user="restricted", lang="en").reveal()
    assert "You may not change Мария Соколова" in add(page, person="contact-43", confirmed=True).words
    assert "is now a phone of Иван Петров" in add(page, person="contact-42", confirmed=True).words


def test_a_person_of_another_card_and_half_a_number_are_not_written_anywhere(chat: CardPage, outside: Outside) -> None:
    before = outside.total("portal")
    assert 'value="contact-42"' not in add(chat, IVAN_ROW).text  # it is his
    assert add(chat, person="contact-44", confirmed=True).refusal == "not_allowed"
    assert "is not a whole phone number" in add(chat, "12-34", person="contact-43", confirmed=True).words
    assert outside.total("portal") == before
