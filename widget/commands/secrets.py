"""`flask secrets …`: make the two secrets of an installation, and change the key that seals what is
stored.

Before there are settings, which every `flask` command needs: `python -m widget.commands.secrets`.
"""

import secrets
import sys

import click
from cryptography.fernet import Fernet

from widget.commands.arguments import Group
from widget.keys import PhoneKeys
from widget.services import services
from widget.storage.rotation import reencrypt_everything, rekey_ignored

secret_commands = Group("secrets", help="The keys that sign sessions and seal what is stored.")


@secret_commands.command("make")
def make() -> None:
    """Print a new SECRET_KEY and a new ENCRYPTION_KEYS, and change nothing.

    To change keys see docs/operating.md: the new one is added on every host before any host uses
    it.
    """
    print_new()


@secret_commands.command("rotate")
def rotate() -> None:
    """Seal tokens, gateway keys, texts, application tokens and waiting webhooks anew with the first
    of ENCRYPTION_KEYS, and find ignored clients by the present SECRET_KEY.

    May run while the service does, and again after an interruption. Ends with 1 if a value opens
    with none of the keys. Pages that are open keep needing an old key for 12 hours; without it
    their users open the card again.
    """
    lost, here = 0, services()
    sealed = reencrypt_everything(here.storage.engine, here.storage.secret_box)
    found = rekey_ignored(here.storage.engine, here.storage.secret_box, PhoneKeys(here.infra.config.secret_key))
    for name, counts in {**sealed, "ignored.client_key": found}.items():
        lost += counts.lost
        click.echo(f"{name}: {counts.anew} sealed anew, {counts.before} were already, {counts.lost} open with no key")
    if lost:
        click.echo("Add the key that sealed them to ENCRYPTION_KEYS and run this again.", err=True)
        sys.exit(1)
    click.echo("Everything opens with the first key alone.")


def print_new() -> None:
    click.echo(f"SECRET_KEY={secrets.token_urlsafe(48)}")
    click.echo(f"ENCRYPTION_KEYS={Fernet.generate_key().decode()}")


if __name__ == "__main__":
    print_new()
