"""What happens in the card happens in the open line, and the other way round, once."""

import pytest
from sqlalchemy import update

from tests.openlines.conftest import Circle, MakeCircle
from tests.webhooks.gateways import CLIENT, LID, about, tick
from widget.gateways.base import Ack, EventKind
from widget.storage.lines import Mirroring
from widget.storage.mirrors import NEWER_SECONDS, New, PieceKind
from widget.storage.schema import mirrored

LEAD, DEAL, CONTACT = "1", "2", "3"
GREETING = "Здравствуйте! Первый"


def test_the_whole_circle_is_two_equal_chats_with_one_deal(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    assert circle.said == [("client", "Добрый день")]
    assert circle.mirrored["bindings"][CONTACT] == 42
    assert circle.mirrored["waiting"]

    circle.open_card()
    circle.operator_writes("Здравствуйте, [b]Иван[/b]")
    assert circle.sent == ["Здравствуйте, *Иван*"]
    assert not circle.mirrored["messages"][-1]["sending"]

    circle.rep_writes("Замер завтра", "k1")
    circle.site.deliver()
    assert circle.said[-1] == (2, "Замер завтра")
    assert circle.sent == ["Здравствуйте, *Иван*", "Замер завтра"]
    assert not circle.mirrored["waiting"]
    assert not circle.mirrored["messages"][-1]["sending"]

    circle.act("close")
    bound = circle.mirrored["bindings"]
    circle.client_writes("Ещё вопрос")
    assert (len(circle.said), circle.mirrored["sessions"], circle.mirrored["bindings"]) == (4, 2, bound)
    assert circle.sent == ["Здравствуйте, *Иван*", "Замер завтра"]


def test_a_client_who_waits_on_two_ids_is_one_chat_with_one_name(circle: Circle) -> None:
    circle.client_writes("раз")
    circle.client_writes("два", ids=("79619510000@c.us", "550099887766554@lid"))
    circle.client_writes("три", ids=("550099887766554@lid",))
    assert [text for _author, text in circle.said] == ["раз", "два", "три"]
    assert circle.mirrored["name"].startswith("+79619510000")  # one word: two would be matched with a namesake


def test_what_the_client_changes_changes_there_and_reactions_are_told(circle: Circle) -> None:
    first, second = circle.client_writes("Окна на дачу"), circle.client_writes("Ой")
    circle.client_does(EventKind.EDITED, first, "Окна на веранду")
    circle.client_does(EventKind.DELETED, second)
    circle.client_does(EventKind.REACTION, first, "👍")
    assert circle.said == [("client", "Окна на веранду"), (0, "Реакция клиента: 👍")]


def test_a_late_message_says_when_it_was_written(circle: Circle) -> None:
    circle.widget.clock.forward(7200)
    circle.client_writes("Добрый день", at=circle.widget.clock.now - 3600)
    assert circle.said == [("client", "[15.01.2027 09:00 UTC]\nДобрый день")]


def test_a_conversation_that_a_rep_begins_is_theirs_and_nobody_waits(circle: Circle) -> None:
    circle.open_card()
    circle.rep_writes("Здравствуйте", "k1")
    circle.site.deliver()
    assert circle.said == [(0, "Отправлено из карточки:\nЗдравствуйте")]
    assert (circle.mirrored["owner"], circle.mirrored["waiting"]) == (2, False)
    circle.rep_writes("Замер завтра", "k2")
    circle.site.deliver()
    assert circle.said[1:] == [(2, "Замер завтра")]
    assert circle.sent == ["Здравствуйте", "Замер завтра"]
    sends = circle.services.storage.sends
    for key in ("k1", "k2"):  # a press on the tick says so
        steps = [step.what for step in sends.trail.of(sends.by_key(circle.site.portal.id, key))]
        assert steps.count("told") == 1


def test_a_rep_writes_into_a_closed_conversation_as_its_operator(circle: Circle) -> None:
    circle.open_card()
    circle.client_writes("Добрый день")
    circle.act("close")
    circle.rep_writes("Как окна?", "k1")
    circle.site.deliver()
    assert circle.said[-1] == (2, "Как окна?")
    assert (circle.mirrored["owner"], circle.mirrored["waiting"], circle.mirrored["open"]) == (2, False, True)
    assert circle.sent == ["Как окна?"]


def test_a_rep_whose_token_is_gone_is_told_in_the_systems_name(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.rep_writes("Здравствуйте", "k1", user=3)
    assert circle.said[-1] == (0, "Отправлено из карточки:\nЗдравствуйте")
    circle.site.deliver()
    assert circle.sent == ["Здравствуйте"]


def test_two_equal_texts_are_two_messages_and_their_echoes_are_none(circle: Circle) -> None:
    circle.open_card()
    circle.client_writes("Добрый день")
    for key in ("k1", "k2"):
        circle.rep_writes("Да", key)
    circle.site.deliver()
    circle.operator_writes("Да")
    assert [text for author, text in circle.said if author == 2] == ["Да", "Да", "Да"]
    assert circle.sent == ["Да", "Да", "Да"]


def test_what_was_typed_on_the_phone_stands_there_once_and_as_the_systems(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.client_writes("Перезвоню", from_me=True)
    circle.hear(tick(Ack.READ, "C2"))
    circle.site.deliver()
    assert circle.said[1:] == [(0, "Написано на телефоне:\nПерезвоню")]
    assert circle.site.outside.heard().get("send", 0) == 0


def test_only_incoming_leaves_out_what_is_written_elsewhere(circle: Circle) -> None:
    circle.mirror(Mirroring.INCOMING)
    circle.open_card()
    circle.client_writes("Добрый день")
    circle.client_writes("с телефона", from_me=True)
    circle.rep_writes("из карточки", "k1")
    circle.operator_writes("из линии")
    assert circle.said == [("client", "Добрый день"), (2, "из линии")]
    assert circle.sent == ["из карточки", "из линии"]


def test_an_operator_changes_and_takes_back_what_went_out(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.operator_writes("Замер в среду")
    said = circle.mirrored["messages"][-1]
    assert said["outside"]
    circle.act("edit", message=said["id"], text="Замер в пятницу")
    circle.act("delete", message=said["id"])
    calls = circle.site.outside.calls("gateway")
    assert (calls["edit"], calls["delete"]) == (1, 1)


def test_what_a_rep_changes_in_the_card_changes_there_and_is_told_back_to_none(circle: Circle) -> None:
    circle.open_card()
    circle.rep_writes("Здравствуйте", "k1")  # stands as the system's: there was no chat
    circle.rep_writes("Замер в среду", "k2")
    circle.site.deliver()
    circle.rep_changes("k1", "Добрый день")
    circle.rep_changes("k2", "Замер в *пятницу*")
    circle.site.deliver()
    assert circle.said == [(0, "Отправлено из карточки:\nДобрый день"), (2, "Замер в [b]пятницу[/b]")]
    for key in ("k1", "k2"):
        circle.rep_changes(key, None)
    circle.site.deliver()
    assert circle.said == []
    calls = circle.site.outside.calls("gateway")
    assert (calls["edit"], calls["delete"]) == (2, 2)


def test_what_an_operator_wrote_is_changed_and_taken_back_in_the_card_too(circle: Circle) -> None:
    circle.open_card()
    circle.client_writes("Добрый день")
    circle.operator_writes("Смотрите [url=https://a.example]цены[/url]")
    im_id = circle.mirrored["messages"][-1]["id"]
    circle.act("edit", message=im_id, text="Вот [url=https://a.example]цены[/url]")
    assert circle.said[-1] == (2, "Вот [url=https://a.example]цены[/url]")  # though the client has it without the tag
    circle.rep_changes(f"im:{im_id}", "Цены на сайте")
    circle.site.deliver()
    assert circle.said[-1] == (2, "Цены на сайте")
    circle.rep_changes(f"im:{im_id}", None)
    circle.site.deliver()
    assert [text for _author, text in circle.said] == ["Добрый день"]
    calls = circle.site.outside.calls("gateway")
    assert (calls["edit"], calls["delete"]) == (2, 1)


def test_what_was_changed_on_the_phone_changes_there(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    name = circle.client_writes("Перезвоню", from_me=True)
    circle.hear(about(EventKind.EDITED, name, at=circle.widget.clock.now, text="Перезвоню завтра", from_me=True))
    assert circle.said[1:] == [(0, "Написано на телефоне:\nПерезвоню завтра")]


@pytest.mark.parametrize(("how", "reason"), [("off", "линия не подключена"), ("refused", "номера нет в WhatsApp")])
def test_a_refusal_stands_in_that_chat_and_does_not_reach_the_client(circle: Circle, how: str, reason: str) -> None:
    circle.client_writes("Добрый день")
    if how == "off":
        circle.site.outside.set_line("sales", "SCAN_QR_CODE")
    circle.operator_writes("Здравствуйте")
    if how == "refused":
        (send,) = circle.services.storage.conversations.sends.recent(circle.site.portal.id, circle.chat.id, 0.0)
        circle.hear(tick(Ack.FAILED, send.message_id, not_on_whatsapp=True))
    author, text = circle.said[-1]
    assert author == 0 and text.startswith("Не доставлено в WhatsApp") and (how == "off" or reason in text)
    assert circle.site.deliver() == []


def test_an_operators_long_text_goes_out_in_parts_once(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    text = "слово " * 1500
    for _ in range(2):
        circle.site.delivered = 0  # the event is delivered twice
        circle.operator_writes(text.strip()) if len(circle.said) < 2 else circle.site.deliver()
    assert [len(part) for part in circle.sent] == [3995, 3995, 1007]
    circle.act("delete", message=circle.mirrored["messages"][-1]["id"])
    assert circle.at_client == []


def test_greetings_of_the_line_are_for_nobody_here(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.open_card()
    circle.rep_writes("Здравствуйте", "k1")
    circle.act("close")
    assert not [text for _author, text in circle.said if text.startswith(GREETING) or "Оцените" in text]
    assert circle.sent == ["Здравствуйте"]


def test_a_lone_one_is_no_vote(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.client_writes("1")
    assert circle.said[-1][1].strip("\u2060") == "1"
    assert "like" not in circle.said[-1][1]


def test_a_line_that_is_not_mirrored_costs_no_call(make_circle: MakeCircle) -> None:
    circle = make_circle(mirrored=False)
    before = circle.site.outside.total("portal")
    circle.client_writes("Добрый день")
    circle.rep_writes("Здравствуйте", "k1")
    assert circle.site.outside.total("portal") == before
    assert circle.centre["chats"] == []


def test_what_an_operator_writes_in_the_room_of_a_client_who_became_one_with_another_goes_out(circle: Circle) -> None:
    circle.open_card()
    circle.client_writes("By phone", ids=(CLIENT,))
    circle.client_writes("By LID", ids=(LID,))
    circle.client_writes("Both", ids=(LID, CLIENT))
    old = next(room for room in circle.centre["chats"] if any("By LID" in str(one) for one in room["messages"]))
    mirrors = circle.services.storage.mirrors
    mirrors.forget_places(circle.site.portal.id, circle.line_id)
    address = f"{circle.site.outside.portal}/openlines/{old['id']}/say"
    circle.site.outside.http.post(address, params={"user": "rep"}, data={"text": "To the hidden one"})
    circle.site.deliver()
    circle.later()
    assert mirrors.of_chat(circle.site.portal.id, circle.chat.id).portal_chat == 0  # the old room is not its own
    assert "To the hidden one" in circle.sent
    there = {one["text"]: one for room in circle.centre["chats"] for one in room["messages"]}
    assert not there["To the hidden one"]["sending"]
    circle.client_writes("Later", ids=(CLIENT,))
    rooms = [[one["text"] for one in room["messages"]] for room in circle.centre["chats"]]
    assert any({"By phone", "Later"} <= set(room) for room in rooms)


def test_what_waits_in_both_rooms_of_a_client_who_becomes_one_is_told(circle: Circle) -> None:
    circle.open_card()
    circle.client_writes("By phone", ids=(CLIENT,))
    circle.client_writes("By LID", ids=(LID,))
    old = next(room for room in circle.centre["chats"] if any("By LID" in str(one) for one in room["messages"]))
    circle.site.outside.break_portal("http_500", "*", times=None)
    for ids in ((CLIENT,), (LID,), (LID, CLIENT)):
        circle.client_writes(f"Waits {len(circle.names)}", ids=ids)
    circle.site.outside.heal()
    address = f"{circle.site.outside.portal}/openlines/{old['id']}/say"
    circle.site.outside.http.post(address, params={"user": "rep"}, data={"text": "To the hidden one"})
    circle.site.deliver()
    circle.later(7200)
    said = [one["text"].rpartition("\n")[2] for room in circle.centre["chats"] for one in room["messages"]]
    assert sorted(text for text in said if text.startswith("Waits")) == ["Waits 2", "Waits 3", "Waits 4"]
    assert "To the hidden one" in circle.sent


def of_kind(circle: Circle, key: str, kind: str) -> None:
    with circle.services.storage.engine.begin() as connection:
        connection.execute(update(mirrored).where(mirrored.c.key == key).values(kind=kind))


def test_a_piece_of_a_newer_version_is_left_to_its_worker_with_what_came_after_it(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.services.storage.mirrors.put(circle.chat, New("newer", PieceKind.REACTION, words="👍"))
    of_kind(circle, "newer", "poll")
    circle.client_writes("Ещё вопрос")
    for _ in range(3):
        circle.later()
    assert circle.said == [("client", "Добрый день")]

    of_kind(circle, "newer", PieceKind.REACTION.value)  # which is what a newer worker knows it as
    circle.later()
    texts = [text.splitlines()[-1] for _author, text in circle.said]  # a late one says on top when it was written
    assert texts == ["Добрый день", "Реакция клиента: 👍", "Ещё вопрос"]


def test_a_piece_of_a_version_that_never_came_back_holds_up_its_chat_for_a_week(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.services.storage.mirrors.put(circle.chat, New("newer", PieceKind.REACTION, words="👍"))
    of_kind(circle, "newer", "poll")
    circle.widget.clock.forward(NEWER_SECONDS)
    circle.client_writes("Ещё вопрос")
    circle.later()
    assert [text.splitlines()[-1] for _author, text in circle.said] == ["Добрый день", "Ещё вопрос"]
