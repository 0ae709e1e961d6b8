"""Every test, on both cores: those with a browser in one process, all others in two beside it. `make test`.

Browser tests share one set of running programs and want them for themselves, so they are not spread over processes.
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
        browser = subprocess.Popen([*PYTEST, BROWSER], stdout=said, stderr=subprocess.STDOUT)
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
