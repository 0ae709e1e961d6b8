"""Every test, on both cores: those with a browser beside all others, each in two processes. `make test`.

A browser's process has running programs of its own and wants them for itself, so a file's tests stay together; and
it cannot run the others too: Playwright keeps an event loop in its thread.
With arguments it is pytest with these arguments, and nothing else.
"""

import subprocess
import sys
import tempfile

PYTEST = [sys.executable, "-m", "pytest"]
BROWSER = "tests/browser"


def main(arguments: list[str]) -> int:
    if arguments:
        return subprocess.run([*PYTEST, *arguments], check=False).returncode
    with tempfile.TemporaryFile() as said:
        command = [*PYTEST, "--numprocesses", "2", "--dist", "loadfile", BROWSER]
        browser = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        try:
            others = subprocess.run([*PYTEST, "--numprocesses", "2", "--ignore", BROWSER], check=False).returncode
            failed = browser.wait()
        finally:
            browser.kill()  # when somebody presses Ctrl+C
        said.seek(0)
        sys.stdout.buffer.write(said.read())
        sys.stdout.flush()
    return others or failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
