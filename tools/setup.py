"""Make this checkout runnable: `python3 tools/setup.py demo` or `... test`. Standard library only.

Creates .venv, installs the hashed requirements, and for the tests looks for a Chromium and Bitrix24's frame script.
A second run compares one stamp and ends. What cannot be had is said in one line.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
MINIMUM = (3, 11)
# The shell takes a third of the processor of a whole Chromium, so it is installed beside one where we may.
SHELL = "chromium-headless-shell"
# Bitrix24's own script for framed pages, which the simulated portal has to satisfy; one file of an npm package.
B24JSSDK = "@bitrix24/b24jssdk@2.2.0"
B24JSSDK_SHA512 = "zqN7y8r2D3g0dAGKq3+0zOEsRtz2MbjoZR70XrTXKKN5l0OUmPK6jy2BEn6TXiqf5ApsvYrcz9nEn2t2jDR4cw=="
B24JSSDK_FILE = VENV / "share" / "b24jssdk-2.2.0.js"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(purpose: str) -> None:
    if sys.version_info < MINIMUM:
        stop(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 {purpose}")
    make_venv()
    install("requirements.txt", needed=True)
    install("requirements-demo.txt", needed=False, without="the demo and the tests run without Redis")
    if purpose == "test":
        install("requirements-test.txt", needed=True)
        find_chromium()
        fetch_b24jssdk()


def make_venv() -> None:
    if (VENV / "bin" / "python").exists():
        return
    say("creating .venv")
    if run([sys.executable, "-m", "venv", str(VENV)]):
        return
    # Debian splits venv off; as root we can mend that, otherwise we say how.
    shutil.rmtree(VENV, ignore_errors=True)
    if not (apt("python3-venv") and run([sys.executable, "-m", "venv", str(VENV)])):
        stop("could not create a virtual environment. On Debian or Ubuntu: apt install python3-venv")


def install(name: str, *, needed: bool, without: str = "") -> None:
    wanted = hashlib.sha256((ROOT / name).read_bytes() + sys.version.encode()).hexdigest()
    stamp = VENV / f".{name}.installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"installing {name} (once; half a minute or so)")
    # The machine may forbid bytecode; without it the first import of the number data takes seconds.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [str(VENV / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    # --no-deps: the file is complete, and b24pysdk would refuse the tzdata in it (see tool.uv in pyproject.toml).
    if run([*command, "--no-deps", "-r", str(ROOT / name)], environment):
        stamp.write_text(wanted)
    elif needed:
        stop(f"could not install {name}; the lines above say which package. Is a package index reachable?")
    else:
        say(f"could not install {name}: {without}")


def find_chromium() -> None:
    if shutil.which(SHELL):
        return
    say("installing Chromium for the browser tests (once)")
    if not (apt(SHELL) or any(map(shutil.which, CHROMIUM_NAMES)) or apt("chromium")):
        say(f"no Chromium: the browser tests will fail. Install one, e.g. apt install {SHELL}")


def fetch_b24jssdk() -> None:
    """The script as it was when its hash was written down here; one download."""
    if B24JSSDK_FILE.exists():
        return
    say(f"fetching {B24JSSDK} through npm (once)")
    if not shutil.which("npm") and not apt("npm"):
        say("no npm: the tests with Bitrix24's own script will fail. Install it, e.g. apt install npm")
        return
    with tempfile.TemporaryDirectory() as folder:
        if not run(["npm", "pack", "--silent", "--pack-destination", folder, B24JSSDK], silent=True):
            say(f"npm could not fetch {B24JSSDK}; its tests will fail. Is npm's registry reachable?")
            return
        package = next(Path(folder).glob("*.tgz"))
        if base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode() != B24JSSDK_SHA512:
            stop(f"{B24JSSDK} is not the package that it was: its sha512 differs")
        with tarfile.open(package) as files:
            script = files.extractfile("package/dist/umd/index.min.js")
            assert script
            B24JSSDK_FILE.parent.mkdir(exist_ok=True)
            half = B24JSSDK_FILE.with_suffix(".part")
            half.write_bytes(script.read())
            half.replace(B24JSSDK_FILE)


def apt(package: str) -> bool:
    """Install a system package where we may; False where we may not or it is not there."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], quiet, silent=True)
    return run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], quiet, silent=True)


def run(command: list[str], environment: dict[str, str] | None = None, *, silent: bool = False) -> bool:
    out = subprocess.DEVNULL if silent else None
    try:
        return subprocess.run(command, env=environment, stdout=out, stderr=out, check=False).returncode == 0
    except OSError:
        return False


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def stop(text: str) -> None:
    say(text)
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "demo")
