"""The tables. Times are unix seconds in UTC; secrets are sealed before they get here (vault.py)."""

from sqlalchemy import (
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
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

portals = Table(
    "portals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("member_id", String(64), nullable=False, unique=True),  # the portal's name for ever; domains change
    Column("domain", String(255), nullable=False),
    Column("endpoint", String(300), nullable=False),  # where REST is called, never taken from a form
    Column("country", String(2), nullable=False),
    Column("visibility", String(10), nullable=False),
    Column("created_at", Float, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Integer, primary_key=True, autoincrement=False),
    Column("access", Text, nullable=False),  # sealed
    Column("refresh", Text, nullable=False),  # sealed
    Column("expires_at", Float, nullable=False),
)

lines = Table(
    "lines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("gateway", String(20), nullable=False),
    Column("address", String(300), nullable=False),
    Column("session", String(100), nullable=False),
    Column("key", Text, nullable=False),  # sealed
    Column("number", String(20), nullable=False),  # the line's own phone, "" until known
    Column("active", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("portal_id", "gateway", "address", "session"),
)

chats = Table(
    "chats",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("line_id", ForeignKey("lines.id", ondelete="CASCADE"), nullable=False),
    Column("phone", String(20), nullable=False),  # E.164
    Column("chat_ids", Text, nullable=False),  # JSON list: what the gateway calls this chat, best first
    Column("proved", Boolean, nullable=False),  # the gateway itself listed it: the number has WhatsApp
    Column("last_at", Float, nullable=False),  # last message known, 0 if none
    Column("created_by", Integer, nullable=False),  # user id, 0 when found at the gateway
    Column("created_at", Float, nullable=False),
    UniqueConstraint("portal_id", "line_id", "phone"),
    Index(None, "portal_id", "phone"),
)

sends = Table(
    "sends",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("portal_id", ForeignKey("portals.id", ondelete="CASCADE"), nullable=False),
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    Column("send_key", String(64), nullable=False),
    Column("user_id", Integer, nullable=False),
    Column("text", Text, nullable=False),  # sealed; wiped after SEND_TEXTS_DAYS
    Column("state", String(12), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("message_id", String(120), nullable=False),  # ours, given to the gateway before the call
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    UniqueConstraint("portal_id", "send_key"),  # one key is one message for ever
    Index(None, "portal_id", "chat_id", "created_at"),
)
