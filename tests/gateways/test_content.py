"""The parts of a message, in every spelling that libraries and vendors have for them."""

from base64 import b64encode

import pytest

from widget.gateways.base import ContactCard
from widget.gateways.content import body_of, media_in, moment_of, shows_something, thumbnail_of, unwrapped
from widget.gateways.vcards import MAX_CARDS, cards_of

PICTURE = b"\xff\xd8\xff\xe0 a small picture"
IN_BASE64 = b64encode(PICTURE).decode()


@pytest.mark.parametrize(
    "said",
    [
        IN_BASE64,
        {"type": "Buffer", "data": IN_BASE64},  # WAHA's history
        {"type": "Buffer", "data": list(PICTURE)},
        {str(place): byte for place, byte in enumerate(PICTURE)},  # Evolution's webhooks
        list(PICTURE),
    ],
)
def test_a_small_picture_is_read_in_every_spelling(said):
    assert thumbnail_of(said) == IN_BASE64


@pytest.mark.parametrize("said", [None, 5, "<svg>", {"a": 1}, {"0": 256}, {"0": "x"}, {"type": "Buffer"}, "A" * 50_000])
def test_what_is_no_small_picture_is_none(said):
    assert thumbnail_of(said) == ""


@pytest.mark.parametrize(
    "wrapper",
    [
        *("documentWithCaptionMessage", "viewOnceMessage", "viewOnceMessageV2", "ephemeralMessage"),
        *("associatedChildMessage", "botInvokeMessage", "groupMentionedMessage", "lottieStickerMessage"),
    ],
)
def test_what_is_inside_a_wrapper_is_what_is_shown(wrapper):
    inside = {"documentMessage": {"fileName": "КП.pdf", "mimetype": "application/pdf", "caption": "Вот"}}
    content, edited = unwrapped({wrapper: {"message": inside}})
    assert (media_in(content).name, body_of(content), edited) == ("КП.pdf", "Вот", False)


def test_the_frame_of_an_album_is_no_message_and_a_round_video_is_a_video():
    assert not shows_something({"albumMessage": {"expectedImageCount": 3}, "messageContextInfo": {}})
    assert media_in({"ptvMessage": {"mimetype": "video/mp4", "seconds": 7}}).kind == "video"


def test_what_go_writes_is_read_like_what_node_writes():
    media = media_in({"imageMessage": {"mimetype": "image/jpeg", "fileLength": 5120, "JPEGThumbnail": IN_BASE64}})
    assert (media.size, media.thumbnail) == (5120, IN_BASE64)


@pytest.mark.parametrize("said", [1727745026, "1727745026", 1727745026000, {"low": 1727745026, "high": 0}])
def test_a_moment_is_in_seconds_however_it_is_written(said):
    assert moment_of(said) == 1727745026.0


@pytest.mark.parametrize(
    ("fields", "card"),
    [
        ("FN:Anna\nitem1.TEL;waid=79261112233:+7 926 111-22-33", ContactCard("Anna", ("+7 926 111-22-33",))),
        ("FN:Anna\r\nTEL;type=CELL;type=VOICE;waid=79261112233:8 926 111", ContactCard("Anna", ("+79261112233",))),
        ("FN;CHARSET=UTF-8:Анна\\, офис\nTEL:tel:+79261112233", ContactCard("Анна, офис", ("+79261112233",))),
        ("FN:Anna Ser\n geevna\nTEL:+1\nTEL:+1\nTEL:", ContactCard("Anna Sergeevna", ("+1",))),
        ("PHOTO;ENCODING=b:AAAA\nFN:A\nNOTE:FN:B\nX-TEL:+1", ContactCard("A")),
    ],
)
def test_a_shared_contact_is_a_name_and_its_phones(fields, card):
    assert cards_of([f"BEGIN:VCARD\nVERSION:3.0\n{fields}\nEND:VCARD"]) == (card,)


@pytest.mark.parametrize("contact", [None, 5, "", [], {}, {"displayName": 5, "vcard": {}}, "TEL" * 50_000])
def test_whatever_is_shared_as_a_contact_is_one_without_words(contact):
    assert cards_of([contact] * 30) == (ContactCard(""),) * MAX_CARDS
