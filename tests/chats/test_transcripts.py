"""Words of a client's voice message: heard once, behind, and never in the way of anything."""

from dataclasses import replace
from threading import Event

import pytest

from sandbox import people
from sandbox.gateway.media import opus
from tests.chats.conftest import FakeGateway, FakeGateways
from tests.stand import PATIENCE
from widget.chats.message_facts import MessageFacts, merge_facts, merger
from widget.chats.transcripts import OneByOne, Transcripts
from widget.gateways.base import EventKind, File, GatewayError, GatewayErrorCode, GatewayEvent, Media, Message
from widget.gateways.serialization import events_json
from widget.storage.counted import Went
from widget.voice import words as words_module
from widget.voice.words import LocalModel, NotHeard

IVAN_ROW = "+7 961 951-00-00"
CHAT_ID = f"{people.IVAN.phone[1:]}@c.us"
SPOKEN = Media("audio", "audio/ogg", "", seconds=2)


class Ears:
    """A model that a test decides, on an open card, and the worker's queue that it is behind."""

    def __init__(self, widget):
        self.widget, self.said, self.asked, self.waiting, self.full = widget, "Перезвоните мне", [], [], False
        services = widget.services
        self.line = services.storage.lines.of(widget.portals[0])[0]
        self.gateway = FakeGateway()
        self.gateway.media = lambda chat_id, ref: File("audio/ogg", "", self.body)
        self.body = opus.silence(2)
        stored = services.storage
        self.transcripts = Transcripts(
            FakeGateways(self.gateway), stored.conversations, stored.portals, self.hear, self.later
        )
        self.card = widget.open().reveal()
        self.chat = self.card.open_chat(self.card.keys[IVAN_ROW]).chat

    def hear(self, note, language):
        self.asked.append((note[:4], language))
        if isinstance(self.said, Exception):
            raise self.said
        return self.said

    def later(self, job):
        if not self.full:
            self.waiting.append(job)
        return not self.full

    def comes(self, **changes):
        """A client's voice message, told by a webhook."""
        at = int(self.widget.clock())
        message = replace(Message("V1", "ref_V1", at, False, "", media=SPOKEN), **changes)
        stored = self.widget.services.storage.messages
        stored.grow(self.line.portal_id, self.line.id, CHAT_ID, "V1", merger(MessageFacts(message)))
        event = GatewayEvent(EventKind.MESSAGE, at, (CHAT_ID,), "V1", message.from_me, message)
        self.transcripts.on_webhook(self.line, people.IVAN.phone, event, Went(0))

    def work(self):
        while self.waiting:
            self.waiting.pop(0)()

    def page(self):
        return self.card.history(self.chat).text


@pytest.fixture
def ears(widget):
    return Ears(widget)


def test_the_words_of_a_voice_message_stand_beside_it_once_they_were_heard(ears):
    ears.comes()
    assert ears.asked == []  # not while a webhook is worked on
    ears.work()
    assert ears.asked == [(b"OggS", "")]
    assert "Перезвоните мне" in ears.page()


@pytest.mark.parametrize("changes", [{"from_me": True}, {"media": None}, {"media": replace(SPOKEN, kind="video")}])
def test_nothing_but_a_clients_voice_is_heard(ears, changes):
    ears.comes(**changes)
    assert ears.waiting == []


@pytest.mark.parametrize("said", ["", NotHeard("killed"), ValueError("a fault of ours")])
def test_a_model_that_says_nothing_or_fails_leaves_the_message_as_it_was(ears, said):
    ears.said = said
    ears.comes()
    ears.work()
    assert "bubble-transcript" not in ears.page()


def test_what_is_no_voice_or_cannot_be_fetched_never_reaches_the_model(ears):
    ears.body = b"MZ\x90"
    ears.comes()
    ears.work()

    def gone(chat_id, ref):
        raise GatewayError(GatewayErrorCode.NO_SUCH_THING)

    ears.gateway.media = gone
    ears.comes()
    ears.work()
    assert ears.asked == []


def test_where_too_much_waits_a_voice_message_stays_without_words(ears):
    ears.full = True
    ears.comes()
    assert ears.waiting == []


def test_the_words_of_a_deleted_message_are_forgotten():
    heard, deleted = MessageFacts(transcript="Да"), MessageFacts(deleted=True)
    assert merge_facts(heard, deleted) == merge_facts(deleted, heard) == deleted


def test_a_portals_own_language_is_what_the_model_listens_for(ears):
    ears.widget.services.storage.portals.set_defaults(
        ears.widget.portals[0], country="RU", language="en", light_hours=()
    )
    ears.comes()
    ears.work()
    assert ears.asked == [(b"OggS", "en")]


def test_without_a_model_nothing_listens(widget):
    assert widget.services.chats.transcripts is None


def test_with_a_model_a_webhook_leads_to_words(make_widget, tmp_path, monkeypatch):
    monkeypatch.setattr(Transcripts, "_hear", lambda self, line, chat_ids, message: heard.append(message.id))
    monkeypatch.setattr(OneByOne, "__call__", lambda self, job: job() or True)
    heard, widget = [], make_widget(speech_model=str(tmp_path))
    line = widget.services.storage.lines.of(widget.portals[0])[0]
    at = int(widget.clock())
    spoken = Message("V1", "ref", at, False, "", media=SPOKEN)
    told = events_json([GatewayEvent(EventKind.MESSAGE, at, (CHAT_ID,), "V1", message=spoken)])
    for _ in range(2):  # gateways tell things twice
        widget.services.webhooks.ingest.work(widget.services.storage.inbox.add(line.portal_id, line.id, told))
    assert heard == ["V1"]


def test_one_is_heard_after_the_other_and_only_so_many_wait():
    behind, order, begun, go_on, done = OneByOne(most=2), [], Event(), Event(), Event()
    assert behind(lambda: [begun.set(), go_on.wait(PATIENCE), order.append(1), 1 / 0])  # and ends none of the others
    assert begun.wait(PATIENCE)
    assert behind(lambda: order.append(2)) and behind(done.set)
    assert not behind(lambda: order.append(3))
    go_on.set()
    assert done.wait(PATIENCE) and order == [1, 2]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (
            "import sys; assert sys.stdin.buffer.read(4) == b'OggS'; print(' '.join(sys.argv[1:]))",
            "{} /model ru",
        ),
        ("import os; print(sorted(set(os.environ) - {'LC_CTYPE', 'HF_HUB_OFFLINE', 'OMP_NUM_THREADS', 'HOME'}))", "[]"),
        ("import sys; sys.exit(1)", None),
    ],
)
def test_the_model_is_a_program_that_gets_a_note_and_no_secret(tmp_path, monkeypatch, program, words):
    file = tmp_path / "model.py"
    file.write_text(program)
    monkeypatch.setattr(words_module, "PROGRAM", file)
    package = tmp_path / "packages" / "faster_whisper" / "__init__.py"
    package.parent.mkdir(parents=True)
    package.touch()
    monkeypatch.syspath_prepend(tmp_path / "packages")
    model = LocalModel("/model")
    if words is None:
        with pytest.raises(NotHeard):
            model(b"OggS", "ru")
    else:
        assert model(b"OggS", "ru") == words.format(tmp_path / "packages")
