import io

import pytest

from widget.phones.numbering import Numbering, RegistryError, import_registry
from widget.phones.registry import Registry

HEADER = "\ufeffАВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН\r\n"
AMUR = '961;9500000;9599999;100000;ПАО "ВЫМПЕЛКОМ";Амурская обл.;Амурская область;7713076301'
MOSCOW = (
    '916;0000000;9999999;10000000;ПАО "МТС";г. Москва и Московская область;Город Москва, Московская область;7740000076'
)
KAMCHATKA = '415;2200000;2299999;100000;ПАО "Ростелеком";Камчатский край;Камчатский край;7707049388'


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    return (header + "\r\n".join(rows)).encode()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data" / "numbering.bin"


def imported(target, *rows, **options):
    return import_registry(io.BytesIO(csv_of(*rows)), target, **options)


def region_of(target, e164):
    found = Numbering(target).find(e164)
    return found and [region.ru for region in found.regions]


def test_an_import_says_what_it_brought(target):
    report = imported(target, AMUR, MOSCOW)
    assert (report.rows, report.codes, report.numbers, report.numbers_before) == (2, ("916", "961"), 10_100_000, 0)
    assert report.size == target.stat().st_size
    assert report.unknown_regions == ()


def test_the_ends_of_a_range_belong_to_it_and_their_neighbours_do_not(target):
    imported(target, AMUR)
    assert region_of(target, "+79619500000") == region_of(target, "+79619599999") == ["Амурская область"]
    assert region_of(target, "+79619499999") is region_of(target, "+79619600000") is None


def test_files_add_up_code_by_code(target):
    imported(target, AMUR, MOSCOW)
    imported(target, KAMCHATKA)
    imported(target, AMUR.replace("Амурская область", "Томская область"))
    assert region_of(target, "+74152200000") == ["Камчатский край"]
    assert region_of(target, "+79161234567") == ["Москва", "Московская область"]
    assert region_of(target, "+79619510000") == ["Томская область"]


def test_ranges_that_touch_and_agree_are_stored_as_one(target):
    halves = (
        AMUR.replace("9599999;100000", "9549999;50000"),
        AMUR.replace("9500000;9599999;100000", "9550000;9599999;50000"),
    )
    assert imported(target, *halves).ranges_stored == 1


def test_a_running_service_notices_an_import(target):
    numbering = Numbering(target)
    assert not numbering.knows("+79619510000")
    imported(target, AMUR)
    assert numbering.knows("+79619510000")
    assert numbering.find("+79619510000").operator.ru == "Билайн"
    imported(target, AMUR.replace("ВЫМПЕЛКОМ", "МЕГАФОН"))
    assert numbering.find("+79619510000").operator.ru == "МегаФон"


def test_a_territory_without_a_known_name_falls_back_to_the_region_column(target):
    imported(target, AMUR.replace("Амурская область", "г.о. Неведомый"))
    assert region_of(target, "+79619510000") == ["Амурская область"]


def test_a_region_that_we_do_not_know_is_reported_and_not_invented(target):
    report = imported(target, AMUR.replace("Амурская область", "Лукоморье").replace("Амурская обл.", "Лукоморье"))
    assert report.unknown_regions == ("Лукоморье",)
    assert region_of(target, "+79619510000") == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no rows"),
        (HEADER.encode(), "no rows"),
        (b"<!DOCTYPE html><html><body>503</body></html>", "web page"),
        (b"\n<html>", "web page"),
        (b"PK\x03\x04 zipped", "archive"),
        (csv_of(AMUR).decode("utf-8-sig").encode("cp1251"), "UTF-8"),
        (b"\x00" * 5000, "not a CSV|no end"),
        (csv_of(AMUR, header="a;b;c\n"), "unexpected columns"),
        (csv_of(AMUR, header=HEADER.replace("Оператор", "Адрес")), "unexpected columns"),
        (csv_of(AMUR, header=""), "unexpected columns"),
        (csv_of(MOSCOW, AMUR[:40]), "line 3: 5 columns"),
        (csv_of(MOSCOW, AMUR[:-4]), "cut off"),
        (csv_of(AMUR.replace("100000;", "99999;")), "does not hold"),
        (csv_of(AMUR.replace("9500000", "95x0000")), "not a number"),
        (csv_of(AMUR.replace("9500000;9599999", "9599999;9500000")), "no such range"),
        (csv_of(AMUR.replace("961;", "761;")), "no such range"),
        (csv_of(AMUR, MOSCOW, AMUR), "overlap"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason_and_leaves_everything_as_it_was(target, content, says):
    imported(target, AMUR)
    before = target.read_bytes()
    with pytest.raises(RegistryError, match=says):
        import_registry(io.BytesIO(content), target)
    assert target.read_bytes() == before
    assert list(target.parent.iterdir()) == [target]


def test_a_code_that_would_lose_half_its_numbers_is_refused_unless_asked_for(target):
    imported(target, MOSCOW, AMUR)
    small = MOSCOW.replace("0000000;9999999;10000000", "0000000;0999999;1000000")
    with pytest.raises(RegistryError, match="916"):
        imported(target, small)
    assert region_of(target, "+79161234567") == ["Москва", "Московская область"]
    imported(target, small, allow_shrink=True)
    assert region_of(target, "+79161234567") is None


def test_the_source_stays_open_for_its_owner(target):
    source = io.BytesIO(csv_of(AMUR))
    import_registry(source, target)
    assert not source.closed


def test_a_damaged_target_is_reported_and_the_shipped_data_serves(target, caplog):
    imported(target, AMUR)
    target.write_bytes(target.read_bytes()[:-3])
    with pytest.raises(RegistryError, match="damaged"):
        Registry(target)
    assert region_of(target, "+79619510000") == ["Амурская область"]
    assert "numbering.registry_unusable" in caplog.text
    target.write_bytes(b"not ours")
    assert not Numbering(target).knows("+79619510000")


def test_the_official_file_is_read_whole(official_csv, tmp_path):
    report = import_registry(official_csv, tmp_path / "numbering.bin")
    assert report.rows > 16_000
    assert report.numbers > 600_000_000
    assert report.overlaps == 0
    assert report.unknown_regions == ("Российская Федерация",)
    assert report.size < 1_000_000
    again = import_registry(official_csv, tmp_path / "numbering.bin")
    assert (again.numbers, again.numbers_before) == (report.numbers, report.numbers)


def test_a_cut_official_file_is_refused(official_csv, tmp_path):
    content = official_csv.read_bytes()
    for size in (len(content) - 5, len(content) // 2, len(content) // 2 + 37):
        with pytest.raises(RegistryError):
            import_registry(io.BytesIO(content[:size]), tmp_path / "numbering.bin")
