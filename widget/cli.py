"""Commands for the operator: `flask upgrade`, `flask portal …`, `flask line …`, `flask secrets …`,
…"""

from flask import Flask

from widget.commands.backup import back_up, restore
from widget.commands.doctor import tell
from widget.commands.lines import line_commands
from widget.commands.numbering import numbering_commands
from widget.commands.portals import portal_commands, show_rest_log
from widget.commands.upkeep import show_version, upgrade_database, wipe_texts
from widget.commands.worker import run_worker


def register_commands(app: Flask) -> None:
    from widget.commands.secrets import secret_commands  # noqa: PLC0415 - it is a program too, which Python warns of

    for group in (portal_commands, line_commands, numbering_commands, secret_commands):
        app.cli.add_command(group)
    app.cli.add_command(show_rest_log)
    app.cli.command("version", help="The version of the service.")(show_version)
    app.cli.command("backup", help="The whole database in one file, while the service runs.")(back_up)
    app.cli.command("restore", help="A backup into an empty database.")(restore)
    app.cli.command("doctor", help="What is wrong with this installation, and what to do about it.")(tell)
    app.cli.command("worker", help="The background work: events of portals, what is due by the clock.")(run_worker)
    app.cli.command("upgrade", help="Create the tables or bring them up to date.")(upgrade_database)
    app.cli.command("wipe-texts", help="Forget the texts of old sends (SEND_TEXTS_DAYS); for a daily timer.")(
        wipe_texts
    )
