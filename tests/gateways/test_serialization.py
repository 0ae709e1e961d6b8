"""Events written down and read again are the same; whatever else is read is nothing."""

import hashlib
import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget.gateways.base import (
    Ack,
    ContactCard,
    EventKind,
    GatewayErrorCode,
    GatewayEvent,
    LineState,
    Media,
    Message,
    Quote,
)
from widget.gateways.serialization import VERSION, events_json, message_of, read_events
from widget.version import NewerVersion

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
NAMES = st.text("abc@._0123", min_size=1, max_size=20)
NUMBERS = st.integers(min_value=0, max_value=10**9)
MEDIA = st.builds(Media, WORDS, WORDS, WORDS, NUMBERS, NUMBERS, WORDS)
PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
MESSAGES = st.builds(
    Message,
    id=NAMES,
    ref=NAMES,
    at=st.integers(min_value=1, max_value=10**10),
    from_me=st.booleans(),
    text=WORDS,
    ack=st.sampled_from(Ack),
    media=st.none() | MEDIA,
    quote=st.none() | st.builds(Quote, WORDS, st.none() | st.booleans(), st.booleans()),
    reactions=st.lists(st.sampled_from("👍😂"), max_size=2).map(tuple),
    edited=st.booleans(),
    deleted=st.booleans(),
    place=st.none() | PLACES,
    contacts=st.lists(st.builds(ContactCard, WORDS, st.lists(WORDS, max_size=2).map(tuple)), max_size=2).map(tuple),
)
EVENTS = st.builds(
    GatewayEvent,
    kind=st.sampled_from(EventKind),
    at=st.floats(min_value=0, max_value=10**10),
    chat_ids=st.lists(NAMES, max_size=3).map(tuple),
    message_id=NAMES,
    from_me=st.booleans(),
    message=st.none() | MESSAGES,
    ack=st.sampled_from(Ack),
    text=WORDS,
    not_on_whatsapp=st.booleans(),
    state=st.sampled_from(LineState),
    until=st.floats(min_value=0, max_value=10**10),
    why=st.none() | st.sampled_from(GatewayErrorCode),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
)


@given(st.lists(EVENTS, max_size=3))
def test_what_was_written_is_read_again(events):
    assert read_events(events_json(events)) == events


@given(JSON)
def test_whatever_stands_in_an_event_the_rest_is_read_or_nothing(anything):
    fields = ("kind", "at", "chat_ids", "message_id", "message", "ack", "text", "state", "until", "why")
    for name in fields:
        item = {"kind": "message", name: anything}
        for event in read_events(json.dumps({"v": 1, "events": [item, anything]})):
            assert isinstance(event, GatewayEvent)
    message_of(anything)
    for name in ("media", "quote", "reactions", "place", "contacts", "ref"):
        message_of({"id": "a", "at": 1, name: anything})


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"v":0,"events":[{"kind":"ack"}]}', "{", "[" * 50_000])
def test_what_no_version_wrote_is_nothing(text):
    assert read_events(text) == []


def test_what_a_newer_version_wrote_is_not_read_by_halves():
    with pytest.raises(NewerVersion):
        read_events('{"v":2,"events":[{"kind":"ack"}]}')


def test_what_an_older_reader_would_pass_over_comes_with_a_new_version():
    """Beside the hash of a version that was released stands the one of the next, with VERSION
    raised."""
    names = [each.value for each in (*EventKind, *Ack)]
    for kind in (GatewayEvent, Message, Media, Quote, ContactCard):
        names += [field.name for field in fields(kind)]
    now = hashlib.sha256(" ".join(names).encode()).hexdigest()[:8]
    assert {1: "f3282004"}[VERSION] == now


def test_half_a_letter_and_a_nul_never_reach_the_database():
    written = events_json([GatewayEvent(EventKind.EDITED, 1.0, ("1@c.us",), "M", text="a\ud83d\x00b")])
    (event,) = read_events(written)
    assert event.text == "a?b"


def test_a_row_that_only_counted_contacts_is_read_as_so_many_without_words():
    assert message_of({"id": "A", "at": 1, "contacts": 2}).contacts == (ContactCard(""),) * 2
    assert message_of({"id": "A", "at": 1, "contacts": [["Anna"], 5, ["Olga", "x"]]}).contacts == (ContactCard("Olga"),)
