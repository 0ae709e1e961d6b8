"""`flask line …`: WhatsApp accounts, each reached through a gateway."""

from typing import TextIO

import click

from widget.commands.arguments import Group, find_portal, line_address, note
from widget.gateways.base import GatewayError
from widget.gateways.kinds import KINDS
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.lines import Line
from widget.storage.portals import Portal

line_commands = Group("line", help="Lines: WhatsApp accounts, each reached through a gateway.")


@line_commands.command("add")
@click.option("--portal", "member_id", required=True, help="The portal's member_id.")
@click.option("--name", required=True, help="What reps see in the list of lines.")
@click.option("--gateway", type=click.Choice(list(KINDS)), default=next(iter(KINDS)), show_default=True)
@click.option("--address", required=True, help="Where the gateway is, e.g. https://gateway.example.com")
@click.option("--session", required=True, help="The session's name at the gateway.")
@click.option("--number", default="", help="The line's own phone, shown beside its name.")
@click.option("--key-file", type=click.File("r"), help="A file with the gateway's API key; asked for unless given.")
def add_line(
    member_id: str, name: str, gateway: str, address: str, session: str, number: str, key_file: TextIO | None
) -> None:
    """Add a line, or correct one, and say what state it is in. The key is stored encrypted."""
    here = services()
    portal = find_portal(member_id)
    where = line_address(address, "--address")
    key = key_file.read().strip() if key_file else click.prompt("API key", hide_input=True)
    before = {line.id: line for line in here.storage.lines.all_of(portal.id)}
    line_id = here.storage.lines.add(
        portal.id, name=name, gateway=gateway, address=where, session=session, key=key, number=number
    )
    line = next(line for line in here.storage.lines.of(portal.id) if line.id == line_id)
    _note(portal, before.get(line_id), line)
    try:
        state = here.gateways.status(line).state.value
    except GatewayError as error:
        state = f"unknown ({error.gateway_code.value})"
    click.echo(f"Line {line_id}: {state}")


@line_commands.command("list")
@click.option("--portal", "member_id", required=True, help="The portal's member_id.")
def list_lines(member_id: str) -> None:
    """The lines of one portal, one a line. Keys are not shown."""
    for line in services().storage.lines.of(find_portal(member_id).id):
        click.echo(f"{line.id}\t{line.name}\t{line.gateway}\t{line.address}\t{line.session}")


def _note(portal: Portal, before: Line | None, now: Line) -> None:
    if before is None:
        note(portal, ChangeKind.LINE_ADDED, line=now.name)
        return
    if before.key != now.key:
        note(portal, ChangeKind.LINE_KEY, line=before.name)
    note(portal, ChangeKind.LINE_NAME, line=before.name, old=before.name, new=now.name)
    if before.number != now.number:
        note(portal, ChangeKind.LINE_NUMBER, line=now.name, old=before.number, new=now.number)
    if not before.active:
        note(portal, ChangeKind.LINE_ACTIVE, line=now.name, old="off", new="on")
