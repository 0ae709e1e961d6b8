"""`flask numbering …`: the registry of Russian number ranges."""

import sys
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import click

from widget.commands.arguments import Group
from widget.http import OutsideError, fetch, make_client
from widget.phones.numbering import RegistryError, import_registry
from widget.services import services

LARGEST_REGISTRY = 200 * 1024 * 1024

numbering_commands = Group("numbering", help="Russian number ranges: regions and operators.")


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


def _download(address: str) -> BinaryIO:
    with make_client() as client:
        answer = fetch(client, "GET", address, timeout=300, largest=LARGEST_REGISTRY)
    if answer.status != 200:
        raise OutsideError(f"the address answers HTTP {answer.status}", sent=True)
    return BytesIO(answer.body)
