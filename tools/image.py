"""Build what the Dockerfile says without a container engine: its steps, in clean roots that
`chroot` goes into.

    tools/image.py ROOT     ROOT: a minimal Debian, as `debootstrap --variant=minbase bookworm ROOT`
                            makes; what the Dockerfile begins with has no manuals and no
                            translations and is 50 MB smaller

For root on Linux. Then the service is started in the image as its user, with settings for nothing
outside; its health check has to be well, no file may be its own, and the size of the image is
printed.

The disk is safe from it: devices, pipes and mounted file systems are never copied, all copies
together have a bound, and no file that a step writes may grow beyond one.
"""

import argparse
import json
import os
import re
import resource
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
MB = 10**6
MAX_COPIED = 2000 * MB  # all stages together; two Debian roots and the packages take a third of it
MAX_WRITTEN = 500 * MB  # of one file, by this program and by those it starts
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}
CHROOT = shutil.which("chroot") or "chroot"
SETTINGS = {
    "SECRET_KEY": "s" * 40,
    "ENCRYPTION_KEYS": "A" * 43 + "=",
    "BITRIX_CLIENT_ID": "x",
    "BITRIX_CLIENT_SECRET": "x",
}
SETTINGS |= {"DATABASE_URL": "sqlite:////tmp/widget.sqlite3", "JOBS_FILE": "/tmp/jobs.sqlite3"}


class Copier:
    """Copies trees until `most` bytes were copied. Its files belong to their owners or, without
    `owners`, to us."""

    def __init__(self, most: int = MAX_COPIED) -> None:
        self._left = most

    def tree(self, source: Path, target: Path, *, owners: bool = False, without: str = "") -> None:
        """Directories, files and links, on one file system; a directory named `without` is left
        out. A device or a pipe is not copied: read like a file it has no end. Raises SystemExit
        beyond the bound."""
        target.mkdir(parents=True, exist_ok=True)
        here = source.stat()
        _adopt(target, here, owners=owners)
        for entry in os.scandir(source):
            found, to = entry.stat(follow_symlinks=False), target / entry.name
            if entry.is_symlink():
                to.unlink(missing_ok=True)
                to.symlink_to(Path(entry.path).readlink())
            elif entry.is_dir(follow_symlinks=False) and entry.name != without:
                if found.st_dev == here.st_dev:
                    self.tree(Path(entry.path), to, owners=owners, without=without)
                else:  # mounted there; the place stays
                    to.mkdir(exist_ok=True)
            elif entry.is_file(follow_symlinks=False):
                self.file(Path(entry.path), to)
                _adopt(to, found, owners=owners)

    def file(self, source: Path, target: Path) -> None:
        """One file, or what a link leads to. Raises SystemExit for anything else, and beyond the
        bound."""
        found = source.stat()
        if not stat.S_ISREG(found.st_mode):
            raise SystemExit(f"image: {source} is not a file")
        self._left -= found.st_size
        if self._left < 0:
            raise SystemExit(f"image: more would be copied than the bound allows, the last was {source}")
        shutil.copy(source, target)


def _adopt(path: Path, like: os.stat_result, *, owners: bool) -> None:
    if owners:
        os.chown(path, like.st_uid, like.st_gid)
    path.chmod(stat.S_IMODE(like.st_mode))  # last: a change of the owner takes the set-user-id bit away


class Image:
    """One stage: a copy of the clean root, and what its steps have said so far."""

    def __init__(self, clean: Path, folder: Path, copier: Copier) -> None:
        self._copier = copier
        copier.tree(clean, folder, owners=True)
        for name, numbers in DEVICES.items():
            device = folder / "dev" / name
            device.unlink(missing_ok=True)
            os.mknod(device, stat.S_IFCHR, os.makedev(*numbers))
            device.chmod(0o666)
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        if Path("/etc/pip.conf").exists():  # how packages are reached from here
            shutil.copy("/etc/pip.conf", folder / "etc/pip.conf")
        self.folder, self.place, self.user = folder, "/", "0:0"
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self.health: list[str] = []
        self.command: list[str] = []

    def run(self, command: list[str], user: str = "", **more: str) -> "subprocess.Popen[bytes]":
        passed = {
            name: value for name, value in os.environ.items() if name.lower().startswith(("pip_", "http", "no_proxy"))
        }
        into = [
            CHROOT,
            f"--userspec={user or self.user}",
            str(self.folder),
            "sh",
            "-c",
            'cd "$0" && exec "$@"',
            self.place,
        ]
        return subprocess.Popen([*into, *command], env={**passed, **self.environment, **more})

    def step(self, word: str, rest: str, stages: dict[str, "Image"]) -> None:
        if word == "RUN":
            if self.run(["sh", "-c", rest]).wait():
                raise SystemExit(f"image: this step failed: {rest}")
        elif word == "COPY":
            self._copy(shlex.split(rest), stages)
        elif word == "ENV":
            for name, value in re.findall(r"(\S+?)=(\S+)", rest):
                self.environment[name] = value
        elif word == "WORKDIR":
            self.place = rest
            (self.folder / rest.strip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "USER":
            self.user = rest
        elif word == "HEALTHCHECK":
            self.health = json.loads(rest[rest.index("[") :])
        elif word == "CMD":
            self.command = json.loads(rest)

    def _copy(self, words: list[str], stages: dict[str, "Image"]) -> None:
        base = ROOT
        if words[0].startswith("--from="):
            base = stages[words.pop(0).removeprefix("--from=")].folder
        *names, to = words
        target = self.folder / (to if to.startswith("/") else f"{self.place}/{to}").strip("/")
        for name in names:
            source = base / name.strip("/")
            if source.is_dir():
                # As .dockerignore says; from another stage everything comes along.
                self._copier.tree(source, target, without="__pycache__" if base == ROOT else "")
            else:
                self._copier.file(source, target)


def build(clean: Path, folder: Path) -> Image:
    """The last stage."""
    stages: dict[str, Image] = {}
    image: Image | None = None
    copier = Copier()
    for word, rest in steps():
        if word == "FROM":
            name = rest.partition(" AS ")[2] or "image"
            image = stages[name] = Image(clean, folder / name, copier)
        elif image:
            image.step(word, rest, stages)
    if image is None:
        raise SystemExit("image: the Dockerfile has no stage")
    return image


def steps() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def starts(image: Image) -> float:
    """Seconds until the health check is well."""
    (image.folder / "tmp").chmod(0o1777)
    if image.run(["python3", "-m", "flask", "upgrade"], **SETTINGS).wait():
        raise SystemExit("image: `flask upgrade` failed")
    began = time.monotonic()
    service = image.run(image.command, **SETTINGS)
    try:
        while time.monotonic() - began < PATIENCE and service.poll() is None:
            if not image.run(image.health).wait():
                return time.monotonic() - began
            time.sleep(0.3)
    finally:
        service.terminate()
        service.wait()
    raise SystemExit("image: the service did not start, or its health check is not well")


def writable(image: Image) -> list[str]:
    """Files outside of /tmp that the service could change."""
    find = ["find", "/app", "/packages", "/etc", "/usr", "-writable", "-not", "-type", "l"]
    into = [CHROOT, f"--userspec={image.user}", str(image.folder), *find]
    return subprocess.run(into, capture_output=True, text=True, check=False).stdout.split()


def size(folder: Path) -> float:
    without = [f"--exclude={name}" for name in ("proc", "var/cache/apt", "var/lib/apt/lists")]
    told = subprocess.run(["du", "-sb", *without, str(folder)], capture_output=True, text=True, check=True)
    return int(told.stdout.split()[0]) / MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, help="a minimal Debian")
    arguments = parser.parse_args()
    if shutil.disk_usage(tempfile.gettempdir()).free < 2 * MAX_COPIED:
        raise SystemExit(f"image: {tempfile.gettempdir()} has less than {2 * MAX_COPIED // MB} MB free")
    base = size(arguments.root)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_WRITTEN, MAX_WRITTEN))
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        image = build(arguments.root, Path(folder))
        whole = size(image.folder)
        seconds, free = starts(image), writable(image)
    if free:
        raise SystemExit(f"image: the service could write to {free[:5]}")
    sizes = f"{whole:.0f} MB, of them {base:.0f} of its base"
    print(f"image: {sizes}, well after {seconds:.1f} s as {image.user}, can write to nothing")


if __name__ == "__main__":
    main()
