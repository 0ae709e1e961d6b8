"""`flask upgrade`, `flask wipe-texts`, `flask version`: what an operator or a timer runs."""

import click
from sqlalchemy.exc import SQLAlchemyError

from widget import logs
from widget.services import services
from widget.storage.database import upgrade
from widget.version import VERSION

DAY = 86_400


@logs.work("cli")
def upgrade_database() -> None:
    from alembic.util.exc import CommandError  # noqa: PLC0415 - as in `upgrade`

    try:
        newer = upgrade(services().storage.engine, services().storage.secret_box)
    except (SQLAlchemyError, CommandError) as error:
        words = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise click.ClickException(f"not upgraded, nothing was changed: {words[0] if words else error}") from error
    if newer:
        click.echo(
            f"The tables are at {newer}, of a newer version, and stay so: the version before that runs with them."
        )
    else:
        click.echo("The database is up to date.")


@logs.work("cli")
def wipe_texts() -> None:
    here = services()
    before = here.infra.clock() - here.infra.config.send_texts_days * DAY
    wiped = here.storage.sends.wipe_texts(before) + here.storage.messages.wipe(before)
    click.echo(f"{wiped} texts wiped.")


def show_version() -> None:
    click.echo(VERSION)
