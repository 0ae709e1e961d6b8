"""The official registry, fetched by the service itself: the four files of the Ministry of Digital
Development."""

import logging
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from .registry import ImportReport, RegistryError, import_files

FILES = ("DEF-9xx.csv", "ABC-3xx.csv", "ABC-4xx.csv", "ABC-8xx.csv")
WEEK = 6.5 * 86_400  # seconds; half a day less, since the last update ended a moment after its hour

log = logging.getLogger(__name__)


class UpdateError(Exception):
    """The registry was not updated, and what there was is still there. The text says why, for the
    operator."""


class Updater:
    """`fetch` gives the body of an address or raises UpdateError; `folder` is the address that the
    files lie under."""

    def __init__(
        self,
        fetch: Callable[[str], bytes],
        folder: str,
        target: Path | None,
        clock: Callable[[], float],
        *,
        weekly: bool = False,
    ) -> None:
        self._fetch = fetch
        self._folder = folder.rstrip("/")
        self._target = target
        self._clock = clock
        self._weekly = weekly

    def update(self) -> ImportReport:
        """Fetch all files, then put them in together. Four outside calls.

        Raises UpdateError, and then nothing is changed.
        """
        if self._target is None:
            raise UpdateError("NUMBERING_FILE is not set")
        files: list[BinaryIO] = [BytesIO(self._fetch(f"{self._folder}/{name}")) for name in FILES]
        try:
            return import_files(files, self._target)
        except (RegistryError, OSError) as error:
            raise UpdateError(str(error)) from error

    def update_weekly(self) -> None:
        """Called every night: where `weekly` is set, update a registry that is a week old. Never
        raises for a failure: the next night tries again. No call, or those of `update`."""
        if not self._weekly or self._target is None:
            return
        if self._target.exists() and self._clock() - self._target.stat().st_mtime < WEEK:
            return
        try:
            report = self.update()
        except UpdateError as error:
            log.warning("numbering.update_failed error=%s", error)
        else:
            log.info("numbering.updated ranges=%s codes=%s", report.rows, len(report.codes))
