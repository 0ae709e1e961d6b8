"""What can be done with one message, and the files that go out with one: on every gateway what it
can do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from sandbox.demo import Demo
from sandbox.portal.credentials import SCOPE
from tests.browser.conftest import Complaints, is_said
from tests.browser.pages import ORDERS, SENT, Card, ClientPhone, serious_in
from tests.stand import Outside, until

ANSWER = "Когда привезёте?"
SAID = "#chat-said"  # what came of an action, for five seconds

# The next toast gets the focus, and so stays until it is pressed.
FOCUS_TOAST = """() => {
  const place = document.getElementById('toast');
  new MutationObserver((_, observer) => {
    observer.disconnect();
    place.querySelector('button').focus();
  }).observe(place, { childList: true });
}"""


@pytest.fixture
def talk(card: Card, outside: Outside) -> Card:
    """An open chat with a message of the client's and one of ours."""
    outside.answer_as_client("+79261112233", ANSWER)
    card.open().reveal().open_chat(ORDERS).send("В *пятницу*")
    expect(card.bubble("В пятницу").locator(SENT)).to_have_count(1)
    return card


def test_a_reply_quotes_what_it_answers(talk: Card, phone: ClientPhone) -> None:
    menu = talk.actions_for(ANSWER)
    menu.get_by_role("menuitem", name=talk.say("Reply"), exact=True).click()
    expect(talk.frame.locator("#composer-about")).to_contain_text(ANSWER)
    expect(talk.composer).to_be_focused()

    talk.send("Ровно в десять")

    expect(talk.bubble("Ровно в десять").locator(".quote")).to_have_text(ANSWER)
    expect(talk.frame.locator("#composer-about")).to_be_hidden()
    expect(phone.open(ORDERS).get_by_role("log").get_by_text("Ровно в десять", exact=True)).to_be_visible()


def test_a_shared_phone_comes_into_the_card_and_a_client_is_ignored_from_the_row(
    card: Card, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect("409")  # the two questions
    outside.answer_as_client("+79261112233", "", contacts={"Анна": "+7 926 111-22-44"})
    card.open().reveal().open_chat(ORDERS)
    card.bubbles.last.get_by_role("button", name=card.say("Add to the card")).click()
    assert serious_in(card) == []
    card.dialog.get_by_role("combobox").select_option("contact-43")
    added = card.say("%(number)s is now a phone of %(name)s.", number="+7 926 111-22-44", name="Мария Соколова")
    with is_said(card, SAID, added):
        card.dialog.get_by_role("button", name=card.say("Add"), exact=True).click()
    card.close_chat()
    expect(card.row("+7 926 111-22-44")).to_be_visible()

    card.unfold(ORDERS).locator("[data-action=ignore]").first.press("Enter")
    card.inside.evaluate(FOCUS_TOAST)
    card.dialog.get_by_role("button", name=card.say("Ignore"), exact=True).click()
    expect(card.row(ORDERS)).to_contain_text(card.say("Ignore no longer"))
    card.button("Undo").click()
    expect(card.row(ORDERS)).not_to_contain_text(card.say("Ignore no longer"))
    expect(card.row(ORDERS).locator("[data-action=more]")).to_be_focused()


def test_a_reply_and_a_file_are_taken_away_with_keys_alone(talk: Card, tmp_path: Path) -> None:
    file = tmp_path / "смета на пять окон с установкой и вывозом мусора, вариант второй.pdf"
    file.write_bytes(b"%PDF-1.4")
    talk.write("Вот смета").frame.locator("#file").set_input_files(file)
    talk.actions_for(ANSWER).get_by_role("menuitem", name=talk.say("Reply"), exact=True).press("Enter")
    expect(talk.composer).to_be_focused()
    assert serious_in(talk) == []
    talk.expect_to_fit()

    for chip, leave in (
        ("#composer-file", f"{talk.say('Remove file')}: {file.name}"),
        ("#composer-about", talk.say("Cancel")),
    ):
        for _ in range(4):
            talk.page.keyboard.press("Shift+Tab")
        expect(talk.focused).to_have_accessible_name(leave)
        talk.page.keyboard.press("Enter")
        expect(talk.frame.locator(chip)).to_be_hidden()
        expect(talk.composer).to_be_focused()
    expect(talk.composer).to_have_value("Вот смета")


def test_a_place_and_a_colleagues_contact_go_out_from_the_clip(talk: Card) -> None:
    talk.button("Attach").click()
    talk.button("Location").click()
    assert serious_in(talk) == []
    talk.frame.locator("#location-place").fill("https://yandex.ru/maps/?ll=37.6173%2C55.7558")
    talk.frame.locator("#location-name").fill("Наш офис")
    talk.frame.locator("[data-card-form=location] [value=yes]").click()
    place = talk.frame.locator(".bubble.is-mine", has_text="Наш офис")
    expect(place.locator(SENT)).to_have_count(1)
    expect(place.locator(".place")).to_contain_text("55.75580, 37.61730")

    talk.close_chat().open_chat(ORDERS)  # by now it is known who writes here
    talk.button("Attach").click()
    talk.button("Contact of a colleague").click()
    talk.frame.locator("#contact-colleague").select_option(label="Роман Продажин")
    expect(talk.frame.locator("#contact-name")).to_have_value("Роман Продажин")
    talk.frame.locator("#contact-number").fill("+7 900 123-45-68")
    talk.frame.locator("[data-card-form=contact] [value=yes]").click()
    expect(talk.frame.locator(".bubble.is-mine", has_text="+7 900 123-45-68").locator(SENT)).to_have_count(1)


@pytest.fixture
def drive(demo: Demo, outside: Outside) -> Iterator[None]:
    """The portal has granted its Drive."""
    scopes = f"{SCOPE},disk"
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"scopes": scopes}).raise_for_status()
    grant(demo, scopes)
    yield
    grant(demo, SCOPE)


def grant(demo: Demo, scopes: str) -> None:
    words = f"services().storage.portals.set_scopes(1, frozenset({scopes!r}.split(',')))"
    assert "granted" in demo.flask("shell", stdin=f"from widget.services import services; {words}; print('granted')\n")


@pytest.mark.usefixtures("drive")
def test_a_file_of_bitrix24_drive_is_attached_from_the_clip(card: Card, outside: Outside) -> None:
    def is_offered() -> bool:  # a process knows what a portal has granted within seconds
        card.open().reveal().open_chat(ORDERS)
        return card.frame.locator("[data-card=drive]").count() == 1

    until(is_offered)
    card.button("Attach").click()
    card.button("File from Bitrix24 Drive").click()
    folders = card.frame.locator(".drive-list button")
    expect(folders.first).to_be_focused()
    folders.filter(has_text="Общий диск").press("Enter")
    folders.filter(has_text="Прайсы").press("Enter")
    expect(folders.filter(has_text="прайс 2027.pdf")).to_be_visible()
    assert serious_in(card) == []
    card.expect_to_fit()
    card.button("One folder up").click()
    folders.filter(has_text="Прайсы").click()
    folders.filter(has_text="прайс 2027.pdf").click()
    expect(card.frame.locator("#composer-file")).to_contain_text("прайс 2027.pdf")
    card.send("Наши цены")
    expect(card.bubble("Наши цены").locator(SENT)).to_have_count(1)
    assert outside.calls()["sendFile"] == 1


def test_a_reaction_is_seen_and_taken_back(talk: Card) -> None:
    talk.actions_for(ANSWER).get_by_role("menuitem", name="👍").click()
    expect(talk.bubble(ANSWER).locator(".reactions")).to_have_text("👍")

    talk.actions_for(ANSWER).get_by_role("menuitem", name=talk.say("Remove reaction")).click()
    expect(talk.bubble(ANSWER).locator(".reactions")).to_have_count(0)


def test_a_message_is_changed_and_a_draft_is_kept_meanwhile(talk: Card) -> None:
    talk.write("Ещё не дописал")
    menu = talk.actions_for("В пятницу")
    menu.get_by_role("menuitem", name=talk.say("Edit"), exact=True).click()
    expect(talk.composer).to_have_value("В *пятницу*")

    with is_said(talk, SAID, talk.say("The message was changed.")):
        talk.write("В субботу").button("Save").click()

    expect(talk.bubble("В субботу")).to_contain_text(talk.say("edited"))
    expect(talk.composer).to_have_value("Ещё не дописал")


def test_a_deletion_is_asked_about_and_then_done(talk: Card, complaints: Complaints) -> None:
    complaints.expect("status of 409")  # the question
    delete = talk.say("Delete for everybody")
    talk.actions_for("В пятницу").get_by_role("menuitem", name=delete).click()
    talk.dialog.get_by_role("button", name=talk.say("Cancel")).click()
    expect(talk.bubble("В пятницу")).to_be_visible()

    talk.actions_for("В пятницу").get_by_role("menuitem", name=delete).click()
    with is_said(talk, SAID, talk.say("The message was deleted for everybody.")):
        talk.dialog.get_by_role("button", name=talk.say("Delete"), exact=True).click()

    expect(talk.bubbles.filter(has_text=talk.say("This message was deleted"))).to_have_count(1)


def test_only_our_own_messages_can_be_changed_or_deleted(talk: Card) -> None:
    menu = talk.actions_for(ANSWER)
    expect(menu.get_by_role("menuitem", name=talk.say("Reply"), exact=True)).to_be_visible()
    expect(menu.get_by_role("menuitem", name=talk.say("Edit"), exact=True)).to_be_hidden()
    expect(menu.get_by_role("menuitem", name=talk.say("Delete for everybody"))).to_be_hidden()


def test_the_menu_works_with_keys_alone_and_gives_the_focus_back(talk: Card) -> None:
    button = talk.bubble(ANSWER).locator("[data-action=message-menu]")
    button.focus()
    button.press("Enter")
    menu = talk.frame.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="👍")).to_be_focused()
    talk.page.keyboard.press("ArrowRight")
    expect(menu.get_by_role("menuitem", name="❤️")).to_be_focused()
    assert serious_in(talk) == []

    talk.page.keyboard.press("Escape")

    expect(menu).to_be_hidden()
    expect(button).to_be_focused()
    expect(talk.composer).to_be_visible()  # the chat itself stays open


def test_a_file_goes_out_with_its_caption_and_can_be_opened(talk: Card, phone: ClientPhone, tmp_path: Path) -> None:
    file = tmp_path / "смета.pdf"
    file.write_bytes(b"%PDF-1.4\n" + b"x" * 2000)
    talk.frame.locator("#file").set_input_files(file)
    expect(talk.frame.locator("#composer-file")).to_contain_text("смета.pdf")
    talk.frame.locator("#composer-file button").last.press("Escape")  # its file is nowhere else
    expect(talk.composer).to_be_visible()
    talk.button("Remove file").or_(talk.frame.locator("[data-action=forget-file]")).first.click()
    expect(talk.frame.locator("#composer-file")).to_be_hidden()

    talk.frame.locator("#file").set_input_files(file)
    talk.send("Смета на пять окон")

    bubble = talk.bubbles.filter(has_text="смета.pdf")
    expect(bubble.locator(SENT)).to_have_count(1)
    expect(bubble).to_contain_text("Смета на пять окон")
    expect(talk.frame.locator("#composer-file")).to_be_hidden()
    expect(talk.composer).to_be_empty()
    expect(phone.open(ORDERS).get_by_role("log")).to_contain_text("Смета на пять окон")


def test_a_program_is_not_sent_and_can_be_removed(talk: Card, complaints: Complaints, tmp_path: Path) -> None:
    complaints.expect("status of 422")
    file = tmp_path / "смета.exe"
    file.write_bytes(b"MZ" + b"x" * 100)
    talk.frame.locator("#file").set_input_files(file)
    expect(talk.frame.locator("#composer-file")).to_be_visible()
    talk.still()
    talk.send_button.click()

    expect(talk.problem).to_contain_text(talk.say("Programs are not sent"))
    talk.messages.locator("[data-action=remove-waiting]").click()
    expect(talk.bubbles).to_have_count(2)


def test_receipts_are_given_by_a_press_and_never_by_a_look(talk: Card, outside: Outside) -> None:
    assert "sendSeen" not in outside.calls()

    with is_said(talk, SAID, talk.say("Marked as read.")):
        talk.button("Mark as read: the client sees blue ticks").click()

    assert outside.calls()["sendSeen"] == 1


@pytest.mark.parametrize("line", ["Филиал", "Выездные замеры"])
def test_the_same_chat_on_every_gateway(card: Card, outside: Outside, line: str) -> None:
    card.open().reveal()
    card.frame.locator("#line").select_option(label=_option(card, line))
    card.open_chat(ORDERS).send("Добрый день!")

    expect(card.bubble("Добрый день!").locator(SENT)).to_have_count(1)
    expect(card.frame.locator(".composer-target")).to_contain_text(line)


def _option(card: Card, line: str) -> str:
    return card.frame.locator("#line option", has_text=line).first.inner_text()
