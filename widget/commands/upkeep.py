"""`flask upgrade`, `flask wipe-texts`: what an operator or a timer runs."""

import click

from widget import logs
from widget.services import services
from widget.storage.database import upgrade

DAY = 86_400


@logs.work("cli")
def upgrade_database() -> None:
    upgrade(services().engine)
    click.echo("The database is up to date.")


@logs.work("cli")
def wipe_texts() -> None:
    here = services()
    before = here.clock() - here.config.send_texts_days * DAY
    wiped = here.sends.wipe_texts(before) + here.messages.wipe(before)
    click.echo(f"{wiped} texts wiped.")
