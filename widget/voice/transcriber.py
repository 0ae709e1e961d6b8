"""A program of its own: a voice note on stdin becomes words on stdout, by the model in a folder and
in a language, "" where the model is to find out which. Its first argument is the folder in which
the packages of requirements-speech.txt lie. It runs as long as one note takes, so that a model
holds memory only while it hears something.

Like the converter it meets a stranger's file outside of the service, under limits of the kernel.
"""

import io
import os
import resource
import sys

THREADS = 1  # of the processor: the other ones are for pages
PROCESSOR_SECONDS = 15 * 60
MEMORY = 4 * 1024 * 1024 * 1024  # of addresses; `small` fills 1 GB
FILES = 64  # open at once


def main(packages: str, folder: str, language: str) -> None:
    """Print what is said. One beam: five times as fast, and a few words in a hundred worse
    (Whisper's paper)."""
    os.nice(15)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    sys.path.append(packages)
    from faster_whisper import WhisperModel  # noqa: PLC0415 - an extra

    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=THREADS, local_files_only=True)
    pieces, _ = model.transcribe(
        io.BytesIO(sys.stdin.buffer.read()), language=language or None, beam_size=1, condition_on_previous_text=False
    )
    sys.stdout.buffer.write(" ".join(piece.text.strip() for piece in pieces).encode())


if __name__ == "__main__":
    main(*sys.argv[1:4])
