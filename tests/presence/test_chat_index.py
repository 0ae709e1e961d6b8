"""One listing of a line settles everybody it proves, also those whom nobody has opened yet; and it
is the worker's."""

import threading

import pytest
from flask import Flask
from sqlalchemy import text, update

from tests.presence.conftest import LINE, SUPPORT
from tests.stand import PATIENCE
from widget.cache import Cache
from widget.gateways.base import CheckResult, GatewayErrorCode, ListedChat
from widget.presence.budget import AskedBy
from widget.presence.freshness import DAY
from widget.presence.records import PresenceAnswer, Source
from widget.storage.schema import line_health

IVAN, MARIA, ORDERS, RUSTAM = "+79619510000", "+79123456789", "+79261112233", "+998901234567"
JOAO = "+5531988887777"
SPELLINGS = ["+5531988887777", "+553188887777"]
MINUTE = 60


def chat(last_at, chat_id="1@lid", **shows):
    return ListedChat(chat_id, last_at, has_messages=True, **shows)


def check(desk, *phones, **how):
    return desk.checker.check(LINE, phones, **how).answers


def test_one_listing_lets_a_number_that_nobody_asked_about_be_known_without_a_call(desk, clock):
    desk.gateway.chats = {IVAN: chat(clock() - DAY), ORDERS: chat(clock() - 90 * DAY, "79261112233@c.us")}
    desk.chat_index.refresh(LINE)
    asked = (desk.gateway.states, desk.gateway.listed, desk.gateway.checked[:])
    found = desk.known(IVAN, ORDERS)
    assert {p: (known.answer, known.how, known.chat_id) for p, known in found.items()} == {
        IVAN: (PresenceAnswer.YES, Source.CHAT, "waha:1@lid"),
        ORDERS: (PresenceAnswer.YES, Source.CHAT, ""),
    }
    clock.forward(7 * DAY)
    assert {p: a.how for p, a in check(desk, IVAN, ORDERS).items()} == {IVAN: Source.CHAT, ORDERS: Source.CHAT}
    assert (desk.gateway.states, desk.gateway.listed, desk.gateway.checked) == asked


def test_a_request_never_lists_a_line(desk, clock):
    desk.gateway.chats = {ORDERS: chat(clock())}
    for again in (False, True):
        desk.checker.check(LINE, [IVAN, MARIA], others=[SUPPORT], by=AskedBy.REFRESH if again else AskedBy.PRESS)
    assert desk.gateway.listed == 0


def test_what_is_listed_is_remembered_with_its_line_and_nobodys_number_lies_in_the_database(desk, engine, clock):
    desk.gateway.chats = {IVAN: chat(clock()), JOAO: chat(clock(), "553188887777@c.us"), RUSTAM: chat(clock())}
    desk.chat_index.refresh(LINE)
    assert desk.chats.remembered == []  # a chat is ours when a card has its number
    known = desk.known(RUSTAM)[RUSTAM]
    assert (known.line_id, known.last_at) == (LINE.id, clock())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM chats")).scalar() == 0
        stored = str(connection.execute(text("SELECT phone_key, record FROM presences")).all())
    assert stored.count("chat") >= 3
    for number in (IVAN, JOAO, RUSTAM, "+553188887777"):
        assert number[-8:] not in stored


@pytest.mark.parametrize("written", SPELLINGS)
@pytest.mark.parametrize("listed", SPELLINGS)
def test_a_chat_belongs_to_its_number_however_either_is_written(desk, clock, listed, written):
    desk.gateway.chats = {listed: chat(clock())}
    desk.chat_index.refresh(LINE)
    assert check(desk, written)[written].how is Source.CHAT
    assert {p: known.how for p, known in desk.known(*SPELLINGS).items()} == dict.fromkeys(SPELLINGS, Source.CHAT)


def test_a_line_is_listed_again_after_some_minutes_and_shows_what_came_meanwhile(desk, clock):
    desk.chat_index.refresh(LINE)
    desk.gateway.chats = {IVAN: chat(clock())}
    clock.forward(15 * MINUTE - 1)
    desk.chat_index.refresh(LINE)
    assert (desk.gateway.listed, desk.known(IVAN)) == (1, {})
    clock.forward(1)
    desk.chat_index.refresh(LINE)
    assert desk.gateway.listed == 2
    assert desk.known(IVAN)[IVAN].how is Source.CHAT


@pytest.mark.parametrize(
    ("whole", "reports", "later", "looked_up"),
    [
        (True, True, 0, []),
        (True, True, 30 * MINUTE - 1, []),
        (True, True, 30 * MINUTE, [MARIA]),  # the worker does not run
        (False, True, 0, [MARIA]),  # the list is cut, or a chat in it names no phone
        (True, False, 0, [MARIA]),  # a chat may have begun on the phone since
    ],
)
def test_a_number_is_looked_up_before_its_check_only_where_the_listing_may_miss_its_chat(
    desk, make_desk, clock, engine, whole, reports, later, looked_up
):
    desk.gateway.whole = whole
    if not reports:
        with engine.begin() as connection:
            connection.execute(update(line_health).values(hook_at=0.0))
    desk.gateway.chats = {IVAN: chat(clock() - DAY)}
    desk.chat_index.refresh(LINE)
    clock.forward(later)
    elsewhere = make_desk()  # another process, where no line was listed
    assert check(elsewhere, IVAN, MARIA)[IVAN].how is Source.CHAT
    assert (desk.gateway.looked_up, desk.gateway.checked) == (looked_up, [MARIA])


def test_every_line_is_listed_by_itself(desk):
    desk.chat_index.refresh(LINE)
    desk.chat_index.refresh(SUPPORT)
    assert desk.gateway.listed == 2


def test_a_listing_that_failed_is_tried_again_after_a_minute(desk, clock):
    desk.gateway.listing = GatewayErrorCode.BROKEN_ANSWER
    for wait, listed in ((0, 1), (59, 1), (1, 2)):
        clock.forward(wait)
        desk.chat_index.refresh(LINE)
        assert desk.gateway.listed == listed


def test_a_message_that_is_known_says_more_than_a_listed_chat(desk, clock):
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock() - DAY)
    before = desk.known(IVAN)
    desk.gateway.chats = {IVAN: chat(clock())}
    desk.chat_index.refresh(LINE)
    assert desk.known(IVAN) == before


def test_a_proof_that_is_soon_forgotten_is_learned_again(desk, clock):
    desk.gateway.chats = {IVAN: chat(clock())}
    desk.chat_index.refresh(LINE)
    clock.forward(25 * DAY)
    desk.chat_index.refresh(LINE)
    assert desk.known(IVAN)[IVAN].at == clock()


def test_a_listed_chat_says_more_than_a_check(desk, clock):
    desk.gateway.says = {IVAN: CheckResult(True, "1@lid")}
    check(desk, IVAN)
    desk.gateway.chats = {IVAN: chat(clock())}
    desk.chat_index.refresh(LINE)
    assert desk.known(IVAN)[IVAN].how is Source.CHAT


def test_a_refused_send_holds_against_the_chat_that_was_there_before_it(desk, clock):
    desk.gateway.chats = {IVAN: chat(clock() - DAY)}
    desk.evidence.learn(LINE, IVAN, Source.SEND)
    desk.chat_index.refresh(LINE)
    assert desk.known(IVAN)[IVAN].answer is PresenceAnswer.NO
    clock.forward(301)
    assert check(desk, IVAN)[IVAN].answer is PresenceAnswer.NO
    assert desk.chats.remembered == []


@pytest.mark.parametrize(
    ("shows", "answer"),
    [
        ({"heard": False}, PresenceAnswer.NO),
        ({"heard": False, "arrived": True}, PresenceAnswer.NO),
        ({"heard": True}, PresenceAnswer.YES),  # who wrote to us has WhatsApp: it was the check that erred
    ],
    ids=["ours is not delivered", "ours was delivered before", "the client wrote"],
)
def test_what_we_wrote_before_a_number_was_not_found_does_not_make_it_found(desk, clock, shows, answer):
    check(desk, IVAN)
    desk.gateway.chats = {IVAN: chat(clock() - DAY, **shows)}
    desk.chat_index.refresh(LINE)
    assert desk.known(IVAN)[IVAN].answer is answer


@pytest.mark.parametrize("shows", [{"heard": False}, {"heard": False, "arrived": False}])
def test_a_message_of_ours_without_a_tick_proves_nobody(desk, clock, shows):
    desk.gateway.chats = {IVAN: chat(clock(), **shows)}
    desk.chat_index.refresh(LINE)
    assert check(desk, IVAN)[IVAN].how is Source.CHECK


def test_an_empty_chat_in_a_listing_teaches_nothing(desk):
    desk.gateway.chats = {IVAN: ListedChat("1@lid", 0.0, has_messages=False)}
    desk.chat_index.refresh(LINE)
    assert desk.known(IVAN) == {}


def test_without_the_cache_a_listing_is_learned_all_the_same(make_desk, clock):
    gone = make_desk(answers=Cache(Flask("gone"), "redis://127.0.0.1:1/0"))
    gone.gateway.chats = {IVAN: chat(clock())}
    gone.chat_index.refresh(LINE)
    assert make_desk().known(IVAN)[IVAN].how is Source.CHAT


# Lists that hold no messages.


def numbers(count):
    return [f"+7901555{n:04}" for n in range(count)]


def test_chats_whose_messages_the_list_does_not_show_are_looked_into_once(desk, clock):
    desk.gateway.chats = {IVAN: chat(clock(), heard=False), MARIA: chat(clock(), heard=False)}
    desk.gateway.older = {IVAN: chat(clock())}
    for _ in range(3):
        desk.chat_index.refresh(LINE)
        clock.forward(15 * MINUTE)
    assert desk.known(IVAN)[IVAN].how is Source.CHAT
    assert desk.known(MARIA) == {}
    assert desk.gateway.looked_up == [IVAN, MARIA]
    desk.gateway.chats = {MARIA: chat(clock(), heard=False)}  # something new is in it
    desk.chat_index.refresh(LINE)
    assert desk.gateway.looked_up == [IVAN, MARIA, MARIA]


def test_many_of_them_are_looked_into_some_dozens_a_minute(desk, clock):
    desk.gateway.finds = 10
    desk.gateway.chats = {phone: chat(clock(), heard=False) for phone in numbers(130)}
    for looked_up in (60, 120, 130, 130):
        desk.chat_index.refresh(LINE)
        assert len(desk.gateway.looked_up) == looked_up
        clock.forward(MINUTE)


# Numbers that a request is about to ask WhatsApp about.


def test_a_number_that_is_not_known_is_looked_up_before_it_is_asked_about(desk, clock):
    desk.gateway.older = {IVAN: chat(clock() - 400 * DAY)}
    desk.gateway.chats = {ORDERS: chat(clock())}
    found = check(desk, IVAN, ORDERS)
    assert {found[IVAN].how, found[ORDERS].how} == {Source.CHAT}
    assert (sorted(desk.gateway.looked_up), desk.gateway.checked) == (sorted([IVAN, ORDERS]), [])


def test_all_numbers_of_a_card_are_looked_up_at_once(desk, monkeypatch):
    both = threading.Barrier(2, timeout=PATIENCE)

    def no_chats(_phones):
        both.wait()
        return {}

    monkeypatch.setattr(desk.gateway, "chats_of", no_chats)
    check(desk, IVAN, MARIA)
    assert sorted(desk.gateway.checked) == sorted([IVAN, MARIA])


def test_a_number_that_was_not_found_is_not_looked_for_again_for_minutes(desk, clock):
    desk.gateway.says = {IVAN: GatewayErrorCode.TIMED_OUT}
    for wait in (0, 299, 1):
        clock.forward(wait)
        check(desk, IVAN)
    assert desk.gateway.looked_up == [IVAN, IVAN]


@pytest.mark.parametrize("finds", [0, 1])
def test_more_numbers_than_the_gateway_finds_are_not_looked_up(desk, finds):
    desk.gateway.finds = finds
    check(desk, IVAN, MARIA)
    assert desk.gateway.looked_up == []


def test_a_refresh_looks_for_chats_anew(desk, clock):
    check(desk, IVAN)
    desk.gateway.chats = {IVAN: chat(clock() + 1)}
    clock.forward(1)
    assert check(desk, IVAN, by=AskedBy.REFRESH)[IVAN].how is Source.CHAT
    assert len(desk.gateway.checked) == 1


def test_a_look_up_that_failed_leaves_it_to_the_checks(desk):
    desk.gateway.listing = GatewayErrorCode.BROKEN_ANSWER
    desk.gateway.says = {IVAN: True}
    assert check(desk, IVAN)[IVAN].how is Source.CHECK
