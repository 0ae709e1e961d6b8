"""What a voice note says, by a model on this machine: the program in transcriber.py."""

import logging
import os
import subprocess
import time
from pathlib import Path

from widget.voice.programs import command

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("transcriber.py")
PATIENCE = 30 * 60.0  # seconds; the program's own limit of processor time ends it before
MAX_WORDS = 20_000  # characters: five minutes of speech are a quarter of it


class NotHeard(Exception):
    """The model said nothing: it is not there, took too long, or was killed."""


class LocalModel:
    """A model of faster-whisper in a folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __call__(self, note: bytes, language: str) -> str:
        """The words of a note, "" where no speech is in it. `language` has two letters, "" lets the
        model find out. With a small model about as many seconds of a core as the note has. Raises
        NotHeard."""
        began = time.monotonic()
        offline = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "HOME": os.devnull}
        try:
            done = subprocess.run(
                command(PROGRAM, "faster_whisper", self._folder, language),
                input=note,
                capture_output=True,
                check=False,
                env=offline,
                cwd="/",
                timeout=PATIENCE,
            )
        except ModuleNotFoundError as error:
            raise NotHeard("faster_whisper is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise NotHeard("timed out") from error
        log.info("voice.heard ended=%s seconds=%.1f", done.returncode, time.monotonic() - began)
        if done.returncode:
            raise NotHeard(f"ended with {done.returncode}: {done.stderr[-200:].decode('utf-8', 'replace')}")
        return done.stdout.decode("utf-8", "replace").strip()[:MAX_WORDS]
