"""Commands for the operator: `flask upgrade`, `flask portal …`, `flask line …`, `flask numbering import`, …"""

import sys
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TextIO
from urllib.parse import urlsplit

import click
from flask import Flask
from flask.cli import AppGroup

from widget.gateways.base import GatewayError
from widget.gateways.lines import KINDS
from widget.http import OutsideError, fetch, make_client
from widget.phones.numbering import RegistryError, import_registry
from widget.services import services
from widget.storage.database import upgrade
from widget.storage.portals import Portal, Visibility

DAY = 86_400
LARGEST_REGISTRY = 200 * 1024 * 1024

portal_commands = AppGroup("portal", help="Portals: Bitrix24 installations that may open the widget.")
line_commands = AppGroup("line", help="Lines: WhatsApp accounts, each reached through a gateway.")
numbering_commands = AppGroup("numbering", help="Russian number ranges: regions and operators.")


def register_commands(app: Flask) -> None:
    app.cli.add_command(portal_commands)
    app.cli.add_command(line_commands)
    app.cli.add_command(numbering_commands)
    app.cli.command("upgrade", help="Create the tables or bring them up to date.")(upgrade_database)
    app.cli.command("wipe-texts", help="Forget the texts of old sends (SEND_TEXTS_DAYS); for a daily timer.")(
        wipe_texts
    )


def upgrade_database() -> None:
    upgrade(services().engine)
    click.echo("The database is up to date.")


def wipe_texts() -> None:
    here = services()
    wiped = here.sends.wipe_texts(here.clock() - here.config.send_texts_days * DAY)
    click.echo(f"{wiped} texts wiped.")


@portal_commands.command("add")
@click.option("--member-id", required=True, help="The portal's member_id; it never changes.")
@click.option("--endpoint", required=True, help="Where REST is called, e.g. https://example.bitrix24.ru/rest/")
@click.option("--domain", help="The host that Bitrix24 posts as DOMAIN; the endpoint's unless given.")
@click.option("--country", default="RU", show_default=True, help="ISO code; how numbers without + are read.")
def add_portal(member_id: str, endpoint: str, domain: str | None, country: str) -> None:
    """Add a portal, or correct one."""
    address = _address(endpoint, "--endpoint").rstrip("/") + "/"
    if len(country) != 2 or not country.isalpha():
        raise click.BadParameter("two letters, like RU or KZ", param_hint="--country")
    portal = services().portals.add(
        member_id=member_id,
        domain=(domain or urlsplit(address).netloc).lower(),
        endpoint=address,
        country=country.upper(),
    )
    click.echo(f"Portal {portal.id}: {portal.domain}")


@portal_commands.command("list")
def list_portals() -> None:
    """Every portal, one a line."""
    for portal in services().portals.all():
        lines = len(services().lines.of(portal.id))
        click.echo(f"{portal.id}\t{portal.member_id}\t{portal.domain}\t{portal.visibility.value}\t{lines} lines")


@portal_commands.command("visibility")
@click.argument("member_id")
@click.argument("visibility", type=click.Choice([visibility.value for visibility in Visibility]))
def set_visibility(member_id: str, visibility: str) -> None:
    """How much of a card is drawn before a rep asks: button, facts or always."""
    services().portals.set_visibility(_portal(member_id).id, Visibility(visibility))
    click.echo("Saved. Open cards follow within a minute.")


@line_commands.command("add")
@click.option("--portal", "member_id", required=True, help="The portal's member_id.")
@click.option("--name", required=True, help="What reps see in the list of lines.")
@click.option("--gateway", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
@click.option("--address", required=True, help="Where the gateway is, e.g. https://waha.example.com")
@click.option("--session", required=True, help="The session's name at the gateway.")
@click.option("--number", default="", help="The line's own phone, shown beside its name.")
@click.option("--key-file", type=click.File("r"), help="A file with the gateway's API key; asked for unless given.")
def add_line(
    member_id: str, name: str, gateway: str, address: str, session: str, number: str, key_file: TextIO | None
) -> None:
    """Add a line, or correct one, and say what state it is in. The key is stored encrypted."""
    here = services()
    portal = _portal(member_id)
    key = key_file.read().strip() if key_file else click.prompt("API key", hide_input=True)
    where = _address(address, "--address").rstrip("/")
    line_id = here.lines.add(
        portal.id, name=name, gateway=gateway, address=where, session=session, key=key, number=number
    )
    line = next(line for line in here.lines.of(portal.id) if line.id == line_id)
    try:
        state = here.gateways.status(line).state.value
    except GatewayError as error:
        state = f"unknown ({error.trouble.value})"
    click.echo(f"Line {line_id}: {state}")


@line_commands.command("list")
@click.option("--portal", "member_id", required=True, help="The portal's member_id.")
def list_lines(member_id: str) -> None:
    """The lines of one portal, one a line. Keys are not shown."""
    for line in services().lines.of(_portal(member_id).id):
        click.echo(f"{line.id}\t{line.name}\t{line.gateway}\t{line.address}\t{line.session}")


@numbering_commands.command("import")
@click.argument("source")
def import_numbering(source: str) -> None:
    """Import a registry file (DEF-9xx.csv, ABC-3xx.csv, ABC-4xx.csv, ABC-8xx.csv) from a path or an https address.

    Files are imported one after another; each replaces the codes it holds. Running workers notice by themselves.
    """
    target = services().config.numbering_file
    if not target:
        raise click.UsageError("Set NUMBERING_FILE to where the imported ranges should be kept.")
    try:
        if source.startswith(("https://", "http://")):
            with _download(source) as file:
                report = import_registry(file, Path(target))
        else:
            report = import_registry(Path(source), Path(target))
    except (RegistryError, OSError, OutsideError) as error:
        click.echo(f"Not imported, nothing was changed: {error}", err=True)
        sys.exit(1)
    click.echo(f"{report.rows} ranges of {len(report.codes)} codes imported, {report.size // 1024} kB stored.")
    if report.unknown_regions:
        click.echo("Without a region and a time zone: " + "; ".join(report.unknown_regions[:20]))


def _portal(member_id: str) -> Portal:
    portal = services().portals.find(member_id)
    if portal is None:
        raise click.BadParameter("no such portal; see `flask portal list`")
    return portal


def _address(address: str, option: str) -> str:
    allowed = ("https", "http") if services().config.allow_http else ("https",)
    if urlsplit(address).scheme not in allowed or not urlsplit(address).hostname:
        raise click.BadParameter(f"must be an {' or '.join(allowed)} address", param_hint=option)
    return address


def _download(address: str) -> BinaryIO:
    with make_client() as client:
        answer = fetch(client, "GET", address, timeout=300, largest=LARGEST_REGISTRY)
    if answer.status != 200:
        raise OutsideError(f"the address answers HTTP {answer.status}", sent=True)
    return BytesIO(answer.body)
