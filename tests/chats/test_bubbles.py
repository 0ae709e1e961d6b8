from dataclasses import replace
from itertools import pairwise

import pytest

from tests.chats.conftest import EVERYTHING, NOTHING
from widget.chats.bubbles import DELETE_SECONDS, EDIT_SECONDS, bubble_of, bubble_of_send, merge
from widget.chats.states import STATES
from widget.gateways.base import Ack, Media, Message, Quote
from widget.storage.sends import Send, SendState


def message(id, at, *, from_me=False, text="", **more):
    return Message(id, f"x_{id}", at, from_me, text or id, **more)


def send(id, at, state=SendState.SENT, **more):
    values = {"text": f"send {id}", "reason": "", "message_id": id, "created_at": at, "changed_at": at, **more}
    return Send(1, 1, 1, f"key {id}", 2, state=state, **values)


def ids(bubbles):
    return [bubble.id for bubble in bubbles]


def test_bubbles_are_oldest_first_though_the_gateway_gives_the_newest_first():
    assert ids(merge([message("c", 30), message("b", 20), message("a", 10)], [])) == ["a", "b", "c"]


def test_messages_of_one_second_keep_the_gateways_order():
    assert ids(merge([message("c", 10), message("b", 10), message("a", 10)], [])) == ["a", "b", "c"]


def test_sends_that_the_gateway_does_not_show_stand_at_their_own_time():
    merged = merge([message("c", 30), message("a", 10)], [send("b", 20.5), send("d", 40)])
    assert ids(merged) == ["a", "b", "c", "d"]


def test_sends_of_one_moment_keep_their_order_and_follow_the_messages_of_that_second():
    assert ids(merge([message("b", 10), message("a", 10)], [send("c", 10), send("d", 10)])) == ["a", "b", "c", "d"]


def test_a_send_that_the_gateway_shows_is_shown_once():
    merged = merge([message("a", 10, from_me=True, ack=Ack.SENT)], [send("a", 9.5), send("b", 11)])
    assert ids(merged) == ["a", "b"]
    assert merged[0].text == "a"  # the gateway's text, which may have been edited on the phone


def test_the_same_message_twice_is_one_bubble():
    assert ids(merge([message("a", 10), message("b", 9), message("a", 10)], [])) == ["b", "a"]


ORDER = [SendState.QUEUED, SendState.SENT, SendState.DELIVERED, SendState.READ]


@pytest.mark.parametrize(("earlier", "later"), [*pairwise(ORDER)])
def test_the_furthest_known_tick_is_shown_whoever_knows_it(earlier, later):
    acks = {state: ack for ack, state in STATES.items()}
    for shown, known in ((earlier, later), (later, earlier)):
        (bubble,) = merge([message("a", 10, from_me=True, ack=acks[shown])], [send("a", 10, known)])
        assert bubble.state is later


@pytest.mark.parametrize(
    "known", [SendState.SENDING, SendState.UNKNOWN, SendState.QUEUED, SendState.SENT, SendState.FAILED]
)
def test_what_failed_at_whatsapp_is_shown_as_failed(known):
    (bubble,) = merge([message("a", 10, from_me=True, ack=Ack.FAILED)], [send("a", 10, known)])
    assert bubble.state is SendState.FAILED


def test_a_gateway_that_says_no_tick_leaves_ours():
    (bubble,) = merge([message("a", 10, from_me=True, ack=Ack.NONE)], [send("a", 10, SendState.SENT)])
    assert bubble.state is SendState.SENT


@pytest.mark.parametrize("ack", list(Ack))
def test_every_tick_has_a_state_and_a_clients_message_has_none(ack):
    assert bubble_of(message("a", 1, from_me=True, ack=ack)).state is STATES.get(ack)
    assert (STATES.get(ack) is None) is (ack is Ack.NONE)
    assert bubble_of(message("a", 1, ack=ack)).state is None


def test_a_bubble_shows_all_that_the_message_holds():
    media = Media("image", "image/png", "a.png")
    full = message(
        "a",
        10,
        text="<b>",
        media=media,
        quote=Quote("q", None),
        reactions=("👍",),
        edited=True,
        deleted=True,
        place=(1.0, 2.0),
        contacts=3,
    )
    bubble = bubble_of(full)
    assert (bubble.text, bubble.media, bubble.ref, bubble.quote) == ("<b>", media, "x_a", full.quote)
    assert (bubble.reactions, bubble.edited, bubble.deleted, bubble.place, bubble.contacts) == (
        ("👍",),
        True,
        True,
        (1.0, 2.0),
        3,
    )


def test_every_message_has_the_name_that_its_gateway_gave_it_and_a_send_has_none():
    assert bubble_of(message("a", 10)).ref == "x_a"
    assert bubble_of_send(send("a", 10)).ref == ""


NOW = 1_000_000.0
OURS = message("a", int(NOW) - 60, from_me=True, ack=Ack.SENT)


@pytest.mark.parametrize(
    ("shown", "can"),
    [
        (OURS, {"reply", "react", "edit", "delete"}),
        (replace(OURS, from_me=False), {"reply", "react"}),
        (replace(OURS, at=int(NOW - EDIT_SECONDS)), {"reply", "react", "delete"}),
        (replace(OURS, at=int(NOW - DELETE_SECONDS)), {"reply", "react"}),
        (replace(OURS, media=Media("image", "image/png", "a.png")), {"reply", "react", "delete"}),
        (replace(OURS, ack=Ack.FAILED), {"reply", "react"}),
        (replace(OURS, deleted=True), set()),
        (replace(OURS, ref=""), set()),
    ],
)
def test_what_can_be_done_with_a_message_follows_from_whose_it_is_and_its_age(shown, can):
    (bubble,) = merge([shown], [], capabilities=EVERYTHING, now=NOW)
    assert bubble.can == can
    (bubble,) = merge([shown], [], capabilities=NOTHING, now=NOW)
    assert bubble.can == set()


def test_with_a_send_that_no_gateway_shows_nothing_can_be_done():
    (bubble,) = merge([], [send("a", NOW)], capabilities=EVERYTHING, now=NOW)
    assert bubble.can == set()


def test_a_send_shows_its_text_state_and_reason():
    bubble = bubble_of_send(send("a", 10.5, SendState.FAILED, reason="restricted"))
    assert (bubble.id, bubble.at, bubble.from_me, bubble.text) == ("a", 10.5, True, "send a")
    assert (bubble.state, bubble.reason) == (SendState.FAILED, "restricted")
