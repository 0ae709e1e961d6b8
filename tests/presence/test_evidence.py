"""What is learned for nothing: it costs no check, and the later of a yes and a no holds."""

import pytest
from flask import Flask

from tests.presence.conftest import LINE, OTHER_PORTALS_LINE, FlakyCache
from widget.cache import Cache
from widget.gateways.base import GatewayErrorCode
from widget.presence.evidence import contradicts, outweighs
from widget.presence.records import Presence, PresenceAnswer, Source, UnknownReason

IVAN, ORDERS = "+79619510000", "+79261112233"
HOUR, DAY = 3600, 86_400
PROOFS = [Source.MESSAGE, Source.DELIVERED, Source.CHAT]


@pytest.mark.parametrize("how", [Source.MESSAGE, Source.DELIVERED])
def test_a_sign_of_theirs_is_news_beside_a_chat_that_was_only_listed(how):
    """Or a refused message minutes after they wrote would be believed."""
    listed = Presence(PresenceAnswer.YES, 1000.0, Source.CHAT)
    written = Presence(PresenceAnswer.YES, 1005.0, how)
    assert outweighs(written, listed)
    assert not outweighs(Presence(PresenceAnswer.YES, 1005.0, Source.CHAT), written)
    assert contradicts(Presence(PresenceAnswer.NO, 1010.0, Source.SEND), written)


def check(desk, line=LINE):
    return desk.checker.check(line, [IVAN]).answers[IVAN]


def known(desk):
    return desk.known(IVAN)[IVAN]


@pytest.mark.parametrize("how", PROOFS)
def test_a_proof_needs_no_check_ever_after(desk, clock, how):
    desk.evidence.learn(LINE, IVAN, how, clock())
    clock.forward(29 * DAY)
    assert (check(desk).answer, check(desk).how) == (PresenceAnswer.YES, how)
    assert desk.gateway.checked == []
    assert desk.gateway.states == 0


@pytest.mark.parametrize("how", PROOFS)
def test_a_proof_overrides_an_older_no(desk, clock, how):
    assert check(desk).answer is PresenceAnswer.NO
    clock.forward(1)
    desk.evidence.learn(LINE, IVAN, how, clock())
    assert (known(desk).answer, known(desk).how) == (PresenceAnswer.YES, how)


def test_a_no_that_came_later_is_not_overridden_by_old_news(desk, clock):
    assert check(desk).answer is PresenceAnswer.NO
    desk.evidence.learn(LINE, IVAN, Source.DELIVERED, clock() - DAY)
    assert known(desk).answer is PresenceAnswer.NO


def test_a_refused_send_overrides_an_older_yes_from_a_check(desk, clock):
    desk.gateway.says = {IVAN: True}
    check(desk)
    clock.forward(1)
    desk.evidence.learn(LINE, IVAN, Source.SEND, clock())
    assert (known(desk).answer, known(desk).how) == (PresenceAnswer.NO, Source.SEND)


@pytest.mark.parametrize("how", [Source.MESSAGE, Source.DELIVERED])
def test_a_refused_send_against_a_fresh_sign_of_theirs_is_unknown_and_not_a_no(desk, clock, how):
    desk.evidence.learn(LINE, IVAN, how, clock())
    clock.forward(5)
    for _again in range(2):
        desk.evidence.learn(LINE, IVAN, Source.SEND, clock())
        assert (known(desk).answer, known(desk).why) == (PresenceAnswer.UNKNOWN, UnknownReason.REFUSED)
    clock.forward(60)
    assert (known(desk).answer, known(desk).how) == (PresenceAnswer.YES, how)
    clock.forward(4 * DAY)
    desk.evidence.learn(LINE, IVAN, Source.SEND, clock())
    assert known(desk).answer is PresenceAnswer.NO


def test_a_refused_send_does_not_override_a_later_message(desk, clock):
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock())
    desk.evidence.learn(LINE, IVAN, Source.SEND, clock() - 1)
    assert known(desk).answer is PresenceAnswer.YES


def test_a_message_after_a_refused_send_is_a_yes_again(desk, clock):
    desk.evidence.learn(LINE, IVAN, Source.SEND, clock())
    clock.forward(1)
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock())
    assert known(desk).answer is PresenceAnswer.YES


def test_a_proof_says_more_than_a_check_and_keeps_the_chats_id(desk, clock):
    from widget.gateways.base import CheckResult

    desk.gateway.says = {IVAN: CheckResult(True, "1@lid")}
    check(desk)
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock() - DAY)
    assert (known(desk).how, known(desk).at, known(desk).chat_id) == (Source.MESSAGE, clock() - DAY, "waha:1@lid")


def test_the_newest_proof_is_the_one_that_is_shown(desk, clock):
    desk.evidence.learn(LINE, IVAN, Source.DELIVERED, clock())
    clock.forward(2 * HOUR)
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock())
    desk.evidence.learn(LINE, IVAN, Source.CHAT, clock() - DAY)
    assert (known(desk).how, known(desk).at) == (Source.MESSAGE, clock())


def test_a_conversation_does_not_write_the_same_news_over_and_over(desk, clock):
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock())
    first = known(desk)
    for _ in range(5):
        clock.forward(60)
        desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock())
    assert known(desk) == first


def test_a_message_makes_the_lines_chat_known(desk, clock):
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock() - 5, chat_ids=["1@lid"])
    assert desk.chats.remembered == [(1, 1, IVAN, {"chat_ids": ["1@lid"], "proved": True, "last_at": clock() - 5})]


def test_a_time_that_is_not_told_or_still_to_come_is_now(desk, clock):
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, 0.0)
    assert known(desk).at == clock()
    clock.forward(2 * HOUR)
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock() + DAY)
    assert known(desk).at == clock()


def test_another_portal_learns_nothing(desk, clock):
    desk.evidence.learn(LINE, IVAN, Source.MESSAGE, clock())
    assert check(desk, OTHER_PORTALS_LINE).answer is PresenceAnswer.NO


def test_without_the_cache_it_is_learned_all_the_same(make_desk, clock):
    make_desk(answers=Cache(Flask("gone"), "redis://127.0.0.1:1/0")).evidence.learn(LINE, IVAN, Source.MESSAGE)
    assert check(make_desk()).how is Source.MESSAGE


# News that come while the gateway is being asked.


@pytest.mark.parametrize("says", [False, True, GatewayErrorCode.UNREACHABLE, GatewayErrorCode.TIMED_OUT])
@pytest.mark.parametrize(("how", "ago"), [*((how, 0) for how in PROOFS), (Source.MESSAGE, 300)])
@pytest.mark.parametrize("stale", [False, True])
def test_a_proof_that_comes_during_a_check_is_not_overwritten(desk, clock, says, how, ago, stale):
    if stale:
        check(desk)
        clock.forward(400)
    desk.gateway.says = {IVAN: says}
    during_the_check(desk, lambda: desk.evidence.learn(LINE, IVAN, how, clock() - ago))
    assert (check(desk).answer, known(desk).how) == (PresenceAnswer.YES, how)
    assert desk.memory.without_cache(1, desk.memory.keys(1, [IVAN])) == desk.memory.get_many(
        1, desk.memory.keys(1, [IVAN])
    )


@pytest.mark.parametrize("says", [True, GatewayErrorCode.UNREACHABLE])
def test_a_send_that_is_refused_during_a_check_still_says_no(desk, clock, says):
    desk.gateway.says = {IVAN: says}

    def refuse():
        desk.evidence.learn(LINE, IVAN, Source.CHAT)
        clock.forward(1)
        desk.evidence.learn(LINE, IVAN, Source.SEND)

    during_the_check(desk, refuse)
    assert (check(desk).answer, known(desk).how) == (PresenceAnswer.NO, Source.SEND)


def during_the_check(desk, happens):
    one_call = desk.gateway.check

    def check_slowly(phones):
        happens()
        desk.clock.forward(1)
        return one_call(phones)

    desk.gateway.check = check_slowly


# The cache goes away and comes back.


@pytest.mark.parametrize(("first", "then"), [(Source.CHAT, Source.SEND), (Source.SEND, Source.MESSAGE)])
@pytest.mark.parametrize("next_call", ["read", "write"])
def test_what_was_learned_while_the_cache_was_away_holds_when_it_is_back_with_its_data(
    make_desk, redis_url, clock, first, then, next_call
):
    cache = FlakyCache(Flask("shaky"), redis_url)
    desk, elsewhere = make_desk(answers=cache), make_desk(answers=Cache(Flask("elsewhere"), redis_url))
    desk.evidence.learn(LINE, IVAN, first)
    clock.forward(60)
    cache.gone = True
    desk.evidence.learn(LINE, IVAN, then)
    cache.gone = False
    clock.forward(60)
    if next_call == "read":
        assert known(desk).how is then
    else:
        desk.evidence.learn(LINE, ORDERS, Source.MESSAGE)
    assert known(elsewhere).how is then  # one call of the process that knows better is enough
    assert known(desk).how is then


def test_after_an_outage_the_cache_is_corrected_once_and_believed_again(make_desk, redis_url, clock):
    cache = FlakyCache(Flask("shaky"), redis_url)
    desk = make_desk(answers=cache)
    cache.gone = True
    desk.evidence.learn(LINE, IVAN, Source.CHAT)
    cache.gone = False
    assert known(desk).how is Source.CHAT
    clock.forward(60)
    make_desk(answers=Cache(Flask("elsewhere"), redis_url)).evidence.learn(LINE, IVAN, Source.SEND)
    desk.memory._presences.get_many = lambda *args: pytest.fail("SQL was asked")
    assert known(desk).how is Source.SEND
