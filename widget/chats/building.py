"""Builds what reads and writes chats."""

from dataclasses import dataclass

from widget.chats.sending import Allowance, Feedback
from widget.chats.service import ChatService
from widget.chats.unclear import UnclearEnds
from widget.gateways.lines import Gateways
from widget.infrastructure import Infrastructure
from widget.storage.building import Repositories


@dataclass(frozen=True)
class ChatParts:
    service: ChatService
    unclear_ends: UnclearEnds


def build_chats(
    infra: Infrastructure, stored: Repositories, gateways: Gateways, feedback: Feedback, allowance: Allowance
) -> ChatParts:
    """`feedback` learns from sends, `allowance` says which may leave."""
    service = ChatService(gateways, stored.conversations, infra.clock, feedback, allowance)
    unclear_ends = UnclearEnds(
        stored.conversations,
        stored.portals,
        stored.lines,
        service.look_for,
        infra.answers,
        infra.workers,
        infra.clock,
    )
    return ChatParts(service, unclear_ends)
