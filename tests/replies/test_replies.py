"""Quick replies in a chat and in the settings: whose they are, what they say, what never leaves."""

import io
import re

import pytest

from tests.stand import DEAL, CardPage, Outside, Widget, words_of
from widget.replies.access import MAX_LISTS, REMEMBERED_SECONDS
from widget.storage.kept_files import MAX_OF_REPLY
from widget.storage.lines import Grantee
from widget.storage.replies import MAX_OWN, SHARED, QuickReply

MARIA = "+7 912 345-67-89"
BOTH = "+7 961 951-00-00"  # Ivan and Maria have it
ADMIN, REP, OTHER = 1, 2, 3


def open_chat(widget: Widget, user: str = "rep", number: str = MARIA) -> tuple[CardPage, int]:
    card = widget.open(DEAL, user=user, lang="ru").reveal()
    return card, card.open_chat(card.keys[number]).chat


def app(widget: Widget, user: str) -> CardPage:
    page = widget.open("/app/", user=user, lang="en")
    page.session = page.text.split('data-session="')[1].split('"')[0]
    return page


def add(widget: Widget, *replies: QuickReply) -> None:
    assert widget.services.storage.replies.add(widget.portals[0], replies)


def filled(card: CardPage, chat: int, reply: int) -> str:
    return words_of(card.get(f"/chats/{chat}/replies/{reply}").text)


def listed(card: CardPage, chat: int) -> list[str]:
    return re.findall(r"<span>(.*?)</span>", card.get(f"/chats/{chat}/replies").text)


def test_a_reply_is_filled_with_what_the_card_says(widget: Widget, outside: Outside) -> None:
    text = "{имя}, {клиент} | {компания} | {название} | {сумма} | {стадия} | {ответственный} | {моё имя} | {линия}"
    add(widget, QuickReply("Всё", text))
    card, chat = open_chat(widget)

    words = filled(card, chat, 1)

    assert words == (
        "Мария, Мария Соколова | Окна Амура | Поставка окон | 480 000 ₽"
        " | Новая | Роман Продажин | Роман Продажин | Line sales"
    )
    before = outside.calls("portal")
    filled(card, chat, 1)
    assert outside.calls("portal") == before  # the stage is remembered


def test_a_number_of_two_people_has_no_name(widget: Widget) -> None:
    add(widget, QuickReply("Имя", "{имя}, {клиент|здравствуйте}"))
    card, chat = open_chat(widget, number=BOTH)
    assert filled(card, chat, 1) == "{имя} , здравствуйте"


def test_what_has_no_value_is_marked_and_the_server_sends_none_of_it(widget: Widget, outside: Outside) -> None:
    add(widget, QuickReply("Имя", "{имя}, {стадия|без стадии}, добрый день"))
    card, chat = open_chat(widget)

    card.send(chat, "{Имя}, добрый день", "key-1", confirmed=True)

    assert (card.answer.status_code, card.refusal) == (422, "unfilled")
    assert "{Имя}" in card.words
    assert "sendText" not in outside.calls()
    assert widget.services.storage.sends.by_key(widget.portals[0], "key-1") is None


def test_the_last_five_used_come_first_then_the_others_by_name(widget: Widget) -> None:
    add(widget, *(QuickReply(name, "x", user_id=REP) for name in "GFEDCBA"))
    card, chat = open_chat(widget)
    for reply in (1, 3, 1, 2, 4, 5, 6):  # G, E, G, F, D, C, B
        widget.clock.forward(1)
        card.post(f"/chats/{chat}/replies/{reply}/use", {})

    assert listed(card, chat) == [*"BCDFG", *"AE"]


def test_own_ones_are_their_owners_and_shared_ones_may_belong_to_a_line(widget: Widget) -> None:
    add(widget, QuickReply("Shared", "x"), QuickReply("Other line", "x", line_ids=(77, 78)))
    add(widget, QuickReply("Mine", "x", user_id=REP))
    add(widget, QuickReply("Another's", "x", user_id=OTHER))
    card, chat = open_chat(widget)

    assert listed(card, chat) == ["Mine", "Shared"]
    for reply in (2, 4):
        assert card.get(f"/chats/{chat}/replies/{reply}").answer.status_code == 404


def test_a_shared_one_is_for_those_alone_whom_its_list_holds(widget: Widget, outside: Outside) -> None:
    add(
        widget,
        QuickReply("All", "x"),
        QuickReply("Reps", "x"),
        QuickReply("Another's", "x"),
        QuickReply("Mended", "x"),
    )
    stored, portal = widget.services.storage.replies, widget.portals[0]
    stored.set_access(portal, 2, [Grantee(f"U{REP}", "Roman")])
    for reply in (3, 4):
        stored.set_access(portal, reply, [Grantee(f"U{OTHER}", "Olga")])
    stored.set_editors(portal, 4, [Grantee(f"U{REP}", "Roman")])  # who may change it may use it
    card, chat = open_chat(widget)

    assert listed(card, chat) == ["All", "Mended", "Reps"]
    before = outside.calls("portal")
    assert listed(card, chat) == ["All", "Mended", "Reps"]
    assert outside.calls("portal") == before  # remembered
    for path in ("", "/use"):
        verb = card.get(f"/chats/{chat}/replies/3") if not path else card.post(f"/chats/{chat}/replies/3{path}", {})
        assert verb.answer.status_code == 404
    assert "Another" not in app(widget, "rep").text
    admin, opened = open_chat(widget, "admin")
    assert len(listed(admin, opened)) == 4


def test_without_an_answer_of_bitrix24_a_closed_list_stays_closed(widget: Widget, outside: Outside) -> None:
    add(widget, QuickReply("All", "x"), QuickReply("Reps", "x"))
    card, chat = open_chat(widget)
    widget.services.storage.replies.set_access(widget.portals[0], 2, [Grantee(f"U{REP}", "Roman")])
    outside.break_portal("ACCESS_DENIED", "batch:user.access")
    assert listed(card, chat) == ["All"]


def test_an_editor_changes_the_words_and_files_and_not_whose_it_is(widget: Widget) -> None:
    add(widget, QuickReply("Shared", "x", line_ids=(1,)))
    admin, rep = app(widget, "admin"), app(widget, "rep")
    change = {"id": 1, "name": "New", "text": "y", "shared": True}
    assert rep.post("/app/replies", change).answer.status_code == 403
    assert "Roman" in admin.post("/app/replies/1/editors", {"access": [{"id": f"U{REP}", "name": "Roman"}]}).words
    widget.clock.forward(REMEMBERED_SECONDS + 1)

    assert "New" in rep.post("/app/replies", {**change, "line-1": False}).words
    assert 'id="reply-1-remove"' not in rep.text  # it would refuse them
    assert 'id="reply-1-remove"' in admin.post("/app/replies", change | {"name": "New", "line-1": True}).text
    assert attach(rep, 1, shared="true").answer.status_code == 200
    for path in ("access", "editors"):
        assert rep.post(f"/app/replies/1/{path}", {"access": []}).answer.status_code == 403
    assert rep.post("/app/replies/1/remove", {"shared": True, "confirmed": True}).answer.status_code == 403
    (reply,) = widget.services.storage.replies.of(widget.portals[0], REP)
    assert (reply.name, reply.line_ids, len(reply.editors)) == ("New", (1,), 1)


def test_lists_of_employees_are_few_enough_to_ask_about_at_once(widget: Widget) -> None:
    add(widget, *(QuickReply(f"{n}", "x") for n in range(MAX_LISTS + 1)))
    for n in range(1, MAX_LISTS + 1):
        widget.services.storage.replies.set_access(widget.portals[0], n, [Grantee(f"U{n}", "Name")])
    admin = app(widget, "admin")
    one_more = {"access": [{"id": "U99", "name": "Name"}]}
    assert admin.post(f"/app/replies/{MAX_LISTS + 1}/access", one_more).answer.status_code == 422
    assert admin.post(f"/app/replies/{MAX_LISTS}/access", one_more).answer.status_code == 200


def test_files_of_a_reply_are_kept_sealed_come_with_it_and_go_with_it(widget: Widget) -> None:
    add(widget, QuickReply("Prices", "Our prices", user_id=REP), QuickReply("Shared", "x"))
    page = app(widget, "rep")
    for _ in range(MAX_OF_REPLY):
        assert "prices.pdf" in attach(page, 1).words
    assert attach(page, 1).answer.status_code == 422
    assert attach(page, 2).answer.status_code == 404  # it is not theirs
    card, chat = open_chat(widget)

    assert "prices.pdf" in card.post(f"/chats/{chat}/replies/1/use", {}).words
    file = card.get(f"/chats/{chat}/replies/1/files/1").answer
    assert (file.data, file.headers["Content-Type"]) == (b"%PDF-1.4", "application/octet-stream")
    assert card.get(f"/chats/{chat}/replies/2/files/1").answer.status_code == 404
    page.post("/app/replies/1/files/1/remove", {})
    assert card.get(f"/chats/{chat}/replies/1/files/1").answer.status_code == 404
    page.post("/app/replies/1/remove", {"confirmed": True})
    with widget.services.storage.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM kept_files").scalar_one() == 0


def attach(page: CardPage, reply: int, **fields: str) -> CardPage:
    form = {"file": (io.BytesIO(b"%PDF-1.4"), "prices.pdf", "application/pdf"), **fields}
    return page._take(page.client.post(f"/app/replies/{reply}/files", data=form, headers=page._headers()))


def test_a_bubble_is_saved_as_an_own_reply(widget: Widget) -> None:
    card, chat = open_chat(widget)

    card.post(f"/chats/{chat}/replies", {"name": "Привет", "text": "{имя}, привет"})
    assert card.answer.status_code == 201
    assert listed(card, chat) == ["Привет"]
    card.post(f"/chats/{chat}/replies", {"name": "Ещё", "text": "{фамилия}"})
    assert card.answer.status_code == 422
    assert "{фамилия}" in card.words


def test_only_an_administrator_changes_shared_ones(widget: Widget) -> None:
    add(widget, QuickReply("Shared", "x"))
    rep, admin = app(widget, "rep"), app(widget, "admin")
    change = {"id": 1, "name": "New", "text": "y", "shared": True}

    for path, body in (("", change), ("/1/remove", {"shared": True, "confirmed": True}), ("/export", {"shared": True})):
        assert rep.post(f"/app/replies{path}", body).answer.status_code == 403
    assert rep.post("/app/replies", {**change, "shared": False}).answer.status_code == 404  # it is not theirs
    assert rep.post("/app/replies/1/remove", {"confirmed": True}).answer.status_code == 404

    admin.post("/app/replies", change)
    assert "New" in admin.words
    assert admin.post("/app/replies/1/remove", {"shared": True}).answer.status_code == 409
    admin.post("/app/replies/1/remove", {"shared": True, "confirmed": True})
    assert widget.services.storage.replies.of(widget.portals[0], ADMIN) == []
    assert "Shared quick replies" in app(widget, "admin").text


def test_a_mistake_comes_back_with_the_form_as_it_was_typed(widget: Widget) -> None:
    page = app(widget, "rep").post("/app/replies", {"name": "A", "text": "Dear {surname}"})

    assert page.answer.status_code == 422
    assert "There is no variable {surname}." in page.words
    assert "Dear {surname}</textarea>" in page.text


def test_a_file_is_taken_whole_or_not_at_all(widget: Widget) -> None:
    page = app(widget, "rep")

    def take(body: str, **fields: str) -> CardPage:
        file = {"file": (io.BytesIO(body.encode()), "replies.csv"), **fields}
        return page._take(page.client.post("/app/replies/import", data=file, headers=page._headers()))

    assert take("name,text\nA,x\nB,{x}").answer.status_code == 422
    assert "No. 2: There is no variable {x}." in page.words
    assert take("name,text\nA,x\nB,y").answer.status_code == 200
    assert take("name,text\nA,x", shared="true").answer.status_code == 403
    assert '"text": "y"' in page.post("/app/replies/export", {}).text


@pytest.mark.parametrize(("owner", "more"), [(REP, MAX_OWN), (SHARED, 500)])
def test_there_is_an_end_to_how_many_there_can_be(widget: Widget, owner: int, more: int) -> None:
    stored = widget.services.storage.replies
    add(widget, *(QuickReply("A", "x", user_id=owner) for _ in range(more)))
    assert not stored.add(widget.portals[0], [QuickReply("B", "x", user_id=owner)])


def test_an_administrator_sees_how_often_each_is_used(widget: Widget) -> None:
    add(widget, QuickReply("Shared", "x"))
    for user in (REP, REP, OTHER):
        widget.services.storage.replies.used(widget.portals[0], user, 1)
    page = app(widget, "admin")
    assert "used 3 times" in page.words
    assert "Shared 3 2" in page.words  # by two employees
