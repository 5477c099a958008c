"""The Chinese catalog is complete, fresh and really used; English is what stands in the code."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.support import Translations

from service.kernel import i18n
from service.web.frame import catalogs
from service.web.frame.catalogs import key, said

PLACES = re.compile(r"%\(\w+\)s|\{\w*\}")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return catalogs.read(catalogs.CHINESE)


def test_every_sentence_has_its_chinese_and_no_dead_ones_are_kept(catalog: Catalog) -> None:
    assert catalogs.stale(catalog) == [], "run python -m service.web.frame.catalogs, then fill messages.po"


def test_no_translation_is_doubtful_and_each_keeps_its_placeholders(catalog: Catalog) -> None:
    for message in catalog:
        if message.id:
            assert not message.fuzzy, message.id
            assert set(PLACES.findall(key(message))) == set(PLACES.findall(said(message))), message.id


def test_chinese_pages_are_really_chinese(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Babel finds no catalog silently: a wrong folder or locale name would leave all pages English."""
    folder = tmp_path / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalog)
    assert type(Translations.load(tmp_path, ["zh_CN"])) is Translations
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    i18n.catalog.cache_clear()
    try:
        with i18n.speaking("zh_CN"):
            assert i18n.gettext("Sign in") == "登录"
            assert i18n.ngettext("%(num)s recording", "%(num)s recordings", 2) == "2 段录像"
        with i18n.speaking("en"):
            assert i18n.gettext("Sign in") == "Sign in"
            assert i18n.ngettext("%(num)s recording", "%(num)s recordings", 1) == "1 recording"
    finally:
        i18n.catalog.cache_clear()


@pytest.mark.parametrize(
    ("cookie", "header", "locale"),
    [
        (None, None, "zh_CN"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        (None, "zh-Hans-CN", "zh_CN"),
        (None, "en-US,en;q=0.9", "en"),
        (None, "de-DE,en;q=0.5", "en"),
        (None, "en;q=0.1,zh;q=0.9", "zh_CN"),
        (None, "fr-FR", "zh_CN"),
        (None, "zh;q=zero", "zh_CN"),
        ("en", "zh-CN", "en"),
        ("xx", "en-GB", "en"),
    ],
)
def test_the_language_of_a_request(cookie: str | None, header: str | None, locale: str) -> None:
    assert i18n.negotiate(cookie, header) == locale


def test_times_are_written_in_the_bureaus_zone() -> None:
    at = datetime(2024, 6, 3, 18, 5, 9, tzinfo=UTC)
    assert i18n.moment(at) == "2024-06-04 02:05"
    with i18n.speaking("zh_CN"):
        assert i18n.moment(at, "long") == "2024年6月4日 星期二 02:05"
        assert i18n.ago(at - timedelta(hours=3), at) == "3小时前"
    with i18n.speaking("en"):
        assert i18n.moment(at, "long") == "Tuesday, 4 June 2024, 02:05"


def test_sizes_and_lengths() -> None:
    assert [i18n.size(n) for n in (0, 999, 1500, 3_460_000_000)] == ["0 B", "999 B", "2 kB", "3.5 GB"]
    assert [i18n.duration(s) for s in (0, 42.4, 725, 3753)] == ["0:00", "0:42", "12:05", "1:02:33"]
    assert i18n.moment(None) == i18n.size(None) == i18n.duration(None) == "–"
