"""Raise every pinned package in requirements*.in to its newest version; `make update` locks them
with hashes then.

The newest that go together: uv resolves each file without its pins. Comments stay. Read CHANGELOGs
before you commit.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".venv" / "bin" / "uv"
PIN = re.compile(r"^([A-Za-z0-9._-]+)((?:\[[^\]]*\])?)==([^\s#;]+)", re.M)
RESOLVE = ("pip", "compile", "-q", "--python-version", "3.11", "--universal", "--no-header", "--no-annotate", "-")


def main() -> None:
    for file in sorted(ROOT.glob("requirements*.in")):
        text = file.read_text()
        newest = resolved(PIN.sub(r"\1\2", re.sub(r"^-c .*$", "", text, flags=re.M)))
        for name, extra, version in PIN.findall(text):
            new = newest.get(name_of(name), version)
            if new != version:
                print(f"{file.name}: {name} {version} -> {new}")
                text = text.replace(f"{name}{extra}=={version}", f"{name}{extra}=={new}")
        file.write_text(text)


def resolved(wanted: str) -> dict[str, str]:
    told = subprocess.run([UV, *RESOLVE], cwd=ROOT, input=wanted, capture_output=True, text=True, check=True).stdout
    return {name_of(name): version for name, _extra, version in PIN.findall(told)}


def name_of(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
