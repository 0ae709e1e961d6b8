"""`flask backup` and `flask restore`: the whole database in one file, and back into an empty one.

Redis needs none: what it loses is counted again from SQL. The file holds what the database does:
secrets sealed, numbers of chats in the clear. Without ENCRYPTION_KEYS, which are not in it, no text
and no token can be read.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from widget import logs
from widget.services import services
from widget.storage.database import upgrade
from widget.storage.schema import portals


@click.argument("file", type=click.Path(path_type=Path))
@logs.work("cli")
def back_up(file: Path) -> None:
    """While the service runs. The file is its owner's alone; one that is there is not written
    over."""
    os.close(_new(file))
    try:
        _dump(services().storage.engine, file)
    except (OSError, subprocess.CalledProcessError, sqlite3.Error) as error:
        file.unlink()
        raise click.ClickException(f"no backup was made: {_words(error)}") from error
    click.echo(
        f"{file}: {file.stat().st_size // 1024 + 1} kB. Keep ENCRYPTION_KEYS elsewhere: without them it is shut."
    )


@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@logs.work("cli")
def restore(file: Path) -> None:
    """Into an empty database, with the service stopped. Ends with 1 where a line's key opens with
    none of ours."""
    here = services()
    if _holds_portals(here.storage.engine):
        raise click.ClickException("the database of DATABASE_URL is not empty; nothing was changed")
    try:
        _load(here.storage.engine, file)
        upgrade(here.storage.engine, here.storage.secret_box)
    except (OSError, subprocess.CalledProcessError, sqlite3.Error, SQLAlchemyError) as error:
        raise click.ClickException(f"not restored: {_words(error)}") from error
    found = here.storage.portals.all()
    # A key that none of ours opens reads as none.
    shut = sum(not line.key for portal in found for line in here.storage.lines.all_of(portal.id))
    click.echo(f"{len(found)} portals. Start the service; open pages ask for themselves anew.")
    if shut:
        click.echo(
            f"The keys of {shut} lines open with none of ENCRYPTION_KEYS: these are not those of the backup.", err=True
        )
        sys.exit(1)


def _new(file: Path) -> int:
    try:
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error


def _holds_portals(engine: Engine) -> bool:
    if not inspect(engine).has_table(portals.name):
        return False
    with engine.connect() as connection:
        return bool(connection.execute(select(func.count()).select_from(portals)).scalar_one())


def _dump(engine: Engine, file: Path) -> None:
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(engine.url.database))) as ours, closing(sqlite3.connect(file)) as copy:
            ours.backup(copy)
        return
    _run(engine.url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")


def _load(engine: Engine, file: Path) -> None:
    if engine.dialect.name == "sqlite":
        engine.dispose()
        with closing(sqlite3.connect(file)) as copy, closing(sqlite3.connect(str(engine.url.database))) as ours:
            copy.backup(ours)
        return
    with engine.begin() as connection:  # tables that `flask upgrade` made and nothing is in
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    database = engine.url.database or ""
    _run(
        engine.url, "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={database}", str(file)
    )


def _run(url: URL, program: str, *arguments: str) -> None:
    """One of PostgreSQL's programs, told where to connect by its environment, which other users
    cannot read."""
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    settings = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": str(url.port) if url.port else query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode"),
        "PGSSLROOTCERT": query.get("sslrootcert"),
    }
    environment = {**os.environ, **{name: value for name, value in settings.items() if value}}
    subprocess.run([program, *arguments], env=environment, check=True, capture_output=True, text=True)


def _words(error: Exception) -> str:
    """The last line of a program, or what the system says."""
    said = (error.stderr or "").strip().splitlines() if isinstance(error, subprocess.CalledProcessError) else []
    return said[-1] if said else str(error).splitlines()[0]
