"""The parts of this room, made in two steps: chats and webhooks want to know the first, the second wants the chats."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
from sqlalchemy import Engine

from widget.bitrix24.install import Installer
from widget.bitrix24.rest import Rest
from widget.bitrix24.userfield import names_of
from widget.chats.service import ChatService
from widget.config import Config
from widget.gateways.lines import Gateways
from widget.jobs.queue import Jobs
from widget.openlines.calls import OpenLineCalls
from widget.openlines.desk import Desks
from widget.openlines.files import FileAddresses, PortalFiles
from widget.openlines.mirroring import OpenLineMirror
from widget.openlines.replies import Replies
from widget.openlines.setting_up import MirrorSetup
from widget.openlines.work import MirrorWork
from widget.storage.conversations import Conversations
from widget.storage.lines import Lines
from widget.storage.mirrors import Mirrors
from widget.storage.portals import Portals
from widget.storage.vault import Vault


@dataclass(frozen=True)
class OpenLines:
    """What the rest of the house uses of this room."""

    mirrors: Mirrors
    work: MirrorWork
    setup: MirrorSetup
    addresses: FileAddresses
    desks: Desks


@dataclass(frozen=True)
class OpenLineParts:
    """`mirror` is told what is to be mirrored; `build` makes the rest when the chats are there."""

    calls: OpenLineCalls
    mirrors: Mirrors
    mirror: OpenLineMirror
    vault: Vault
    jobs: Jobs
    clock: Callable[[], float]

    def build(
        self,
        config: Config,
        portals: Portals,
        lines: Lines,
        conversations: Conversations,
        chats: ChatService,
        gateways: Gateways,
        installer: Installer,
        client: httpx.Client,
    ) -> OpenLines:
        """`client` fetches what operators attach."""
        addresses = FileAddresses(self.vault, config.public_url, self.clock)
        replies = Replies(chats, gateways, PortalFiles(client, allow_http=config.allow_http))
        work = MirrorWork(self.mirrors, portals, lines, conversations, self.calls, replies, addresses, self.clock)
        self.jobs.does("mirror", work.work)
        setup = MirrorSetup(self.calls, installer, portals, lines, self.mirrors, public_url=config.public_url)
        return OpenLines(self.mirrors, work, setup, addresses, Desks(self.calls, self.mirrors))


def open_line_parts(
    engine: Engine,
    vault: Vault,
    rest: Rest,
    lines: Lines,
    conversations: Conversations,
    jobs: Jobs,
    client_id: str,
    clock: Callable[[], float],
) -> OpenLineParts:
    """The connector is called as our custom field's type is: by a mark of our own client id."""
    calls, mirrors = OpenLineCalls(rest, names_of(client_id).type_id), Mirrors(engine, vault, clock)
    mirror = OpenLineMirror(
        mirrors,
        lines,
        conversations.chats,
        calls.connector,
        wake=lambda mirror_id: jobs.wake("mirror", mirror_id),
        clock=clock,
    )
    return OpenLineParts(calls, mirrors, mirror, vault, jobs, clock)
