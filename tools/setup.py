"""Make this checkout runnable: `python3 tools/setup.py demo` or `... test`. Standard library only.

Creates .venv, installs the hashed requirements, and for the tests looks for a Chromium, Bitrix24's
frame script and the linter of JavaScript and CSS. A second run compares one stamp and ends. What
cannot be had is said in one line.
"""

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
MINIMUM = (3, 11)
# The shell takes a third of the processor of a whole Chromium, so it is installed beside one where
# we may.
SHELL = "chromium-headless-shell"
SHARE = VENV / "share"
# Bitrix24's own script for framed pages, which the simulated portal has to satisfy; one file of an
# npm package.
B24JSSDK = "@bitrix24/b24jssdk@2.2.0"
B24JSSDK_SHA512 = "zqN7y8r2D3g0dAGKq3+0zOEsRtz2MbjoZR70XrTXKKN5l0OUmPK6jy2BEn6TXiqf5ApsvYrcz9nEn2t2jDR4cw=="
B24JSSDK_FILE = SHARE / "b24jssdk-2.2.0.js"
# Formats and lints JavaScript and CSS (biome.jsonc). One program that runs without Node, and its
# sha512 by machine.
BIOME = "@biomejs/cli-{machine}@2.6.8"
BIOME_FILE = SHARE / "biome-2.6.8"
BIOME_SHA512 = {
    "linux-x64": "XIk3pLQT56I6Tti+u0DF8FtSNXjCMTPbxVTzfJ9cS2t1ImVKvrqV5b52GuEaJg6/wuiXvz0sjfb5saB4TPRjzA==",
    "linux-arm64": "0Bjim8lKwnrvXUHoI4k3Tb51BjoiLEwDnovCI8nSzkk6wj3dShiuAjrx6+X0Hjf4ejR1sRZgTQiSDHlpy9vB7w==",
    "darwin-arm64": "DHyj+JnRHcn4YdvpiqgTFZMYKSPELMCfFpNNlEuu1L8DKTGXhzW7raIwdsbo2Ie9nCljQLAQkVWQk/mwM0ueiA==",
    "darwin-x64": "QWWUPjlA0RnkkgYnFLUHZu+RrDc0FdK0A+wEPA+dENQJwsuSHMH89lspnAw2QUWWc9VHyfluGx1Xmp6Y2GZi8Q==",
}
WORK = "from timeit import repeat; print(min(repeat('sum(map(str.__len__, map(str, range(9999))))', number=9)))"
CLEARLY = 0.85
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(purpose: str) -> None:
    if sys.version_info < MINIMUM:
        stop(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 {purpose}")
    make_venv()
    install("requirements.txt", needed=True)
    install("requirements-demo.txt", needed=False, without="the demo and the tests run without Redis")
    install("requirements-voice.txt", needed=purpose == "test", without="no voice message can be recorded")
    if purpose == "test":
        install("requirements-test.txt", needed=True)
        find_chromium()
        fetch_b24jssdk()
        fetch_biome()


def make_venv() -> None:
    if (VENV / "bin" / "python").exists():
        return
    pythons = [sys.executable] if "PYTHON" in os.environ else [fastest_python(), sys.executable]
    # Debian splits venv off; as root we can mend that, otherwise we say how.
    if not (any(map(makes_venv, pythons)) or (apt("python3-venv") and makes_venv(sys.executable))):
        stop("could not create a virtual environment. On Debian or Ubuntu: apt install python3-venv")


def makes_venv(python: str) -> bool:
    say(f"creating .venv with {python}")
    made = run([python, "-m", "venv", str(VENV)])
    if not made:
        shutil.rmtree(VENV, ignore_errors=True)
    return made


def fastest_python() -> str:
    """This Python, or one of the same version in PATH that is clearly faster. One that was built
    here from source, as pyenv does, mostly lacks the optimisations of a distribution's, and
    everything takes a third longer."""
    name = "python{}.{}".format(*sys.version_info)
    folders = map(os.path.realpath, filter(None, os.environ.get("PATH", os.defpath).split(os.pathsep)))
    found = [shutil.which(name, path=folder) for folder in folders]
    took = {python: seconds(python) for python in (sys.executable, *filter(None, found))}
    fastest = min(took, key=took.__getitem__)
    return fastest if took[fastest] < CLEARLY * took[sys.executable] else sys.executable


def seconds(python: str) -> float:
    """How long this Python takes for a bit of work; infinitely long where it does not run."""
    try:
        return float(subprocess.check_output([python, "-c", WORK], stderr=subprocess.DEVNULL, text=True, timeout=20))
    except (OSError, subprocess.SubprocessError, ValueError):
        return float("inf")


def install(name: str, *, needed: bool, without: str = "") -> None:
    wanted = hashlib.sha256((ROOT / name).read_bytes() + sys.version.encode()).hexdigest()
    stamp = VENV / f".{name}.installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"installing {name} (once; half a minute or so)")
    # The machine may forbid bytecode; without it the first import of the number data takes seconds.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [str(VENV / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    # --no-deps: the file is complete, and b24pysdk would refuse the tzdata in it (see tool.uv in
    # pyproject.toml).
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
    fetch(B24JSSDK, B24JSSDK_SHA512, "package/dist/umd/index.min.js", B24JSSDK_FILE, "its tests will fail")


def fetch_biome() -> None:
    """The program for this machine, 25 MB, once. Without it `make lint` leaves JavaScript and CSS
    out and says so."""
    architecture = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    machine = f"{platform.system().lower()}-{architecture}"
    if machine in BIOME_SHA512:
        package = BIOME.format(machine=machine)
        fetch(package, BIOME_SHA512[machine], "package/biome", BIOME_FILE, "make lint leaves JavaScript and CSS out")


def fetch(package: str, sha512: str, member: str, target: Path, without: str) -> None:
    """One file of an npm package, if it is not there yet. A package with another hash ends the
    set-up."""
    if target.exists():
        return
    say(f"fetching {package} through npm (once)")
    if not shutil.which("npm") and not apt("npm"):
        say(f"no npm: {without}. Install it, e.g. apt install npm")
        return
    with tempfile.TemporaryDirectory() as folder:
        if not run(["npm", "pack", "--silent", "--pack-destination", folder, package], silent=True):
            say(f"npm could not fetch {package}: {without}. Is npm's registry reachable?")
            return
        packed = next(Path(folder).glob("*.tgz"))
        if base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode() != sha512:
            stop(f"{package} is not the package that it was: its sha512 differs")
        with tarfile.open(packed) as files:
            content = files.extractfile(member)
            assert content
            target.parent.mkdir(exist_ok=True)
            half = target.with_suffix(".part")
            half.write_bytes(content.read())
            half.chmod(0o755)
            half.replace(target)


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
