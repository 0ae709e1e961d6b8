from pathlib import Path

import pytest

from widget.phones.numbering import Numbering, import_registry

OFFICIAL = Path(__file__).resolve().parents[3] / "shared" / "reference" / "numbering" / "DEF-9xx.csv"


@pytest.fixture(scope="session")
def official_csv() -> Path:
    if not OFFICIAL.exists():
        pytest.skip("the ministry's DEF-9xx.csv is not on this machine")
    return OFFICIAL


@pytest.fixture(scope="session")
def official(official_csv, tmp_path_factory) -> Numbering:
    """The numbering plan after importing the ministry's file of mobile ranges."""
    target = tmp_path_factory.mktemp("numbering") / "numbering.bin"
    import_registry(official_csv, target)
    return Numbering(target)


@pytest.fixture(scope="session")
def shipped_only() -> Numbering:
    return Numbering()
