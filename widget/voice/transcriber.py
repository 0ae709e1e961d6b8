"""A program of its own: a voice note on stdin becomes words on stdout, by the model in a folder and in a language, ""
where the model is to find out which. Needs requirements-speech.txt. It runs as long as one note takes, so that a model
holds memory only while it hears something.
"""

import io
import os
import resource
import sys

THREADS = 1  # of the processor: the other ones are for pages
PROCESSOR_SECONDS = 15 * 60


def main(folder: str, language: str) -> None:
    """Print what is said. One beam: five times as fast, and a few words in a hundred worse (Whisper's paper)."""
    os.nice(15)
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from faster_whisper import WhisperModel  # noqa: PLC0415 - an extra

    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=THREADS, local_files_only=True)
    pieces, _ = model.transcribe(
        io.BytesIO(sys.stdin.buffer.read()), language=language or None, beam_size=1, condition_on_previous_text=False
    )
    sys.stdout.buffer.write(" ".join(piece.text.strip() for piece in pieces).encode())


if __name__ == "__main__":
    main(*sys.argv[1:3])
