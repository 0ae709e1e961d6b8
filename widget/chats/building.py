"""Builds what reads and writes chats."""

from dataclasses import dataclass

from widget.bitrix24.rest import Rest
from widget.chats.beside import BesideReader
from widget.chats.colleagues import Colleagues
from widget.chats.ignoring import Ignoring
from widget.chats.leavers import Leavers
from widget.chats.notifying import Notifying, UsualReasons
from widget.chats.rights import ChatRights
from widget.chats.sending import Allowance, Feedback, Onlooker
from widget.chats.service import ChatService
from widget.chats.transcripts import OneByOne, Transcripts
from widget.chats.unclear import UnclearEnds
from widget.chats.unveiling import Unveiling
from widget.gateways.lines import Gateways
from widget.infrastructure import Infrastructure
from widget.storage.building import Repositories
from widget.voice.words import LocalModel


@dataclass(frozen=True)
class ChatParts:
    service: ChatService
    unclear_ends: UnclearEnds
    colleagues: Colleagues
    beside: BesideReader
    ignoring: Ignoring
    rights: ChatRights
    notifying: Notifying
    leavers: Leavers
    unveiling: Unveiling
    transcripts: Transcripts | None  # None where no model is set up


def build_chats(
    infra: Infrastructure,
    stored: Repositories,
    rest: Rest,
    gateways: Gateways,
    feedback: Feedback,
    allowance: Allowance,
    onlooker: Onlooker | None = None,
) -> ChatParts:
    """`feedback` learns from sends, `allowance` decides which may go out, `onlooker` is told of
    those that do."""
    service = ChatService(gateways, stored.conversations, infra.clock, feedback, allowance, onlooker)
    unclear_ends = UnclearEnds(
        stored.conversations,
        stored.portals,
        stored.lines,
        service.look_for,
        infra.cache,
        infra.workers,
        infra.clock,
    )
    usual = UsualReasons(stored.lines, gateways, stored.conversations, stored.staff, infra.clock)
    notifying = Notifying(rest, stored.portals, stored.notices, usual, infra.clock)
    leavers = Leavers(rest, stored.portals, stored.conversations.waits, stored.staff)
    colleagues = Colleagues(stored.sends, infra.cache, infra.clock)
    rights = ChatRights(rest, stored.conversations.waits, stored.conversations.hidden, stored.staff, infra.clock)
    unveiling = Unveiling(gateways, stored.conversations, stored.portals, stored.lines)
    transcripts = None
    if infra.config.speech_model:
        model = LocalModel(infra.config.speech_model)
        transcripts = Transcripts(gateways, stored.conversations, stored.portals, model, OneByOne())
    return ChatParts(
        service=service,
        unclear_ends=unclear_ends,
        colleagues=colleagues,
        beside=BesideReader(stored, colleagues, infra.clock),
        ignoring=Ignoring(stored),
        rights=rights,
        notifying=notifying,
        leavers=leavers,
        unveiling=unveiling,
        transcripts=transcripts,
    )
