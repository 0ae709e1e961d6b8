"""Facts about one message: whatever the order, however often, the same message."""

import json
import random
from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget.chats.message_facts import (
    MessageFacts,
    brought_up_to_date,
    completed,
    facts_json,
    facts_of,
    merge_facts,
    merger,
    read_facts,
    seen,
)
from widget.gateways.base import Ack, EventKind, GatewayErrorCode, GatewayEvent, Media, Message, Quote

TEXTS = st.sampled_from(["", "да", "нет", "<b>", "👍", "x" * 40])
TIMES = st.integers(min_value=1, max_value=5)
MESSAGES = st.builds(
    Message,
    id=st.just("M"),
    ref=st.sampled_from(["true_M", "M"]),
    at=TIMES,
    from_me=st.booleans(),
    text=TEXTS,
    ack=st.sampled_from(Ack),
    media=st.none() | st.just(Media("image", "image/png", "a.png", size=3)),
    quote=st.none() | st.builds(Quote, TEXTS, st.none() | st.booleans()),
    edited=st.booleans(),
    deleted=st.booleans(),
)
EVENTS = st.builds(
    lambda kind, at, from_me, message, ack, text, nobody, why: GatewayEvent(
        kind, float(at), ("1@c.us",), "M", from_me, message, ack, text, nobody, why=why
    ),
    st.sampled_from([kind for kind in EventKind if kind is not EventKind.LINE]),
    TIMES,
    st.booleans(),
    MESSAGES,
    st.sampled_from(Ack),
    TEXTS,
    st.booleans(),
    st.sampled_from([None, GatewayErrorCode.RESTRICTED, GatewayErrorCode.THROTTLED]),
)
FACTS = st.lists(EVENTS.map(facts_of), max_size=6).map(lambda facts: reduce(merge_facts, facts, MessageFacts()))
WRITTEN = Message("M", "ref", 100, True, "Привет", ack=Ack.SENT)


def event(kind, **more):
    return GatewayEvent(kind, **{"at": 1.0, "chat_ids": ("1@c.us",), "message_id": "M", **more})


def told(*events):
    return reduce(merge_facts, [facts_of(one) for one in events], MessageFacts())


@given(FACTS, FACTS)
def test_it_does_not_matter_which_of_two_came_first(one, other):
    assert merge_facts(one, other) == merge_facts(other, one)


@given(FACTS, FACTS, FACTS)
def test_it_does_not_matter_which_two_were_put_together_first(one, two, three):
    assert merge_facts(merge_facts(one, two), three) == merge_facts(one, merge_facts(two, three))


@given(FACTS, FACTS)
def test_what_is_known_already_changes_nothing(one, other):
    assert merge_facts(one, one) == one
    assert merge_facts(merge_facts(one, other), other) == merge_facts(one, other)
    assert merge_facts(one, MessageFacts()) == one


@given(st.lists(EVENTS, max_size=8), st.randoms(use_true_random=False))
def test_shuffled_and_repeated_events_are_the_same_message(events, chance: random.Random):
    again = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(again)
    assert told(*again) == told(*events)


@given(FACTS)
def test_what_is_written_down_is_read_again(facts):
    assert read_facts(facts_json(facts)) == facts


@given(st.text() | st.sampled_from(["[]", "null", '{"edit":[1]}', '{"message":7}', '{"ack":[]}', "[" * 20_000]))
def test_whatever_is_read_is_facts(text):
    assert isinstance(read_facts(text), MessageFacts)


def test_a_tick_that_came_before_its_message_is_on_it():
    early = told(event(EventKind.ACK, ack=Ack.READ, from_me=True))
    assert seen(early) is None
    assert seen(merge_facts(early, told(event(EventKind.MESSAGE, message=WRITTEN)))).ack is Ack.READ


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_the_newest_edit_is_the_text(first, second):
    old = event(EventKind.EDITED, at=1.0, text=first)
    new = event(EventKind.EDITED, at=2.0, text=second)
    shown = seen(told(new, event(EventKind.MESSAGE, message=WRITTEN), old))
    assert (shown.text, shown.edited) == (second, True)


def test_a_deletion_is_final_and_nothing_of_the_text_is_kept():
    deleted = told(
        event(EventKind.DELETED, at=1.0),
        event(EventKind.MESSAGE, message=WRITTEN),
        event(EventKind.EDITED, at=9.0, text="Позже"),
    )
    assert (seen(deleted).deleted, seen(deleted).text) == (True, "")
    assert not {"Привет", "Позже"} & set(facts_json(deleted).split('"'))


def test_each_side_has_one_reaction_and_may_take_it_back():
    both = told(
        event(EventKind.MESSAGE, message=WRITTEN),
        event(EventKind.REACTION, at=1.0, text="👍"),
        event(EventKind.REACTION, at=2.0, text="❤️"),
        event(EventKind.REACTION, at=1.0, text="😂", from_me=True),
    )
    assert seen(both).reactions == ("😂", "❤️")
    assert seen(merge_facts(both, told(event(EventKind.REACTION, at=3.0, text="")))).reactions == ("😂",)


def test_a_history_that_lags_is_brought_up_to_date_and_one_that_knows_better_is_believed():
    known = told(event(EventKind.EDITED, text="Новое"), event(EventKind.ACK, ack=Ack.READ, from_me=True))
    shown = brought_up_to_date(WRITTEN, known)
    assert (shown.text, shown.edited, shown.ack) == ("Новое", True, Ack.READ)
    newer = replace(WRITTEN, text="Ещё новее", edited=True, ack=Ack.READ)
    assert brought_up_to_date(newer, known) == newer


def test_a_page_gets_what_it_lacks_of_its_own_time_and_of_no_other():
    def written(name, at):
        return told(event(EventKind.MESSAGE, message=Message(name, name, at, False, name)))

    page = [Message("c", "c", 30, False, "c"), Message("a", "a", 10, False, "a")]
    known = {name: written(name, at) for name, at in (("before", 9), ("b", 20), ("c", 30), ("after", 40))}
    assert [m.id for m in completed(page, known, since=10, before=40)] == ["c", "b", "a"]
    assert [m.id for m in completed(page, known, since=10, before=41)] == ["after", "c", "b", "a"]


def test_what_a_newer_version_knows_of_a_message_outlives_an_older_one_until_it_is_deleted():
    written = facts_json(told(event(EventKind.MESSAGE, message=WRITTEN)), {"poll": "Окна?"})
    ticked = merger(told(event(EventKind.ACK, ack=Ack.READ, from_me=True)))(written).text
    assert json.loads(ticked)["poll"] == "Окна?"
    assert read_facts(ticked).ack is Ack.READ
    assert "poll" not in json.loads(merger(told(event(EventKind.DELETED)))(ticked).text)
