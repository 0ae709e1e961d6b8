"""The tables. Times are unix seconds in UTC; secrets are sealed before they get here
(secret_box.py)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Of rows, users and portals, ours and others'. SQLite's INTEGER has 64 bits, and only that counts
# up by itself.
Id = BigInteger().with_variant(Integer, "sqlite")
EMPTY = text("''")  # written out: Alembic cannot compare SQLite's '' with ""

# sqlite_autoincrement: an id is never given again. Sessions, caches and limits know portals and
# lines by it, and would take the next portal for the one that was deleted.
portals = Table(
    "portals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("member_id", String(64), nullable=False, unique=True),  # the portal's name for ever; domains change
    Column("domain", String(255), nullable=False),
    Column("endpoint", String(300), nullable=False),  # where REST is called, never taken from a form
    Column("country", String(2), nullable=False),
    Column("visibility", String(10), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("state", String(10), nullable=False, server_default="active"),  # active, closed, removed
    Column("closed_reason", String(40), nullable=False, server_default=EMPTY),
    Column("application_token", Text, nullable=False, server_default=EMPTY),  # sealed; proves that an event is real
    Column("auth_server", String(255), nullable=False, server_default=EMPTY),  # the one that knows this portal
    Column("scopes", Text, nullable=False, server_default=EMPTY),  # granted, comma separated
    Column("status", String(2), nullable=False, server_default=EMPTY),  # L, F, D, T, P, S: informative
    Column("days_left", Integer),  # of a subscription; null when Bitrix24 names none
    Column("installer_id", Id, nullable=False, server_default="0"),  # whose token works in the background
    Column("app_version", Integer, nullable=False, server_default="0"),  # of our placements and handlers
    Column("language", String(2), nullable=False, server_default=EMPTY),  # "" is each user's own
    Column("light_hours", String(20), nullable=False, server_default=EMPTY),  # "" is the service's
    Column("moving", Text, nullable=False, server_default=EMPTY),  # fields that are being made anew: bitrix24/moving.py
    Column(
        "waiting_minutes", Integer, nullable=False, server_default="15"
    ),  # a client who waits longer is shown in red
    Column("notices", Boolean, nullable=False, server_default=false()),  # told to employees in Bitrix24
    Column("later_per_hour", Integer, nullable=False, server_default="20"),  # scheduled messages of a line
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, primary_key=True, autoincrement=False),
    Column("access", Text, nullable=False),  # sealed
    Column("refresh", Text, nullable=False),  # sealed
    Column("expires_at", Float, nullable=False),
    Column("renewing_until", Float, nullable=False, server_default="0"),  # a lease: one process renews the pair
)

lines = Table(
    "lines",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("gateway", String(20), nullable=False),
    Column("address", String(300), nullable=False),
    Column("session", String(100), nullable=False),
    Column("key", Text, nullable=False),  # sealed
    Column("number", String(20), nullable=False),  # the line's own phone, "" until known
    Column("active", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("removed_at", Float, nullable=False, server_default="0"),  # kept, so that its chats stay readable
    Column("access", Text, nullable=False, server_default="[]"),  # JSON: [{"id": "U1", "name": "…"}]; [] is everybody
    Column("limits", Text, nullable=False, server_default="{}"),  # JSON: those of LineLimits that differ
    Column("hook_key", String(64), nullable=False, server_default=EMPTY, index=True),  # in its webhook's address
    Column("hook_secret", Text, nullable=False, server_default=EMPTY),  # sealed; proves that a webhook is real
    Column("open_line", Id, nullable=False, server_default="0"),  # of Bitrix24, in which its chats are mirrored
    Column("mirroring", String(10), nullable=False, server_default="off"),  # off, on, incoming, stopped
    Column("mirrored_since", Float, nullable=False, server_default="0"),  # what was written before is not mirrored
    Column("owner_rule", String(12), nullable=False, server_default="maker"),  # who answers its new chats
    Column("link_previews", Boolean, nullable=False, server_default=false()),  # its gateway may look at links we send
    UniqueConstraint("portal_id", "gateway", "address", "session"),
    sqlite_autoincrement=True,
)

# What a line went through lately. Not in `lines`: this changes all the time, and those are
# remembered for a while.
line_health = Table(
    "line_health",
    metadata,
    Column("line_id", ForeignKey("lines.id", ondelete="CASCADE"), primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("state", String(12), nullable=False, server_default=EMPTY),  # as a webhook told it last, "" never
    Column("state_at", Float, nullable=False, server_default="0"),
    Column("until", Float, nullable=False, server_default="0"),  # end of a restriction, 0 if unknown
    Column("hook_at", Float, nullable=False, server_default="0"),  # when a genuine webhook last came
    Column("cooldown_until", Float, nullable=False, server_default="0"),  # no check before
    Column("cooldown_why", String(20), nullable=False, server_default=EMPTY),  # a GatewayErrorCode, or a LineState
    Column("cooldown_step", Integer, nullable=False, server_default="0"),  # how often the pause has doubled
    Column("halved_until", Float, nullable=False, server_default="0"),  # half the budget until then
)

chats = Table(
    "chats",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("line_id", ForeignKey("lines.id", ondelete="CASCADE"), nullable=False),
    Column("phone", String(20), nullable=False),  # E.164, or the LID of a client whose phone is not known
    Column("chat_ids", Text, nullable=False),  # JSON list: what the gateway calls this chat, best first
    Column("proved", Boolean, nullable=False),  # the gateway itself listed it: the number has WhatsApp
    Column("last_at", Float, nullable=False),  # last message known, 0 if none
    Column("created_by", Id, nullable=False),  # user id, 0 when found at the gateway
    Column("created_at", Float, nullable=False),
    Column("waiting_since", Float, nullable=False, server_default="0"),  # the client's first unanswered message, 0 none
    Column("theirs_at", Float, nullable=False, server_default="0"),  # the client's last message
    Column("answered_at", Float, nullable=False, server_default="0"),  # the last answer, where no row tells it
    Column("waived_at", Float, nullable=False, server_default="0"),  # their last one that needs no reply
    Column("waived_by", Id, nullable=False, server_default="0"),  # the user who said so
    Column("recounts", Integer, nullable=False, server_default="0"),  # how often the times above were worked out
    Column("owner_id", Id, nullable=False, server_default="0"),  # the user who answers it, 0 none
    Column("owner_at", Float, nullable=False, server_default="0"),
    Column("owner_typed", Boolean, nullable=False, server_default=false()),  # a typed number is all they came by
    Column("owner_was", Id, nullable=False, server_default="0"),  # one of those in `losses`, 0 without any
    UniqueConstraint("portal_id", "line_id", "phone"),
    Index(None, "portal_id", "phone"),
    # What a worker tells timelines and cards is of the last days. Not of all rows, or SQLite would
    # take it for a card's few numbers too, because they are wanted in the same order; and «!=», or
    # it would begin with the first of them and not with the time that is asked for.
    Index(
        "ix_chats_written",
        "portal_id",
        "last_at",
        postgresql_where=text("last_at != 0"),
        sqlite_where=text("last_at != 0"),
    ),
    # Of those alone whose client waits.
    Index(
        "ix_chats_waiting",
        "portal_id",
        "waiting_since",
        postgresql_where=text("waiting_since > 0"),
        sqlite_where=text("waiting_since > 0"),
    ),
    sqlite_autoincrement=True,
)

# Whom a chat was taken from, until they have seen that.
losses = Table(
    "losses",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, primary_key=True, autoincrement=False),
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True),
)

# Chats that have become one with another, by the ids that Bitrix24 may still name them by.
joined_chats = Table(
    "joined_chats",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("was", Id, primary_key=True),  # the id of the chat that is gone
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), nullable=False, index=True),
)

# How clients whose phone is not known call themselves.
client_names = Table(
    "client_names",
    metadata,
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("sealed", Text, nullable=False),  # sealed; how a client calls themselves
    Index(None, "portal_id"),
)

# Cards of the CRM that a chat belongs to, with its number or without.
chat_links = Table(
    "chat_links",
    metadata,
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("entity_type_id", Id, primary_key=True, autoincrement=False),
    Column("entity_id", Id, primary_key=True, autoincrement=False),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Id, nullable=False),  # who attached it
    Column("at", Float, nullable=False),
    Index(None, "portal_id", "entity_type_id", "entity_id"),
)

sends = Table(
    "sends",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    Column("send_key", String(64), nullable=False),
    Column("user_id", Id, nullable=False),
    Column("text", Text, nullable=False),  # sealed; wiped after SEND_TEXTS_DAYS
    Column("state", String(12), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("message_id", String(120), nullable=False),  # ours, given to the gateway before the call
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("looks", Integer, nullable=False, server_default="0"),  # how often an unclear end was looked into
    Column("next_look_at", Float, nullable=False, server_default="0"),  # and when the next look is due
    Column("user_name", String(120), nullable=False, server_default=EMPTY),  # as the portal called them then
    Column("typed", Boolean, nullable=False, server_default=false()),  # from a typed number, and no card
    # What happened to it, in words of ours (chats/trail.py): a line of JSON each. In the row, so
    # that it costs no statement beside the one that changes the send.
    Column("steps", Text, nullable=False, server_default=EMPTY),
    UniqueConstraint("portal_id", "send_key"),  # one key is one message for ever
    Index(None, "chat_id", "created_at"),  # the chat first, or each chat that is deleted looks through them all
    Index(None, "portal_id", "message_id"),
    Index(None, "state", "next_look_at"),
    # Of those alone that have a text to be wiped: the table keeps its rows for ever.
    Index("ix_sends_texts", "created_at", postgresql_where=text("text != ''"), sqlite_where=text("text != ''")),
    sqlite_autoincrement=True,
)

# The same, as versions without that column write it. Read beside it, written no more; kept as long
# as the send.
trail = Table(
    "trail",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("send_id", ForeignKey("sends.id", ondelete="CASCADE"), nullable=False),
    Column("at", Float, nullable=False),
    Column("what", String(12), nullable=False),  # a state of the send, or «looked»
    Column("how", String(12), nullable=False, server_default=EMPTY),  # it was found out
    Column("detail", String(120), nullable=False, server_default=EMPTY),  # a reason, or an id
    Index(None, "send_id", "id"),
    sqlite_autoincrement=True,
)

# Clients whose messages are not stored, counted, shown or passed on.
ignored = Table(
    "ignored",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("line_id", Id, nullable=False),  # 0 is every line
    Column("client_key", String(64), nullable=False),  # a keyed hash of the phone or the LID
    Column("sealed", Text, nullable=False),  # sealed; the same to be read by an administrator
    Column("user_id", Id, nullable=False),
    Column("at", Float, nullable=False),
    UniqueConstraint("portal_id", "line_id", "client_key"),
    sqlite_autoincrement=True,
)

# Employees as they were last seen here: who wrote, who owns, and whether they still work there.
staff = Table(
    "staff",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("admin", Boolean, nullable=False),
)

# Notices in Bitrix24 that are out, and those whose reason has not lasted long enough yet.
notices = Table(
    "notices",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", String(60), primary_key=True),
    Column("user_id", Id, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),  # since when there is a reason
    Column("told", Boolean, nullable=False),
)

# What gateways told of messages by themselves. A row may know only a part (a tick may come before
# its message); rows of one message under two ids of its chat are put together when they are read.
messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("line_id", ForeignKey("lines.id", ondelete="CASCADE"), nullable=False),
    Column("chat_id", String(120), nullable=False),  # what the gateway calls the chat
    Column("message_id", String(120), nullable=False),
    Column("at", Float, nullable=False),  # when it was written, 0 until its message has come
    Column("from_me", Boolean, nullable=False),
    Column("body", Text, nullable=False),  # sealed JSON of what is known; wiped after SEND_TEXTS_DAYS
    Column("changed_at", Float, nullable=False),
    UniqueConstraint("portal_id", "line_id", "chat_id", "message_id"),
    Index(None, "portal_id", "line_id", "message_id", "chat_id"),  # the last, so that SQLite takes this one
    Index(None, "portal_id", "line_id", "chat_id", "at"),
    Index(None, "changed_at"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

# Messages of ours that were counted as sent, once for all that tell of them: a send, its echo and
# its ticks are one message.
counted = Table(
    "counted",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("line_id", ForeignKey("lines.id", ondelete="CASCADE"), primary_key=True),
    Column("message_id", String(120), primary_key=True),
    Column("went", Integer, nullable=False),  # flags: went out, was refused, arrived after all
    Column("hour", Integer, nullable=False, index=True),  # of the counter that it was counted in
)

# What is known of numbers, so that a restart costs no check. The cache has the same for quick
# reading.
presences = Table(
    "presences",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("network", String(20), primary_key=True),
    Column("phone_key", String(64), primary_key=True),  # a keyed hash, never a number
    Column("record", Text, nullable=False),  # JSON of a Presence, its chat id sealed
    Column("until", Float, nullable=False, index=True),  # when it is forgotten
)

# Hourly counters of the last days, without numbers: for budgets after a restart, the forecast and
# the pictures.
usage = Table(
    "usage",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("line_id", Id, primary_key=True, autoincrement=False),  # 0: no line
    Column("hour", Integer, primary_key=True, autoincrement=False, index=True),  # unix seconds // 3600
    Column("openings", Integer, nullable=False, server_default="0"),
    Column("new_numbers", Integer, nullable=False, server_default="0"),  # shown unknown or out of date at an opening
    Column("reveals", Integer, nullable=False, server_default="0"),
    Column("answered_reveals", Integer, nullable=False, server_default="0"),  # that ended in a send
    Column("checks", Integer, nullable=False, server_default="0"),
    Column("sent", Integer, nullable=False, server_default="0"),  # by any device
    Column("received", Integer, nullable=False, server_default="0"),
    Column("firsts", Integer, nullable=False, server_default="0"),  # messages from here to numbers without a chat
)

user_settings = Table(
    "user_settings",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, primary_key=True, autoincrement=False),
    Column("line_id", Id, nullable=False),  # 0 is none
    Column("show_name", Boolean, nullable=False),
    Column("enter_sends", Boolean, nullable=False, server_default=true()),
    Column("opens_chat", Boolean, nullable=False, server_default=true()),  # a card with one chat opens it by itself
    Column("sound", Boolean, nullable=False, server_default=false()),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Id, nullable=False),
    Column("user_name", String(200), nullable=False),
    Column("at", Float, nullable=False),
    Column("what", String(40), nullable=False),  # a code of ours, put into words by a template
    Column("detail", Text, nullable=False),  # JSON; never a secret
    Index(None, "portal_id", "at"),
)

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(60), nullable=False),
    Column("body", Text, nullable=False),  # JSON: only the fields that are worked on, never a token
    Column("received_at", Float, nullable=False),
    Column("done_at", Float, nullable=False),  # 0 until it was worked on; the row is the truth, the queue only wakes
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", Float, nullable=False, server_default="0"),
    Column("error", String(200), nullable=False),
    Index(None, "done_at", "id"),
)

# What gateways told and nothing has worked on yet; a row is deleted with its work.
inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("line_id", ForeignKey("lines.id", ondelete="CASCADE"), nullable=False),
    Column("sealed", Text, nullable=False),  # sealed; JSON of our events, which hold clients' words
    Column("received_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Float, nullable=False, server_default="0"),
    Column("error", String(200), nullable=False, server_default=EMPTY),
    Index(None, "next_try_at", "id"),
    sqlite_autoincrement=True,
)

# Who does what is done by the clock, of all workers (turns.py).
turns = Table(
    "turns",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", String(16), nullable=False),  # the process whose turn it is or was
    Column("until", Float, nullable=False),  # no other turn before
    Column("began_at", Float, nullable=False),
    Column("ended_at", Float, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="0"),  # of the process, as a number
)

# One chat and its mirror in an open line of Bitrix24. It is worked on by one caller at a time: what
# is said there keeps its order, and two calls for one chat would wait for each other in the portal.
mirrors = Table(
    "mirrors",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("line_id", ForeignKey("lines.id", ondelete="CASCADE"), nullable=False),
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("portal_chat", Id, nullable=False, server_default="0"),  # Bitrix24's id of the chat, 0 until it is known
    Column("client", Id, nullable=False, server_default="0"),  # Bitrix24's user that stands for the client
    Column("session", Id, nullable=False, server_default="0"),  # the one that our last message went into
    Column("operator", Id, nullable=False, server_default="0"),  # who answers there, as far as it was told
    Column("finished_at", Float, nullable=False, server_default="0"),  # when its last session ended; 0 unknown
    Column("look_at", Float, nullable=False, server_default="0"),  # to be read for what no event told; 0 never
    Column("looks", Integer, nullable=False, server_default="0"),  # since something last happened in it
    Column("busy_until", Float, nullable=False, server_default="0"),  # a lease
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Float, nullable=False, server_default="0"),
    Column("error", String(200), nullable=False, server_default=EMPTY),
    UniqueConstraint("portal_id", "chat_id"),
    Index(None, "look_at"),
    sqlite_autoincrement=True,
)

# What goes into a mirror and what comes out of it, each once by its key. No client's words are in
# it: they are read where they are kept. Only what an operator wrote lies here until it is out.
mirrored = Table(
    "mirrored",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("mirror_id", ForeignKey("mirrors.id", ondelete="CASCADE"), nullable=False),
    Column("key", String(200), nullable=False),
    Column("kind", String(12), nullable=False),  # see storage/mirrors.py
    Column("state", String(8), nullable=False),  # waiting, asked, done, dropped, failed
    Column("message_id", String(120), nullable=False),  # at WhatsApp
    Column("im_id", Id, nullable=False, server_default="0"),  # in Bitrix24's messenger
    Column("user_id", Id, nullable=False, server_default="0"),
    Column("mark", String(16), nullable=False, server_default=EMPTY),  # a hash of the text that the client has of it
    Column("sealed", Text, nullable=False, server_default=EMPTY),  # sealed; emptied with its end
    Column("due_at", Float, nullable=False, server_default="0"),
    Column("created_at", Float, nullable=False),
    Column("error", String(200), nullable=False, server_default=EMPTY),
    UniqueConstraint("mirror_id", "key"),
    Index(None, "state", "due_at"),
    Index(None, "mirror_id", "state", "due_at"),  # or a queue that is long is read anew for each of its pieces
    Index(None, "portal_id", "im_id"),
    sqlite_autoincrement=True,
)

# What a portal wants of its conversations in the timelines of its cards; no row is nothing.
timelines = Table(
    "timelines",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("settings", Text, nullable=False),  # JSON of TimelineSettings
    Column("since", Float, nullable=False),  # what was written before is not told
    Column("behind", Boolean, nullable=False, server_default=true()),  # backlog.py
)

# One comment in a timeline: of a chat and a day, or of a chat and a conversation; or one beside it
# in another card. Or a mark of a client who waits.
IS_MARK = "substr(name, 1, 6) = 'waits-'"  # an index of a part is used where its condition stands word for word
records = Table(
    "records",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), nullable=False, index=True),
    # 2027-01-15, or end-<when the conversation began>; beside it <…>@<kind of card>; or
    # waits-<since>
    Column("name", String(40), nullable=False),
    Column("owner_type", Integer, nullable=False, server_default="0"),  # the card, 0 until it is chosen
    Column("owner_id", Id, nullable=False, server_default="0"),
    Column("comment_id", Id, nullable=False, server_default="0"),
    Column("user_id", Id, nullable=False, server_default="0"),  # whose comment it is
    Column("begins_at", Float, nullable=False),
    Column("told_at", Float, nullable=False, server_default="0"),  # of the last message in it
    Column("asked", Boolean, nullable=False, server_default=false()),  # a call went out whose end is not written down
    Column("others", Integer, nullable=False, server_default="0"),  # deals that might have been meant too
    Column("busy_until", Float, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Float, nullable=False, server_default="0"),
    Column("error", String(200), nullable=False, server_default=EMPTY),
    UniqueConstraint("portal_id", "chat_id", "name"),
    Index("ix_records_marks", "portal_id", postgresql_where=text(IS_MARK), sqlite_where=text(IS_MARK)),
    sqlite_autoincrement=True,
)

# Which facts of its conversations a portal wants in which fields of its cards; no row is none.
card_fields = Table(
    "card_fields",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("fields", Text, nullable=False),  # JSON: by entityTypeId, by fact the field's name
    Column("behind", Boolean, nullable=False, server_default=true()),  # backlog.py
)

# What cards were told of a chat last. What its row says otherwise is due.
told_fields = Table(
    "told_fields",
    metadata,
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("last_at", Float, nullable=False, server_default="-1"),
    Column("waiting_since", Float, nullable=False, server_default="0"),
    Column("owner_id", Id, nullable=False, server_default="0"),
    Column("proved", Boolean, nullable=False, server_default=false()),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Float, nullable=False, server_default="0"),
    Column("error", String(200), nullable=False, server_default=EMPTY),
    Index(None, "portal_id"),
)

# Cards whose fields hold facts, and what was in these fields before.
filled_items = Table(
    "filled_items",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("entity_type_id", Id, primary_key=True, autoincrement=False),
    Column("entity_id", Id, primary_key=True, autoincrement=False),
    Column("sealed", Text, nullable=False),  # sealed; JSON of what was written and what was there before
    Column("at", Float, nullable=False),  # of the last write
    Column("next_try_at", Float, nullable=False, server_default="0"),
    Column("look_at", Float, nullable=False, server_default="0"),  # when the card is read anew, also without news
    Index(None, "portal_id", "look_at"),
)

# Quick replies. Their texts are sealed: one that was saved from a chat may hold a client's words.
replies = Table(
    "replies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Id, nullable=False),  # its owner, 0 for a shared one
    Column("line_id", Id, nullable=False, server_default="0"),  # the first of `line_ids`, for what knows only one
    Column("line_ids", Text, nullable=False, server_default="[]"),  # JSON: in whose chats it is used, [] is any
    Column("access", Text, nullable=False, server_default="[]"),  # JSON as of a line: who may use it
    Column("editors", Text, nullable=False, server_default="[]"),  # the same: who may change it beside administrators
    Column("name", String(100), nullable=False),
    Column("category", String(60), nullable=False, server_default=EMPTY),
    Column("language", String(2), nullable=False, server_default=EMPTY),  # of its values, "" is the reader's
    Column("sealed", Text, nullable=False),  # sealed; its text
    Column("changed_at", Float, nullable=False),
    Index(None, "portal_id", "user_id"),
    sqlite_autoincrement=True,
)

reply_uses = Table(
    "reply_uses",
    metadata,
    Column("reply_id", ForeignKey("replies.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, primary_key=True, autoincrement=False),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("times", Integer, nullable=False),
    Column("at", Float, nullable=False),  # the last time
)

# Messages that go out later. With its send the row is gone; the key that both share is one message
# for ever.
scheduled = Table(
    "scheduled",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("line_id", ForeignKey("lines.id", ondelete="CASCADE"), nullable=False),
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    Column("send_key", String(64), nullable=False),
    Column("user_id", Id, nullable=False),
    Column("user_name", String(120), nullable=False),
    Column("sealed", Text, nullable=False),  # sealed; its text
    Column("due_at", Float, nullable=False),
    Column("wall", String(5), nullable=False, server_default=EMPTY),  # on the client's clock, 09:00; "" is a moment
    Column("since", Float, nullable=False),  # what the client wrote after this is news
    Column("asks", String(20), nullable=False, server_default=EMPTY),  # why its author has to say yes first, "" not
    Column("typed", Boolean, nullable=False, server_default=false()),  # from a typed number, and no card
    Column("reply_to", Text, nullable=False, server_default=EMPTY),  # JSON: the message that it answers
    Column("entity_type_id", Id, nullable=False, server_default="0"),  # the card it was written in, 0 none
    Column("entity_id", Id, nullable=False, server_default="0"),
    Column("busy_until", Float, nullable=False, server_default="0"),  # a lease of who sends it
    Column("needs", Integer, nullable=False, server_default="0"),  # the least version that may send it, as a number
    UniqueConstraint("portal_id", "send_key"),
    Index(None, "asks", "due_at"),
    Index(None, "portal_id", "asks"),
    Index(None, "chat_id"),
    Index(None, "line_id", "due_at"),
    sqlite_autoincrement=True,
)

# Files that are sent later, or again and again. Each belongs to one of the two, and goes with it.
kept_files = Table(
    "kept_files",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("reply_id", ForeignKey("replies.id", ondelete="CASCADE"), index=True),
    Column("scheduled_id", ForeignKey("scheduled.id", ondelete="CASCADE"), index=True),
    Column("name", String(120), nullable=False),
    Column("mimetype", String(130), nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("sealed", Text, nullable=False),  # sealed; what is in it
    sqlite_autoincrement=True,
)

confirmations = Table(
    "confirmations",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), primary_key=True),  # of a method, an event or a placement
    Column("at", Float, nullable=False),  # when an answer of this portal first confirmed it
)

rest_log = Table(
    "rest_log",
    metadata,
    Column("id", Id, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Id, nullable=False),
    Column("at", Float, nullable=False),
    Column("method", String(100), nullable=False),
    Column("outcome", String(100), nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("request", Text, nullable=False),  # masked: no token, no full number, no text
    Column("answer", Text, nullable=False),
    Index(None, "portal_id", "at"),
    Index(None, "at"),
)
