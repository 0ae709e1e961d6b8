"""`flask numbering …`: what a typed phone is, and the registry of Russian number ranges."""

import json
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import click

from widget.commands.arguments import Group
from widget.http import OutsideError, fetch_file
from widget.i18n import catalogue, languages
from widget.phones.facts import Facts, facts_of
from widget.phones.numbering import ImportReport, RegistryError, import_registry
from widget.phones.numbers import Phone, Problem, parse_many
from widget.phones.updating import UpdateError
from widget.services import services

numbering_commands = Group("numbering", help="Phone numbers: what one is, and the registry of Russian ranges.")


@numbering_commands.command("explain", context_settings={"ignore_unknown_options": True})  # "- 8 916 …"
@click.argument("text")
@click.option("--country", default="", help="The portal's country, as RU.")
@click.option("--beside", multiple=True, help="The country of another number on the card, as DE; as often as needed.")
@click.option("--language", type=click.Choice(languages()), default="ru", show_default=True)
def explain_number(text: str, country: str, beside: tuple[str, ...], language: str) -> None:
    """Print what the card makes of a typed phone, as one JSON object."""
    phones = parse_many(text, country, services().phones.numbering.knows, frozenset(map(str.upper, beside)))
    rows = [_explained(phone, language) for phone in phones if phone.problem is not Problem.EMPTY]
    click.echo(json.dumps({"numbers": rows}, ensure_ascii=False))


@numbering_commands.command("import")
@click.argument("source")
def import_numbering(source: str) -> None:
    """Import a registry file (DEF-9xx.csv, ABC-3xx.csv, ABC-4xx.csv, ABC-8xx.csv) from a path or an
    https address.

    Files are imported one after another; each replaces the codes it holds. Running workers notice
    by themselves.
    """
    target = services().infra.config.numbering_file
    if not target:
        raise click.UsageError("Set NUMBERING_FILE to where the imported ranges should be kept.")
    remote = source.startswith(("https://", "http://"))
    try:
        _report(import_registry(BytesIO(fetch_file(source)) if remote else Path(source), Path(target)))
    except (RegistryError, UpdateError, OSError, OutsideError) as error:
        _nothing_changed(error)


@numbering_commands.command("update")
def update_numbering() -> None:
    """Fetch the four files of the registry from NUMBERING_SOURCE and import them together."""
    if not services().infra.config.numbering_file:
        raise click.UsageError("Set NUMBERING_FILE to where the imported ranges should be kept.")
    try:
        _report(services().phones.updater.update())
    except UpdateError as error:
        _nothing_changed(error)


def _explained(phone: Phone, language: str) -> dict[str, Any]:
    facts = facts_of(phone, language, services().phones.numbering)
    return {
        "e164": phone.e164,
        "extension": phone.extension,
        "type": phone.kind.value,
        "region": _region(facts, language),
        "operator": facts.operator,
        "zones": list(facts.zones),
        "problem": phone.problem.value if phone.problem else None,
        "suggestion": phone.suggestion,
    }


def _region(facts: Facts, language: str) -> str:
    if not facts.region or facts.region_sure:
        return facts.region
    return catalogue(language).gettext("probably %(what)s") % {"what": facts.region}


def _report(report: ImportReport) -> None:
    click.echo(f"{report.rows} ranges of {len(report.codes)} codes imported, {report.size // 1024} kB stored.")
    if report.unknown_regions:
        click.echo("Without a region and a time zone: " + "; ".join(report.unknown_regions[:20]))


def _nothing_changed(error: Exception) -> None:
    click.echo(f"Not imported, nothing was changed: {error}", err=True)
    sys.exit(1)
