"""Mirror what was written down: one chat at a time, its pieces in their order, each once, even if a
process is killed.

A call that cannot be repeated is written down before it goes out. Where its end is not known, the
message is looked for in the open line by its id before anything is sent again.
"""

import logging
from dataclasses import replace
from enum import Enum
from mimetypes import guess_extension

from widget.bitrix24.errors import NOT_THEIRS, is_silent, said_no
from widget.chats.message_facts import MessageFacts, merge_facts, read_facts, seen
from widget.errors import AppError, ErrorCode, Refused
from widget.gateways.base import GatewayError, GatewayErrorCode, Message
from widget.openlines import words
from widget.openlines.calls import MessageRefused, OpenLineCalls, Posted
from widget.openlines.connector_events import OperatorMessage, read_words
from widget.openlines.files import FileAddresses, FileRef
from widget.openlines.markup import mark_of, to_portal
from widget.openlines.owners import LineOwners
from widget.openlines.replies import Replies, is_of, is_passing, piece_key
from widget.openlines.scenes import Scene, Scenes
from widget.openlines.sharing import Sharing
from widget.storage.conversations import Conversations
from widget.storage.mirrors import FROM_OPERATORS, ORIGINALS, Mirror, Mirrors, New, Piece, PieceKind, State
from widget.storage.sends import DECIDED_WITHIN, REPLY, TOLD, UNCLEAR, Send, SendState
from widget.storage.tries import MAX_ERROR
from widget.untrusted import as_positive_int

log = logging.getLogger(__name__)

LOOK_AGAIN, LOOK_RARELY = 30.0, 3600.0  # seconds until a send that is unclear, or missing, is looked at again
# Seconds until a message without a clear end is looked for: the portal may still be at it, longest
# with a file that it fetches (and two calls for one chat wait for each other).
UNCLEAR_TEXT, UNCLEAR_FILE = 30.0, 300.0
SOON = 20.0  # seconds in which an operator's message goes out as its event told it
TRIED_FOR = 900.0  # seconds in which an operator's message waits for a gateway that is away
MAX_WAITS = 20  # for a rep whose token is gone to open a card again
MAX_REFUSALS = 5  # of one piece that Bitrix24 does not take though it answers
PASSING = frozenset({ErrorCode.PORTAL_FAILED, ErrorCode.BROKEN, ErrorCode.CROWDED, ErrorCode.PORTAL_BUSY})

SPENT = frozenset({ErrorCode.SENDS_SPENT, ErrorCode.FIRSTS_SPENT, ErrorCode.CHECKS_SPENT})  # until a time that is told


class Worked(Enum):
    """The outcome of one turn at a mirror."""

    ALL = "all"
    FAILED = "failed"  # something is tried again
    IN_VAIN = "in_vain"  # and the portal does not answer


class Unclear(Exception):
    """A call went out and its end is unknown. `pause` is the seconds until it is looked for."""

    def __init__(self, error: Refused, pause: float) -> None:
        super().__init__(str(error))
        self.error = error
        self.pause = pause


class MirrorWork:
    def __init__(
        self,
        mirrors: Mirrors,
        scenes: Scenes,
        conversations: Conversations,
        calls: OpenLineCalls,
        replies: Replies,
        addresses: FileAddresses,
        owners: LineOwners,
    ) -> None:
        self._mirrors = mirrors
        self._scenes = scenes
        self._conversations = conversations
        self._calls = calls
        self._replies = replies
        self._addresses = addresses
        self._owners = owners
        self._clock = owners.clock
        self._sharing = Sharing(owners.clock)

    def work(self, mirror_id: int) -> None:
        """All that may be worked on of one mirror, if no other caller has it and its portal does
        not rest. Never raises: what fails comes again."""
        self._sharing.run(self._mirrors.portal_of(mirror_id), mirror_id, self._work_alone)

    def work_on_what_was_left(self) -> int:
        """Every mirror that is due: lost wake-ups, and what failed before. Returns how many."""
        due = self._mirrors.due()
        for portal_id, mirror_id in due:
            self._sharing.run(portal_id, mirror_id, self._work_alone)
        return len(due)

    def _work_alone(self, mirror_id: int) -> bool:
        """False where the portal does not answer."""
        while mirror := self._mirrors.take(mirror_id):
            said = self._work_on(mirror)
            if said is not Worked.ALL or not self._mirrors.waits(mirror):
                return said is not Worked.IN_VAIN  # else a piece came between the last look and the release
        return True

    def _work_on(self, mirror: Mirror) -> Worked:
        piece, stirred = None, False
        try:
            scene = self._scenes.of(mirror)
            while scene and (piece := self._mirrors.next(mirror)):
                mirror, stirred = self._do(scene, mirror, piece), True
        except Unclear as unclear:
            return self._failed(mirror, piece, unclear.error, self._clock() + unclear.pause)
        except AppError as error:
            return self._failed(mirror, piece, error, error.until)
        except Exception as error:
            if not isinstance(error, MessageRefused):
                log.exception("mirror.broken mirror=%s", mirror.id)
            return self._failed(mirror, piece, error, 0.0)
        self._mirrors.release(mirror, stirred=stirred)
        return Worked.ALL

    def _failed(self, mirror: Mirror, piece: Piece | None, error: Exception, until: float) -> Worked:
        """Try again later; but a piece that Bitrix24 refuses again and again is left out, and the
        rest goes on."""
        if isinstance(error, Refused) and error.code in SPENT:  # nothing is wrong, and each try would double a pause
            if piece is None:
                self._mirrors.release(mirror, until=until)
                return Worked.FAILED
            self._mirrors.hold(piece, until)  # what the client writes meanwhile goes on
            self._mirrors.release(mirror)
            return Worked.ALL
        said = (error.reason or error.code.value) if isinstance(error, AppError) else (str(error) or "refused")
        said = said if isinstance(error, AppError | MessageRefused) else type(error).__name__
        log.warning(
            "mirror.failed mirror=%s line=%s attempt=%s error=%s", mirror.id, mirror.line_id, mirror.attempts + 1, said
        )
        hopeless = isinstance(error, MessageRefused) or getattr(error, "code", None) is ErrorCode.BROKEN
        # Tries that an outage took are none of a refusal's: it has to say so twice.
        if piece and hopeless and mirror.attempts >= MAX_REFUSALS and mirror.error == said[:MAX_ERROR]:
            self._mirrors.end(piece, State.FAILED, error=said)
            self._mirrors.release(mirror)
            return Worked.ALL
        self._mirrors.release(mirror, error=said, until=until)
        return Worked.IN_VAIN if isinstance(error, Refused) and is_silent(error) else Worked.FAILED

    def _do(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        if piece.what in FROM_OPERATORS and (until := self._mirrors.held_until(piece)):
            self._mirrors.hold(piece, until)  # in their order
            return mirror
        match piece.what:
            case PieceKind.CLIENT:
                return self._client_wrote(scene, mirror, piece)
            case PieceKind.PHONE:
                return self._written_on_phone(scene, mirror, piece)
            case PieceKind.CARD:
                return self._sent_from_card(scene, mirror, piece)
            case PieceKind.EDIT | PieceKind.DELETE:
                return self._client_changed(scene, mirror, piece)
            case PieceKind.OURS:
                return self._ours_changed(scene, mirror, piece)
            case PieceKind.REACTION:
                return self._post(scene, mirror, piece, words.reaction(scene.portal, piece.words), system=True)
            case PieceKind.NOTE:
                return self._note(scene, mirror, piece)
            case PieceKind.OWNER:
                return self._owner_changed(scene, mirror, piece)
            case PieceKind.OPERATOR:
                return self._operator_wrote(scene, mirror, piece)
            case PieceKind.NEWER:  # that version is not coming any more
                return self._end(mirror, piece, State.DROPPED)
        return self._operator_changed(scene, mirror, piece)

    # Into the open line.

    def _client_wrote(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        message = self._message(scene, piece.message_id)
        if message is None or message.deleted:
            return self._end(mirror, piece, State.DROPPED)
        text = words.of_message(scene.portal, message, self._clock())
        return self._post(scene, mirror, piece, text, message=message)

    def _client_changed(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        """Mirror a change of the client's message, if the message stands in the open line.
        Repeatable."""
        message = self._message(scene, piece.message_id)
        if message is None or not self._mirrors.has(mirror, f"in:{piece.message_id}"):
            return self._end(mirror, piece, State.DROPPED)
        if message.deleted:
            self._calls.delete(scene.portal, scene.place, piece.message_id)
        else:
            text = words.of_message(scene.portal, message, float(message.at))
            self._calls.change(scene.portal, scene.place, piece.message_id, text)
        return self._end(mirror, piece, State.DONE)

    def _written_on_phone(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        """What looks like it may be a send of ours, under an id that its gateway gave it: wait for
        the send's end."""
        if self._conversations.sends.by_message(scene.portal.id, scene.line.id, piece.message_id):
            return self._end(mirror, piece, State.DROPPED)
        since = piece.created_at - 3600.0
        if any(
            send.state in UNCLEAR for send in self._conversations.sends.recent(scene.portal.id, scene.chat.id, since)
        ):
            self._mirrors.postpone(piece, LOOK_AGAIN)
            return mirror
        message = self._message(scene, piece.message_id)
        if message is None or message.deleted:
            return self._end(mirror, piece, State.DROPPED)
        text = words.from_phone(scene.portal, words.of_message(scene.portal, message, self._clock()))
        return self._post(scene, mirror, piece, text, message=message, system=True)

    def _ours_changed(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        """As it is at the client now, where it stands in the open line. Repeatable."""
        original, facts = self._ours(scene, mirror, piece.message_id), self._told(scene, piece.message_id)
        if original and original.state in (State.WAITING, State.ASKED):
            self._mirrors.postpone(piece, LOOK_AGAIN)
            return mirror
        if original is None or original.state is not State.DONE or not (facts.deleted or facts.edit):
            return self._end(mirror, piece, State.DROPPED)
        text = None if facts.deleted or not facts.edit else to_portal(_unsigned(facts.edit[1]))
        if original.mark == mark_of(text or ""):
            return self._end(mirror, piece, State.DROPPED)  # it was changed there, or is so already
        try:
            self._rewrite(scene, original, text)
        except Refused as error:
            if error.code not in NOT_THEIRS and not said_no(error):
                raise
            return self._end(mirror, piece, State.FAILED, error=error.reason)
        self._mirrors.mark(original, mark_of(text or ""))
        return self._end(mirror, piece, State.DONE)

    def _ours(self, scene: Scene, mirror: Mirror, message_id: str) -> Piece | None:
        """What was written in a card, on the phone or in the open line and has this id; of what
        went out in parts none is the whole."""
        sends = self._conversations.sends.by_message(scene.portal.id, scene.line.id, message_id)
        keys = [piece_key(send) for send in sends] or [f"phone:{message_id}"]
        found = next(filter(None, (self._mirrors.piece(mirror, key) for key in keys)), None)
        in_parts = found and found.what is PieceKind.OPERATOR and len(self._names(scene, found)) > 1
        return None if in_parts else found

    def _rewrite(self, scene: Scene, original: Piece, text: str | None) -> None:
        if original.im_id:
            self._calls.rewrite(scene.portal, original.user_id, original.im_id, text)
        elif text is None:
            self._calls.delete(scene.portal, scene.place, original.message_id)
        else:
            titled = words.from_colleague if original.what is PieceKind.CARD else words.from_phone
            self._calls.change(scene.portal, scene.place, original.message_id, titled(scene.portal, text))

    def _note(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        """Only of what stands in the open line: for the rest its own card says it."""
        send_key = piece.key.partition(":")[2]
        if send_key.startswith(REPLY) or self._mirrors.has(mirror, f"card:{send_key}"):
            return self._post(scene, mirror, piece, words.failure(scene.portal, piece.words), system=True)
        return self._end(mirror, piece, State.DROPPED)

    def _owner_changed(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        """Give the chat's owner the chat in Bitrix24 too; where Bitrix24 refuses, its operator
        stays."""
        try:
            mirror = self._owners.give(scene.portal, mirror, piece.user_id, as_positive_int(piece.words))
        except Refused as error:
            if error.code not in NOT_THEIRS and not said_no(error):
                raise
            return self._end(mirror, piece, State.FAILED, error=error.reason)
        return self._end(mirror, piece, State.DONE)

    def _sent_from_card(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        """What went out stands there too; what has no clear end waits for it."""
        send = self._conversations.sends.by_key(scene.portal.id, piece.key.partition(":")[2])
        if send is None or send.state is SendState.FAILED or not send.text or not scene.line.mirrors_ours:
            return self._end(mirror, piece, State.DROPPED)
        if send.state not in (*UNCLEAR, SendState.MISSING):
            mirror = self._tell_of_card(scene, mirror, piece, send)
            self._conversations.sends.trail.add(send, TOLD)
            return mirror
        if self._clock() > send.created_at + DECIDED_WITHIN:
            return self._end(mirror, piece, State.DROPPED)
        self._mirrors.postpone(piece, LOOK_AGAIN if send.state in UNCLEAR else LOOK_RARELY)
        return mirror

    def _tell_of_card(self, scene: Scene, mirror: Mirror, piece: Piece, send: Send) -> Mirror:
        """As the rep's own message where there is a chat and they may, else as the system's."""
        if piece.user_id and piece.state is State.ASKED and not mirror.portal_chat:
            mirror, there = self._look_for(scene, mirror, send.message_id)
            if there:
                self._mirrors.end(piece, State.DONE, message_id=send.message_id)
                return self._make_operator(scene, mirror, piece.user_id)
            piece = replace(piece, state=State.WAITING)
        late = words.late(send.created_at, self._clock())
        text = "\n".join(line for line in (late, to_portal(_unsigned(send.text))) if line)
        if piece.user_id and mirror.portal_chat:
            try:
                return self._say(scene, mirror, piece, send, text)
            except Refused as error:
                # What may have been said is said again by no other: its echo would reach the
                # client.
                unsaid = piece.state is State.WAITING or mirror.attempts >= MAX_WAITS
                if not unsaid or (error.code not in NOT_THEIRS and not said_no(error)):
                    raise
                log.info("mirror.not_as_user mirror=%s user=%s error=%s", mirror.id, piece.user_id, error.reason)
        user_id = piece.user_id if not mirror.portal_chat else 0
        text, outside = words.from_colleague(scene.portal, text), send.message_id
        mirror = self._post(scene, mirror, piece, text, system=True, outside=outside, user_id=user_id)
        return self._make_operator(scene, mirror, user_id)

    def _say(self, scene: Scene, mirror: Mirror, piece: Piece, send: Send, text: str) -> Mirror:
        """As the rep's own message. Bitrix24 tells it back: it is known by its id, which is kept
        before anything of this chat is worked on. The same key gives the same message, so it may be
        asked again."""
        self._mirrors.ask(piece)
        im_id = self._calls.say(scene.portal, piece.user_id, mirror.portal_chat, text, key=piece.key)
        self._mirrors.name(piece, im_id)
        self._mirrors.mark(piece, mark_of(text))
        self._calls.delivered(scene.portal, scene.place, mirror.portal_chat, im_id, [send.message_id])
        mirror = self._end(mirror, piece, State.DONE, message_id=send.message_id)
        return mirror if mirror.operator else self._mirrors.learn(mirror, operator=piece.user_id)

    def _make_operator(self, scene: Scene, mirror: Mirror, user_id: int) -> Mirror:
        """A chat that a card's message made is answered by its writer, so that its client does not
        wait."""
        if not user_id or not mirror.portal_chat:
            return mirror
        try:
            owner = self._calls.answer(scene.portal, user_id, mirror.portal_chat)
        except Refused as error:
            log.info("mirror.not_operator mirror=%s user=%s error=%s", mirror.id, user_id, error.reason)
            return mirror
        return self._mirrors.learn(mirror, operator=owner)

    def _post(
        self,
        scene: Scene,
        mirror: Mirror,
        piece: Piece,
        text: str,
        *,
        message: Message | None = None,
        system: bool = False,
        outside: str = "",
        user_id: int | None = None,
    ) -> Mirror:
        """A message through the connector, once."""
        outside = outside or (message.id if message else f"note-{piece.id}")
        if piece.state is State.ASKED:
            mirror, there = self._look_for(scene, mirror, outside)
            if there:
                return self._end(mirror, piece, State.DONE, message_id=outside)
        files = self._files(scene, message)
        text = text or ("" if files else words.nothing_shown(scene.portal))
        self._mirrors.ask(piece, user_id=user_id)
        try:
            posted = self._calls.post(scene.portal, scene.place, outside, text, system=system, files=files)
        except MessageRefused:
            self._mirrors.wait(piece)
            raise
        except Refused as error:
            if said_no(error):
                self._mirrors.wait(piece)
                raise
            raise Unclear(error, UNCLEAR_FILE if files else UNCLEAR_TEXT) from error
        return self._end(self._learnt(mirror, posted), piece, State.DONE, message_id=outside)

    def _look_for(self, scene: Scene, mirror: Mirror, outside: str) -> tuple[Mirror, bool]:
        known = {"chat": mirror.portal_chat, "client": mirror.client, "session": mirror.session}
        found = self._calls.find(scene.portal, scene.place, outside, **known)
        return self._learnt(mirror, Posted(found.chat, found.client)), found.there

    def _learnt(self, mirror: Mirror, posted: Posted) -> Mirror:
        news = {"portal_chat": posted.chat, "client": posted.client, "session": posted.session}
        known = {name: value for name, value in news.items() if value and value != getattr(mirror, name)}
        return self._mirrors.learn(mirror, **known) if known else mirror

    def _files(self, scene: Scene, message: Message | None) -> list[dict[str, str]]:
        if message is None or message.media is None or not message.ref:
            return []
        media = message.media
        name = media.name or f"{media.kind}{guess_extension(media.mimetype.partition(';')[0]) or ''}"
        address = self._addresses.of(FileRef(scene.portal.id, scene.chat.id, message.ref), name)
        return [{"url": address, "name": name}]

    # Out of it.

    def _operator_wrote(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        message = read_words(piece.words)
        # By its id alone: two equal texts are two messages.
        if message is None or self._mirrors.ended_as(scene.portal.id, piece.im_id, [PieceKind.CARD]):
            return self._end(mirror, piece, State.DROPPED)
        here = message.place == scene.place.name  # else it stands in the room of a chat that was joined with this one
        if message.chat and here and not mirror.portal_chat:
            mirror = self._mirrors.learn(mirror, portal_chat=message.chat)
        age = self._clock() - piece.created_at
        if age > SOON:  # it may have been changed or taken back meanwhile, of which no event tells before its delivery
            text = self._text_now(scene, mirror, message)
            if text is None:
                return self._end(mirror, piece, State.DROPPED)
            message = replace(message, text=text)
        sends, failure = self._replies.send(scene.portal, scene.line, scene.chat, message)
        patient = age < TRIED_FOR
        if failure and _passes(failure, left=TRIED_FOR - age, now=self._clock()):
            raise failure
        states = {send.state for send in sends}
        if states & set(UNCLEAR):
            self._mirrors.postpone(piece, LOOK_AGAIN)
            return mirror
        failed = next((send for send in sends if send.state in (SendState.FAILED, SendState.MISSING)), None)
        if failed and patient and is_passing(failed):
            raise GatewayError(GatewayErrorCode(failed.reason))  # what comes after it waits for it
        if failure or failed:
            code = _code_of(failure) if failure else failed.reason if failed else ""
            if failed and failed.state is SendState.MISSING:
                code = "missing"
            partly = bool(states - {SendState.FAILED, SendState.MISSING})
            return self._not_sent(scene, mirror, piece, words.PARTLY + code if partly else code)
        if sends:
            names = [send.message_id for send in sends]
            self._mirrors.mark(piece, mark_of(message.text))
            room = message.chat or (mirror.portal_chat if here else 0)
            if room:
                place = replace(scene.place, name=message.place)
                self._calls.delivered(scene.portal, place, room, piece.im_id, names)
        return self._end(mirror, piece, State.DONE, message_id=sends[0].message_id if sends else "")

    def _operator_changed(self, scene: Scene, mirror: Mirror, piece: Piece) -> Mirror:
        """A text that the operator changed or took back, also one that was sent from a card by the
        same person. Events come in any order and twice, so a change asks what stands there now. One
        call for that."""
        message = read_words(piece.words)
        if message is None:
            return self._end(mirror, piece, State.DROPPED)
        original = self._mirrors.ended_as(scene.portal.id, piece.im_id, ORIGINALS)
        names = self._names(scene, original) or message.outside
        text = "" if piece.what is PieceKind.RECALLED else self._text_now(scene, mirror, message)
        done = piece.what is PieceKind.CHANGED and original and original.mark == mark_of(text or "")
        if not names or text is None or done:
            return self._end(mirror, piece, State.DROPPED)
        try:
            for message_id in names if piece.what is PieceKind.RECALLED else names[:1]:
                facts = self._told(scene, message_id)
                if facts.deleted:
                    continue  # it was taken back in the card, and there because of that
                sends = self._conversations.sends.by_message(scene.portal.id, scene.line.id, message_id)
                known = facts, next(iter(sends), None)
                named = self._replies.named(scene.line, scene.chat, message_id, *known)
                if piece.what is PieceKind.RECALLED:
                    self._replies.recall(scene.line, scene.chat, named)
                else:
                    self._replies.change(scene.line, scene.chat, named, text)
        except Refused as error:
            return self._not_sent(scene, mirror, piece, error.code.value)
        if original:
            self._mirrors.mark(original, mark_of(text))
        return self._end(mirror, piece, State.DONE)

    def _text_now(self, scene: Scene, mirror: Mirror, message: OperatorMessage) -> str | None:
        """As the open line has it; None for what was deleted there. What it does not tell is as the
        event said."""
        chat = message.chat or mirror.portal_chat
        there = self._calls.read(scene.portal, [chat])[chat] if chat else None
        found = next((one for one in (there.messages if there else ()) if one.im_id == message.im_id), None)
        return message.text if found is None else None if found.deleted else found.text

    def _names(self, scene: Scene, original: Piece | None) -> tuple[str, ...]:
        """What we call a message of the messenger, each of its parts."""
        if original is None or not original.message_id:
            return ()
        if original.what is PieceKind.CARD:
            return (original.message_id,)
        sends = self._conversations.sends.recent(scene.portal.id, scene.chat.id, original.created_at - 3600.0)
        parts = [send.message_id for send in sends if is_of(send, original.im_id)]
        return tuple(parts) or (original.message_id,)

    def _not_sent(self, scene: Scene, mirror: Mirror, piece: Piece, code: str) -> Mirror:
        """Say so in the open line's chat; that does not reach the client."""
        with self._conversations.transaction():
            name = piece.im_id if piece.what is PieceKind.OPERATOR else piece.key
            self._mirrors.put(scene.chat, New(f"failed:{REPLY}{name}", PieceKind.NOTE, words=code or "failed"))
            return self._end(mirror, piece, State.FAILED, error=code)

    def _end(self, mirror: Mirror, piece: Piece, state: State, *, error: str = "", **known: int | str) -> Mirror:
        self._mirrors.end(piece, state, error=error, **known)
        return mirror

    def _message(self, scene: Scene, message_id: str) -> Message | None:
        return seen(self._told(scene, message_id))

    def _told(self, scene: Scene, message_id: str) -> MessageFacts:
        """What webhooks told of a message, under whichever id of its chat. One query."""
        facts = MessageFacts()
        for body in self._conversations.messages.bodies_of(scene.portal.id, scene.line.id, message_id):
            facts = merge_facts(facts, read_facts(body))
        return facts


def _unsigned(text: str) -> str:
    """Without the name that the client reads: the messenger shows whose message it is."""
    head, mark, rest = text.partition(":*\n")
    return rest if mark and head.startswith("*") and "\n" not in head else text


def _passes(failure: Refused | GatewayError, *, left: float, now: float) -> bool:
    """Whether it may go out a moment later, in the seconds that are left for it."""
    if isinstance(failure, GatewayError):
        return left > 0
    if failure.code in SPENT:
        return failure.until - now < left
    return failure.code in PASSING or (left > 0 and failure.code is ErrorCode.CANNOT_COUNT)


def _code_of(failure: Refused | GatewayError) -> str:
    return failure.gateway_code.value if isinstance(failure, GatewayError) else failure.code.value
