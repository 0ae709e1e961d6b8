"""One listing of a line settles everybody it shows, also those whom nobody has opened yet."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import text

from tests.presence.conftest import LINE, SUPPORT
from tests.stand import PATIENCE
from widget.answers import Answers
from widget.gateways.base import Checked, ListedChat, Trouble
from widget.presence.lifetimes import DAY
from widget.presence.records import Answer, How

IVAN, MARIA, ORDERS, RUSTAM = "+79619510000", "+79123456789", "+79261112233", "+998901234567"
JOAO = "+5531988887777"
SPELLINGS = ["+5531988887777", "+553188887777"]
MINUTE = 60


def chat(last_at, chat_id="1@lid"):
    return ListedChat(chat_id, last_at, has_messages=True)


def check(desk, *phones, **how):
    return desk.checker.check(LINE, phones, **how).answers


def test_one_listing_lets_a_number_that_nobody_asked_about_be_known_without_a_call(desk, clock):
    desk.gateway.chats = {IVAN: chat(clock() - DAY), ORDERS: chat(clock() - 90 * DAY, "79261112233@c.us")}
    check(desk, MARIA)
    asked = (desk.gateway.states, desk.gateway.listed, desk.gateway.checked[:])
    found = desk.known(IVAN, ORDERS)
    assert {p: (known.answer, known.how, known.chat_id) for p, known in found.items()} == {
        IVAN: (Answer.YES, How.CHAT, "1@lid"),
        ORDERS: (Answer.YES, How.CHAT, ""),
    }
    clock.forward(7 * DAY)
    assert {p: a.how for p, a in check(desk, IVAN, ORDERS).items()} == {IVAN: How.CHAT, ORDERS: How.CHAT}
    assert (desk.gateway.states, desk.gateway.listed, desk.gateway.checked) == asked


def test_what_is_listed_is_remembered_with_its_line_and_nobodys_number_lies_in_the_database(desk, engine, clock):
    desk.gateway.chats = {IVAN: chat(clock()), JOAO: chat(clock(), "553188887777@c.us"), RUSTAM: chat(clock())}
    check(desk, IVAN)
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
    assert check(desk, written)[written].how is How.CHAT
    assert {p: known.how for p, known in desk.known(*SPELLINGS).items()} == dict.fromkeys(SPELLINGS, How.CHAT)


def test_a_line_is_listed_again_after_some_minutes_and_shows_what_came_meanwhile(desk, clock):
    check(desk, MARIA)
    desk.gateway.chats = {IVAN: chat(clock())}
    clock.forward(15 * MINUTE - 1)
    check(desk, MARIA)
    assert (desk.gateway.listed, desk.known(IVAN)) == (1, {})
    clock.forward(5 * MINUTE)
    check(desk, MARIA)
    assert desk.gateway.listed == 2
    assert desk.known(IVAN)[IVAN].how is How.CHAT


def test_every_line_is_listed_by_itself(desk, clock):
    check(desk, MARIA)
    desk.checker.check(SUPPORT, [IVAN])
    assert desk.gateway.listed == 2


def test_many_who_open_cards_at_once_list_the_line_once(make_desk, gateway):
    desk, together = make_desk(burst=50), threading.Barrier(8)
    list_all, begun = gateway.all_chats, threading.Event()
    gateway.all_chats = lambda: (begun.wait(PATIENCE), list_all())[1]

    def open_card(number):
        together.wait(PATIENCE)
        if number == 0:
            begun.set()
        return check(desk, f"+790155501{number:02}")

    with ThreadPoolExecutor(8) as reps:
        assert len(list(reps.map(open_card, range(8)))) == 8
    assert gateway.listed == 1


def test_a_message_that_is_known_says_more_than_a_listed_chat(desk, clock):
    desk.evidence.learn(LINE, IVAN, How.MESSAGE, clock() - DAY)
    before = desk.known(IVAN)
    desk.gateway.chats = {IVAN: chat(clock())}
    check(desk, MARIA)
    assert desk.known(IVAN) == before


def test_a_proof_that_is_soon_forgotten_is_learned_again(desk, clock):
    desk.gateway.chats = {IVAN: chat(clock())}
    check(desk, MARIA)
    clock.forward(25 * DAY)
    check(desk, MARIA)
    assert desk.known(IVAN)[IVAN].at == clock()


def test_a_listed_chat_says_more_than_a_check(desk, clock):
    desk.gateway.says = {IVAN: Checked(True, "1@lid")}
    check(desk, IVAN)
    desk.gateway.chats = {IVAN: chat(clock())}
    clock.forward(15 * MINUTE)
    check(desk, MARIA)
    assert desk.known(IVAN)[IVAN].how is How.CHAT


def test_a_refused_send_holds_against_the_chat_that_was_there_before_it(desk, clock):
    desk.gateway.chats = {IVAN: chat(clock() - DAY)}
    desk.evidence.learn(LINE, IVAN, How.SEND)
    check(desk, MARIA)
    assert desk.known(IVAN)[IVAN].answer is Answer.NO
    clock.forward(301)
    assert check(desk, IVAN)[IVAN].answer is Answer.NO
    assert desk.chats.remembered == []


def test_an_empty_chat_in_a_listing_teaches_nothing(desk):
    desk.gateway.chats = {IVAN: ListedChat("1@lid", 0.0, has_messages=False)}
    check(desk, MARIA)
    assert desk.known(IVAN) == {}


def test_without_the_cache_a_listing_is_learned_all_the_same(make_desk, clock):
    gone = make_desk(answers=Answers(Flask("gone"), "redis://127.0.0.1:1/0"))
    gone.gateway.chats = {IVAN: chat(clock())}
    gone.checker._listings.with_chats(LINE, {}, known={}, again=False)
    assert make_desk().known(IVAN)[IVAN].how is How.CHAT


# Numbers that are not in the listing.


def test_a_number_that_is_not_in_the_listing_is_looked_up_by_itself(desk, clock):
    desk.gateway.older = {IVAN: chat(clock() - 400 * DAY)}
    desk.gateway.chats = {ORDERS: chat(clock())}
    found = check(desk, IVAN, ORDERS)
    assert {found[IVAN].how, found[ORDERS].how} == {How.CHAT}
    assert (desk.gateway.looked_up, desk.gateway.checked) == ([IVAN], [])


def test_a_number_that_was_not_found_is_not_looked_for_again_for_minutes(desk, clock):
    desk.gateway.says = {IVAN: Trouble.TIMED_OUT}
    for wait in (0, 299, 1):
        clock.forward(wait)
        check(desk, IVAN)
    assert (desk.gateway.listed, desk.gateway.looked_up) == (1, [IVAN, IVAN])


@pytest.mark.parametrize("finds", [0, 1])
def test_more_numbers_than_the_gateway_finds_are_not_looked_up(desk, finds):
    desk.gateway.finds = finds
    check(desk, IVAN, MARIA)
    assert desk.gateway.looked_up == []


@pytest.mark.parametrize("finds", [0, 100])
def test_a_refresh_looks_for_chats_anew(desk, clock, finds):
    desk.gateway.finds = finds
    check(desk, IVAN)
    desk.gateway.chats = {IVAN: chat(1.0)}
    clock.forward(1)
    assert check(desk, IVAN, again=True)[IVAN].how is How.CHAT
    assert len(desk.gateway.checked) == 1


def test_a_refresh_that_cannot_list_the_line_keeps_what_was_listed(desk, clock):
    desk.gateway.finds = 0
    desk.gateway.chats = {IVAN: chat(clock())}
    check(desk, MARIA)
    desk.gateway.listing = Trouble.THROTTLED
    clock.forward(1)
    check(desk, MARIA, again=True)
    assert desk.checker._listings.with_chats(LINE, {"key": IVAN}, known={}, again=False)["key"].how is How.CHAT
    assert desk.gateway.listed == 2


def test_a_listing_that_failed_is_not_tried_again_for_a_minute_and_the_checks_decide(desk, clock):
    desk.gateway.listing = Trouble.BROKEN_ANSWER
    desk.gateway.says = {IVAN: True}
    assert check(desk, IVAN)[IVAN].how is How.CHECK
    clock.forward(59)
    check(desk, MARIA)
    assert desk.gateway.listed == 1
    clock.forward(1)
    check(desk, ORDERS)
    assert desk.gateway.listed == 2
