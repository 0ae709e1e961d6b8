"""What a rep reads in the cards of the sandbox: every kind of card, every kind of number."""

from collections.abc import Callable

import pytest

from sandbox.portal import typed
from tests.stand import CROWDED_DEAL, DEAL, Clock, Outside, Widget, in_russian
from widget.bitrix24.crm import Person, PersonKind, TypedPhone
from widget.card.collect import MAX_FIELDS, phones_of
from widget.card.loading import by_dialogs
from widget.context import CardPhone
from widget.i18n import catalogue
from widget.phones.facts import Facts
from widget.phones.numbers import LineKind, Phone
from widget.presence.records import Presence, PresenceAnswer, Source, UnknownReason, unknown

MakeWidget = Callable[..., Widget]
IVAN, OLEG, MARIA = "+7 961 951-00-00", "+7 924 123-45-67", "+7 912 345-67-89"
ORDERS, OFFICE = "+7 926 111-22-33", "+7 495 123-45-67"
CARDS = {
    "/crm/lead/details/501/": ["+7 701 234 5678", "+375 29 123-45-67"],
    DEAL: [IVAN, OLEG, MARIA, ORDERS, OFFICE, typed.INVALID],
    "/crm/contact/details/42/": [IVAN, OLEG, ORDERS, OFFICE],
    "/crm/company/details/15/": [ORDERS, OFFICE, IVAN, OLEG, MARIA, typed.INVALID],
    "/crm/type/7/details/31/": ["+375 29 123-45-67", "+380 67 123 4567"],
    "/crm/type/31/details/88/": ["+998 90 123 45 67"],
    "/crm/type/183/details/12/": [
        *("+49 1511 2345678", "+44 7911 123456", "+1 212-555-0123", "+55 31 98888-7777", "+91 98765 43210")
    ],
}


@pytest.mark.parametrize("path", CARDS)
def test_every_kind_of_card_shows_the_numbers_of_its_people_in_order(
    widget: Widget, outside: Outside, path: str
) -> None:
    page = widget.open(path).reveal()

    assert list(page.rows) == CARDS[path]
    assert outside.calls("portal")["batch"] == 1


@pytest.mark.parametrize("path", CARDS)
def test_the_custom_field_shows_what_the_tab_shows(widget: Widget, path: str) -> None:
    assert list(widget.open(path, embed="field").reveal().rows) == CARDS[path]


def test_our_own_company_is_not_a_client(widget: Widget) -> None:
    page = widget.open("/crm/type/7/details/31/").reveal()

    assert "999-00-00" not in page.text


def test_one_number_on_two_people_is_one_row_that_names_both(widget: Widget) -> None:
    page = widget.open(lang="en").reveal()

    row = page.row(IVAN)
    assert "Иван Петров" in row
    assert "Мария Соколова" in row
    assert page.words.count("951-00-00") == row.count("951-00-00")


def test_a_row_says_extension_region_operator_and_local_time(widget: Widget) -> None:
    page = widget.open(lang="en").reveal()

    assert "ext. 12" in page.row(OLEG)
    assert "The number may have been ported to another operator" in page.row_html(IVAN)
    assert "5:00 PM" in page.row(IVAN)  # Amur, when it is 11:00 in Moscow
    assert "11:00 AM" in page.row(OFFICE)
    russian = widget.open(lang="ru").reveal()
    assert in_russian("ext. %(number)s", number=12) in russian.row(OLEG)
    assert "Амурская область, Билайн" in russian.row(IVAN)
    assert "17:00" in russian.row(IVAN)


def test_a_number_nobody_can_dial_stands_as_it_was_typed_last_and_cannot_be_written_to(widget: Widget) -> None:
    page = widget.open(lang="en").reveal()

    assert list(page.rows)[-1] == typed.INVALID
    assert "Check the number" in page.row(typed.INVALID)
    assert "<button" not in page.row_html(typed.INVALID)
    refused = page.open_chat(page.keys[typed.INVALID])
    assert (refused.answer.status_code, refused.refusal) == (422, "not_allowed")


def test_fax_numbers_are_left_out(widget: Widget) -> None:
    assert "4162" not in widget.open().reveal().text


def test_a_number_with_a_chat_comes_first(widget: Widget) -> None:
    page = widget.open().reveal()
    page.open_chat(page.keys[ORDERS])

    assert list(page.reveal().rows) == [ORDERS, IVAN, OLEG, MARIA, OFFICE, typed.INVALID]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_twenty_five_numbers_are_cut_at_ten_before_anything_is_asked(
    make_widget: MakeWidget, outside: Outside, clock: Clock, lang: str
) -> None:
    widget = make_widget(check_burst=50)
    page = widget.open(CROWDED_DEAL, lang=lang).reveal()

    said = "%(shown)s of %(total)s numbers are shown"
    counts = {"shown": 10, "total": 25}
    assert (said % counts if lang == "en" else in_russian(said, **counts)) in page.words
    assert len(page.rows) == len(page.to_ask) == 10
    page.check()
    # One of the ten has a chat already and is not checked.
    assert outside.calls("gateway")["check-exists"] == 9
    clock.forward(1)
    page.refresh().check()
    assert outside.calls("gateway")["check-exists"] == 18


def test_a_number_beyond_the_ten_cannot_be_checked_but_opens_the_chat_it_has(widget: Widget) -> None:
    page = widget.open(CROWDED_DEAL).reveal()
    here = widget.services
    session = here.entrance.session_tokens.read_session(page.session)
    context = here.card.door.enter(session, here.storage.portals.require(session.portal_id))
    hidden = [item.key for item in context.card.phones if item.key not in page.keys.values()]
    assert len(hidden) == 15

    assert page.check([hidden[0]]).answer.status_code == 403
    assert page.open_chat(hidden[0]).answer.status_code == 201
    assert next(iter(page.reveal().keys.values())) == hidden[0]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_card_without_numbers_says_what_to_do(widget: Widget, outside: Outside, lang: str) -> None:
    page = widget.open("/crm/deal/details/7047/", lang=lang).reveal()

    for text in (
        "There are no phone numbers in this card",
        "Add a contact or a company with a phone, or a phone to the linked ones, and press refresh.",
    ):
        assert (text if lang == "en" else in_russian(text)) in page.words
    assert 'data-action="refresh"' in page.text
    assert outside.total("gateway") == 0


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_client_one_may_not_see_is_counted_and_never_shown_anywhere(
    widget: Widget, outside: Outside, lang: str
) -> None:
    admin = widget.open("/crm/deal/details/7048/", user="admin", lang=lang).reveal()
    assert "+380 67 123 4567" in admin.rows
    hidden_key = admin.keys["+380 67 123 4567"]
    admin.check()

    page = widget.open("/crm/deal/details/7048/", user="restricted", lang=lang)
    answers = [page.text, page.reveal().text, page.check().text, page.refresh().text]

    one = "%(num)s linked client is not available to you"
    said = one if lang == "en" else catalogue("ru").ngettext(one, one.replace("client is", "clients are"), 1)
    assert said % {"num": 1} in page.words
    assert lang == "en" or said != one
    for answer in answers:
        for secret in ("+380", "67 123", "Оксана", "Коваль", hidden_key):
            assert secret not in answer
    assert next(iter(page.rows)) == IVAN
    assert page.open_chat(hidden_key).answer.status_code == 403
    assert page.check([hidden_key]).answer.status_code == 403


def test_a_card_one_may_not_read_shows_nothing(widget: Widget) -> None:
    page = widget.open("/crm/contact/details/44/", user="restricted", lang="en").reveal()

    assert (page.answer.status_code, page.refusal) == (403, "card_gone")
    assert "It was deleted, or you have no right to see it in Bitrix24." in page.words
    assert "Оксана" not in page.text


def test_a_deleted_card_says_so(widget: Widget, outside: Outside) -> None:
    opening = outside.opening(lang="ru")
    opening["fields"]["PLACEMENT_OPTIONS"] = '{"ID":"999999"}'

    page = widget.post_opening(opening).reveal()

    assert page.refusal == "card_gone"
    assert in_russian("The card cannot be read") in page.words


def test_markup_in_names_and_numbers_is_text_everywhere(widget: Widget) -> None:
    page = widget.open("/crm/deal/details/7049/", lang="en").reveal()
    answers = [page.text, page.check().text, page.refresh().text]
    page.open_chat(page.keys[ORDERS])
    answers.append(page.text)

    for answer in answers:
        assert "<img" not in answer
        assert "&lt;img src=x onerror=alert(1)&gt;" in answer
    assert "<b>" not in "".join(answers)


def test_the_card_of_one_user_is_never_drawn_for_another(widget: Widget) -> None:
    for user, shown in (("admin", True), ("restricted", False), ("rep", True), ("restricted", False)):
        page = widget.open("/crm/deal/details/7048/", user=user).reveal()
        assert ("+380 67 123 4567" in page.rows) is shown


def test_a_contact_with_thousands_of_numbers_keeps_no_processor_from_the_others() -> None:
    fields = tuple(TypedPhone(f"+7916{number:07d}", "WORK") for number in range(5000))
    read: list[str] = []

    def parse(text: str, _beside: frozenset[str]) -> tuple[Phone, ...]:
        read.append(text)
        return (Phone(text, text, "", text, "RU", LineKind.MOBILE, None),)

    facts = Facts("", "", "", LineKind.MOBILE, ())
    phones = phones_of([Person(PersonKind.OWN, 1, "", fields)], parse, lambda _phone: facts, str)

    assert [phone.key for phone in phones] == [field.typed for field in fields[:MAX_FIELDS]]
    assert len(read) == 2 * MAX_FIELDS


def test_a_dialog_settles_what_is_not_known_and_what_only_a_check_knew() -> None:
    facts, yes = Facts("", "", "", LineKind.MOBILE, ()), PresenceAnswer.YES
    answers = {
        "no": Presence(PresenceAnswer.NO, 5.0),
        "checked": Presence(yes, 5.0),
        "written": Presence(yes, 5.0, Source.MESSAGE),
        "refused": unknown(UnknownReason.REFUSED),
        "limit": unknown(UnknownReason.LIMIT),
    }
    phones = [
        CardPhone(
            e164, Phone(e164, e164, "", e164, "RU", LineKind.MOBILE, None), facts, (), (), in_dialog=e164 != "other"
        )
        for e164 in (*answers, "new", "other")
    ]
    assert set(by_dialogs(phones, answers)) == {"checked", "limit", "new"}


def test_a_number_that_an_open_line_talks_with_is_on_whatsapp_without_a_check(widget: Widget, outside: Outside) -> None:
    phone = {"id": 1, "typeId": "PHONE", "valueType": "MOBILE", "value": ORDERS}
    dialog = {"id": 2, "typeId": "IM", "valueType": "IMOL", "value": "imol|whatsappbyedna|3|79261112233|88"}
    changed = {"entityTypeId": 3, "id": 42, "fields": {"fm": [phone, dialog]}}
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"change_item": changed}).raise_for_status()
    page = widget.open("/crm/contact/details/42/", lang="ru").reveal()
    assert page.rows[ORDERS] == "yes"
    assert "есть диалог в открытой линии Битрикс24" in page.words
    assert outside.calls("gateway").get("check", 0) == 0


@pytest.mark.parametrize("path", ["/crm/contact/details/42/", "/crm/type/183/details/12/"])
def test_a_chat_of_an_open_line_that_is_bound_to_the_card_is_proof_too(
    widget: Widget, outside: Outside, path: str
) -> None:
    """By the card's own batch; of a smart process by its contact. Its connector says in its title
    what it is."""
    portal, chat = widget.services.storage.portals, {"connector": "vendor7", "title": "Наш WhatsApp", "id": 70}
    portal.set_scopes(widget.portals[0], frozenset({"crm", "imopenlines"}))
    bound = {**chat, "outside": "79261112233@c.us", "bindings": {"3": 42}}
    phone = {"id": 1, "typeId": "PHONE", "valueType": "MOBILE", "value": ORDERS}
    changed = {"entityTypeId": 3, "id": 42, "fields": {"fm": [phone]}}
    linked = {"entityTypeId": 183, "id": 12, "fields": {"contactId": 42, "contactIds": [42]}}
    there = {"scopes": "crm,imopenlines", "line_chat": bound}
    for item in (changed, linked):
        outside.http.post(
            f"{outside.portal}/_sandbox/portals/1", json={**there, "change_item": item}
        ).raise_for_status()
    page = widget.open(path, lang="ru").reveal()
    assert page.rows[ORDERS] == "yes"
    assert outside.calls("gateway").get("check", 0) == 0
    assert outside.total("portal") == 2  # the proof of the token and the batch, as without chats
    outside.break_portal("OPERATION_TIME_LIMIT", "imopenlines.crm.chat.get", times=None)
    assert page.refresh().rows.keys() >= {ORDERS}  # a proof the less, and not a card
