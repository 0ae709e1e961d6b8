"""`flask portal …`: portals, what is wrong with one, and all that is stored of it."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask.cli import with_appcontext

from widget.addresses import plain_host
from widget.commands.arguments import Group, find_portal, note, portal_address
from widget.commands.check import check_portal
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.export import count_rows, export_portal
from widget.storage.portals import Visibility

portal_commands = Group("portal", help="Portals: Bitrix24 installations that may open the widget.")


@portal_commands.command("add")
@click.option("--member-id", required=True, help="The portal's member_id; it never changes.")
@click.option("--endpoint", required=True, help="Where REST is called, e.g. https://example.bitrix24.ru/rest/")
@click.option("--domain", help="The host that Bitrix24 posts as DOMAIN; the endpoint's unless given.")
@click.option("--country", default="RU", show_default=True, help="ISO code; how numbers without + are read.")
def add_portal(member_id: str, endpoint: str, domain: str | None, country: str) -> None:
    """Add a portal, or correct one. An installation does it by itself."""
    address = portal_address(endpoint, "--endpoint").rstrip("/") + "/"
    if len(country) != 2 or not country.isalpha():
        raise click.BadParameter("two letters, like RU or KZ", param_hint="--country")
    portal = services().storage.portals.add(
        member_id=member_id,
        domain=plain_host(domain or urlsplit(address).netloc, urlsplit(address).scheme),
        endpoint=address,
        country=country.upper(),
    )
    click.echo(f"Portal {portal.id}: {portal.domain}")


@portal_commands.command("list")
def list_portals() -> None:
    """Every portal, one a line."""
    for portal in services().storage.portals.all():
        lines = len(services().storage.lines.of(portal.id))
        state = f"{portal.state.value} {portal.closed_reason}".strip()
        click.echo(
            f"{portal.id}\t{portal.member_id}\t{portal.domain}\t{portal.visibility.value}\t{lines} lines\t{state}"
        )


@portal_commands.command("visibility")
@click.argument("member_id")
@click.argument("visibility", type=click.Choice([visibility.value for visibility in Visibility]))
def set_visibility(member_id: str, visibility: str) -> None:
    """How much of a card is drawn before a rep asks: button, facts or always."""
    portal = find_portal(member_id)
    services().storage.portals.set_visibility(portal.id, Visibility(visibility))
    note(portal, ChangeKind.VISIBILITY, old=portal.visibility.value, new=visibility)
    click.echo("Saved. Open cards follow within a minute.")


@portal_commands.command("check")
@click.argument("member_id")
def check(member_id: str) -> None:
    """Prove the stored token, ask the portal about the application, and each line for its state.

    Three outside calls and one a line; an expired token is renewed. Ends with 1 when something is
    wrong.
    """
    here = services()
    findings = list(check_portal(here, find_portal(member_id)))
    here.storage.rest_log.flush()
    for finding in findings:
        click.echo(f"{'ok ' if finding.fine else '!! '} {finding.what}: {finding.detail}")
    if not all(finding.fine for finding in findings):
        sys.exit(1)


@portal_commands.command("delete")
@click.argument("member_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(member_id: str, yes: bool) -> None:
    """Delete a portal and everything stored of it, for ever."""
    here = services()
    portal = find_portal(member_id)
    counts = count_rows(here.storage.engine, portal.id)
    counted = ", ".join(f"{count} {table}" for table, count in counts.items() if count) or "nothing else"
    if not yes:
        click.confirm(f"Delete portal {portal.domain} with {counted}?", abort=True)
    here.storage.portals.delete(portal.id)
    click.echo(f"Deleted: portal {portal.domain} with {counted}.")
    click.echo("Running workers forget what they hold of it within CARD_TTL seconds.")


@portal_commands.command("export")
@click.argument("member_id")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(member_id: str, file: Path) -> None:
    """Write a portal's settings, lines, chats, sends with texts and changes as JSON; keys and
    tokens are left out.

    The file must not exist; only its owner may read it.
    """
    here = services()
    exported = export_portal(here.storage.engine, here.storage.secret_box, find_portal(member_id).id)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.BadParameter(f"cannot be written: {error.strerror}", param_hint="FILE") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        json.dump(exported, target, ensure_ascii=False, indent=1)
        target.write("\n")
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in exported.items() if isinstance(rows, list))
    click.echo(f"Written to {file}: {counts}. It holds clients' numbers and texts.")


@click.command("rest-log")
@with_appcontext
@click.argument("member_id")
@click.option("--last", default=50, show_default=True, help="How many calls.")
def show_rest_log(member_id: str, last: int) -> None:
    """The last REST calls of a portal, masked: the log is kept for REST_LOG_DAYS."""
    for entry in reversed(services().storage.rest_log.of(find_portal(member_id).id, max(1, min(last, 10_000)))):
        at = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")
        click.echo(f"{at} user={entry.user_id} {entry.method} {entry.outcome} {entry.milliseconds} ms")
        click.echo(f"  > {entry.request}\n  < {entry.answer}")
