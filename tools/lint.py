"""Style, types, and who may import whom: `make lint`. With --write, the style is put right:
`make format`.

What is quick comes first, and every check runs, so that one call shows all there is to mend.
"""

import subprocess
import sys
import time
from pathlib import Path

from setup import BIOME_FILE, ROOT

PROGRAMS = Path(sys.executable).parent
TEMPLATES = [str(folder.relative_to(ROOT)) for folder in (ROOT / "templates", *ROOT.glob("sandbox/*/templates"))]
CHECKS = {
    "Python": ("ruff", "check", "."),
    "Python's form": ("ruff", "format", "--check", "."),
    "templates": ("djlint", "--lint", "--quiet", *TEMPLATES),
    "templates' form": ("djhtml", "--tabwidth", "2", "--check", *TEMPLATES),
    "JavaScript and CSS": (BIOME_FILE, "ci", "--error-on-warnings"),
    "ranks": ("lint-imports",),
    "types": ("mypy",),
}
FIXES = (
    ("ruff", "check", "--fix", "."),
    ("ruff", "format", "."),
    ("djhtml", "--tabwidth", "2", *TEMPLATES),
    (BIOME_FILE, "check", "--write"),
)


def check() -> int:
    failed = []
    for what, command in CHECKS.items():
        began = time.monotonic()
        if not run(command):
            failed.append(what)
        print(f"lint: {what} {time.monotonic() - began:.1f} s", flush=True)
    print(f"lint: to mend: {', '.join(failed)}" if failed else "lint: all is well")
    return bool(failed)


def write() -> int:
    return sum(not run(command) for command in FIXES)


def run(command: tuple[str | Path, ...]) -> bool:
    """False for findings. A program that could not be had here finds nothing, and one line says
    so."""
    program = PROGRAMS / command[0]  # a whole path stays itself
    if not program.exists():
        print(f"lint: {program.name} is not here, its files were not looked at (see the lines of setup)")
        return True
    return subprocess.run([program, *command[1:]], cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(write() if sys.argv[1:] == ["--write"] else check())
