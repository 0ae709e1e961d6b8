"""What commands have in common: an id in the log for each run, and what they are given."""

from typing import Any
from urllib.parse import urlsplit

import click
from flask.cli import AppGroup

from widget import logs
from widget.addresses import AddressRefused, plain_address, require_public
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.portals import Portal

OPERATOR = "operator"  # in the log of settings, where a user of the portal has a name

_REASONS = {
    "not_an_address": "is not an address that a request can go to",
    "not_https": "must be an https address",
    "user_info": "must not carry a user name or a password",
    "private": "is in a private network; ALLOW_PRIVATE_LINES allows that",
}


class Group(AppGroup):
    """A group of commands; all lines that a run logs carry one id."""

    def invoke(self, ctx: click.Context) -> Any:
        with logs.work("cli"):
            return super().invoke(ctx)


def find_portal(member_id: str) -> Portal:
    """The portal of this member id. One query. Raises click.BadParameter for an unknown one."""
    portal = services().storage.portals.find(member_id)
    if portal is None:
        raise click.BadParameter("no such portal; see `flask portal list`")
    return portal


def note(portal: Portal, what: ChangeKind, *, line: str = "", old: str = "", new: str = "") -> None:
    """Write what a command changed into the log that the portal's administrators read, unless
    nothing changed."""
    if old != new or not (old or new):
        services().storage.changes.add(portal.id, what, user_id=0, user_name=OPERATOR, line=line, old=old, new=new)


def portal_address(address: str, option: str) -> str:
    """The address of a portal's REST. One in the operator's own network is allowed, since the
    operator typed it. Raises click.BadParameter."""
    allowed = ("https", "http") if services().infra.config.allow_http else ("https",)
    if urlsplit(address).scheme not in allowed or not urlsplit(address).hostname:
        raise click.BadParameter(f"must be an {' or '.join(allowed)} address", param_hint=option)
    return address


def line_address(address: str, option: str) -> str:
    """Where a line's gateway is, without a last slash. Raises click.BadParameter."""
    try:
        require_public(address, services().gateways.rules)
    except AddressRefused as error:
        raise click.BadParameter(_REASONS[error.code], param_hint=option) from error
    return plain_address(address)
