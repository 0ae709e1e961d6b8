"""What a row says of its chat's last message, from what webhooks told and reps sent."""

from dataclasses import replace

import pytest

from tests.stand import Clock, Widget
from widget.chats.message_facts import MessageFacts, merger
from widget.chats.previews import LastMessage, last_of
from widget.gateways.base import Media, Message
from widget.storage.sends import Send, SendState

THEIRS, OURS = Message("a", "a", 100, False, "Когда?"), Message("b", "b", 90, True, "Завтра")
SEND = Send(1, 1, 1, "k", 2, "Уже еду", SendState.SENT, "", "s", 110.0, 110.0)
PHOTO = Message("c", "c", 120, False, "", media=Media("image", "image/jpeg", ""))


@pytest.mark.parametrize(
    ("messages", "send", "since", "last"),
    [
        ([], None, 0, None),
        ([OURS, THEIRS], None, 100, LastMessage(100.0, False, "Когда?", waiting=1)),
        ([OURS, THEIRS, PHOTO], None, 100, LastMessage(120.0, False, "", "image", waiting=2)),
        ([OURS, THEIRS, PHOTO], None, 0, LastMessage(120.0, False, "", "image")),  # no reply needed, or ignored
        ([THEIRS, replace(OURS, at=101)], None, 100, LastMessage(101.0, True, "Завтра", waiting=1)),  # an automatic one
        ([THEIRS], SEND, 0, LastMessage(110.0, True, "Уже еду")),
        ([THEIRS], replace(SEND, state=SendState.FAILED), 100, LastMessage(110.0, True, "Уже еду", waiting=1)),
        ([THEIRS, PHOTO], SEND, 120, LastMessage(120.0, False, "", "image", waiting=1)),
        ([OURS], replace(SEND, created_at=80.0), 0, LastMessage(90.0, True, "Завтра")),
        ([replace(THEIRS, deleted=True, text="")], None, 100, LastMessage(100.0, False, "", deleted=True, waiting=1)),
    ],
)
def test_the_last_message_and_how_many_wait(
    messages: list[Message], send: Send | None, since: float, last: LastMessage | None
) -> None:
    assert last_of(messages, send, waiting_since=since) == last


def test_an_older_message_never_stands_for_a_newer_one_that_is_not_stored(widget: Widget, clock: Clock) -> None:
    here = widget.services
    named = widget.portals[0], 1, "+79261112233"
    chat, _new = here.storage.chats.remember(*named, chat_ids=["79261112233@c.us"], proved=True, last_at=clock() - 100)
    told = MessageFacts(message=replace(THEIRS, at=int(clock()) - 100))
    here.storage.messages.grow(chat.portal_id, chat.line_id, chat.chat_ids[0], "a", merger(told))
    theirs_at = clock() - 100
    here.storage.conversations.waits.recounted(chat, since=theirs_at, theirs_at=theirs_at, answered_at=0.0)
    page = widget.open(lang="ru").reveal()
    assert "Когда?" in page.row("+7 926 111-22-33")
    assert 'data-waiting="1"' in page.row_html("+7 926 111-22-33")

    here.storage.chats.wrote(chat, clock())

    assert "Когда?" not in page.reveal().row("+7 926 111-22-33")
    assert "Когда?" not in repr(here.card.loader._clients._previews.of(chat.portal_id, [chat]))
