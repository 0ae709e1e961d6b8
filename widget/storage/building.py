"""Builds the repositories of one database."""

import atexit
import weakref
from dataclasses import dataclass

from sqlalchemy import Engine

from widget.infrastructure import Infrastructure
from widget.marks import Marks
from widget.storage.card_fields import CardFields
from widget.storage.changes import Changes
from widget.storage.chats import Chats
from widget.storage.conversations import Conversations
from widget.storage.counted import Counted
from widget.storage.database import open_database
from widget.storage.events import Events
from widget.storage.hidden_clients import HiddenClients
from widget.storage.ignores import Ignores
from widget.storage.inbox import Inbox
from widget.storage.kept_files import KeptFiles
from widget.storage.line_health import LineHealths
from widget.storage.lines import Lines
from widget.storage.messages import Messages
from widget.storage.mirrors import Mirrors
from widget.storage.notices import Notices
from widget.storage.portals import Portals
from widget.storage.presences import Presences
from widget.storage.replies import QuickReplies
from widget.storage.rest_log import RestLog
from widget.storage.scheduled import ScheduledSends
from widget.storage.secret_box import SecretBox
from widget.storage.sends import Sends
from widget.storage.settings import UserSettings
from widget.storage.staff import Staff
from widget.storage.timelines import Timelines
from widget.storage.tokens import Tokens
from widget.storage.turns import Turns
from widget.storage.usage import Usage, flush_at_exit


@dataclass(frozen=True)
class Repositories:
    """Everything that SQL has, and the key that seals it."""

    engine: Engine
    secret_box: SecretBox
    portals: Portals
    tokens: Tokens
    lines: Lines
    line_health: LineHealths
    conversations: Conversations
    settings: UserSettings
    changes: Changes
    events: Events
    inbox: Inbox
    presences: Presences
    usage: Usage
    rest_log: RestLog
    turns: Turns
    mirrors: Mirrors
    timelines: Timelines
    staff: Staff
    ignores: Ignores
    notices: Notices
    card_fields: CardFields
    replies: QuickReplies
    scheduled: ScheduledSends
    kept_files: KeptFiles

    @property
    def chats(self) -> Chats:
        return self.conversations.chats

    @property
    def sends(self) -> Sends:
        return self.conversations.sends

    @property
    def messages(self) -> Messages:
        return self.conversations.messages


def build_repositories(infra: Infrastructure) -> Repositories:
    """Opens no connection yet."""
    clock, config = infra.clock, infra.config
    engine, secret_box = open_database(config.database_url), SecretBox(config.encryption_keys)
    marks, usage = Marks(infra.cache, infra.keys), Usage(engine, clock)
    atexit.register(flush_at_exit, weakref.ref(usage))
    chats = Chats(engine, clock, marks.chat_changed)
    ignores = Ignores(engine, secret_box, infra.keys, clock, marks.chat_changed)
    conversations = Conversations(
        engine,
        chats,
        Sends(engine, secret_box, clock),
        Messages(engine, secret_box, clock),
        Counted(engine, usage),
        HiddenClients(engine, secret_box, clock, chats.changed, ignores),
        ignores,
    )
    kept_files = KeptFiles(engine, secret_box)
    return Repositories(
        engine=engine,
        secret_box=secret_box,
        portals=Portals(engine, secret_box, clock),
        tokens=Tokens(engine, secret_box),
        lines=Lines(engine, secret_box, clock),
        line_health=LineHealths(engine, clock),
        conversations=conversations,
        settings=UserSettings(engine, marks.choice_changed),
        changes=Changes(engine, clock),
        events=Events(engine, clock),
        inbox=Inbox(engine, secret_box, clock),
        presences=Presences(engine, clock),
        usage=usage,
        rest_log=RestLog(engine, keep=config.rest_log_days > 0),
        turns=Turns(engine, clock),
        mirrors=Mirrors(engine, secret_box, clock),
        timelines=Timelines(engine, clock),
        staff=Staff(engine, clock),
        ignores=ignores,
        notices=Notices(engine, clock),
        card_fields=CardFields(engine, secret_box, clock),
        replies=QuickReplies(engine, secret_box, clock),
        scheduled=ScheduledSends(engine, secret_box, kept_files, clock),
        kept_files=kept_files,
    )
