"""What clients say in voice messages, as words: heard by a model on this machine, one after the
other, in the worker.

A transcript is a fact of its message (message_facts.py): sealed with it, gone with it.
"""

import logging
import threading
from collections.abc import Callable
from queue import Full, Queue
from typing import Protocol

from widget.chats.message_facts import MessageFacts, merger
from widget.errors import AppError
from widget.gateways.base import EventKind, GatewayEvent, Message
from widget.gateways.lines import Gateways
from widget.logs import work
from widget.storage.conversations import Conversations
from widget.storage.counted import Went
from widget.storage.lines import Line
from widget.storage.portals import Portals
from widget.voice.notes import voice_note
from widget.voice.words import NotHeard

log = logging.getLogger(__name__)

MAX_WAITING = 50  # voice messages; those that come while so many wait stay without words


class SpeechModel(Protocol):
    """The model."""

    def __call__(self, note: bytes, language: str) -> str:
        """The words of a voice note. Raises NotHeard."""


class OneByOne:
    """Runs what it is given one after the other, in a thread that ends with its process."""

    def __init__(self, most: int = MAX_WAITING) -> None:
        self._waiting: Queue[Callable[[], None]] = Queue(most)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, job: Callable[[], None]) -> bool:
        """Says False where too much waits already."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="one-by-one", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(job)
        except Full:
            return False
        return True

    def _run(self) -> None:
        while True:
            job = self._waiting.get()
            with work("voice"):
                try:
                    job()
                except Exception:
                    log.exception("one_by_one.broken")  # the others are still heard


class Transcripts:
    def __init__(
        self,
        gateways: Gateways,
        conversations: Conversations,
        portals: Portals,
        model: SpeechModel,
        behind: Callable[[Callable[[], None]], bool],
    ) -> None:
        """`behind` runs what no webhook waits for, and says whether it will."""
        self._gateways = gateways
        self._conversations = conversations
        self._portals = portals
        self._model = model
        self._behind = behind

    def on_webhook(self, line: Line, phone: str, event: GatewayEvent, went: Went) -> None:
        """A client's voice message is written down as words, soon. No call here; never raises."""
        message = event.message
        if event.kind is not EventKind.MESSAGE or message is None or message.from_me:
            return
        if message.media is None or message.media.kind != "audio":
            return
        if not self._behind(lambda: self._hear(line, event.chat_ids, message)):
            log.warning("transcripts.full line=%s", line.id)

    def _hear(self, line: Line, chat_ids: tuple[str, ...], message: Message) -> None:
        """Never raises: without its words a voice message is what it was. Two calls to the
        gateway."""
        try:
            portal = self._portals.get(line.portal_id)
            recorded = self._gateways.of(line).media(chat_ids[0], message.ref)
            words = self._model(voice_note(recorded.body).body, portal.language if portal else "")
            if words:
                self._keep(line, chat_ids, message.id, words)
        except (AppError, NotHeard) as error:
            log.info("transcripts.none line=%s error=%s reason=%s", line.id, type(error).__name__, error)
        except Exception:
            log.exception("transcripts.broken line=%s", line.id)

    def _keep(self, line: Line, chat_ids: tuple[str, ...], message_id: str, words: str) -> None:
        merging = merger(MessageFacts(transcript=words))
        self._conversations.messages.grow(line.portal_id, line.id, chat_ids[0], message_id, merging)
        for chat in self._conversations.called(line.portal_id, line.id, chat_ids, (), message_id)[0]:
            self._conversations.chats.changed(chat)
