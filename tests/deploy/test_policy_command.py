"""`zhenglu policy`: the rules with their words, and a change of one."""

import os
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from deploy.policy import register
from service.desk.operations.policies import RULES
from service.kernel import database, i18n
from service.kernel.settings import get_settings

app = typer.Typer()
register(app)


@pytest.fixture(autouse=True)
def bureau(clean_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("ZHENGLU_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ZHENGLU_DATABASE_URL", clean_database)
    get_settings.cache_clear()
    database.get_engine.cache_clear()
    yield
    database.get_engine().dispose()
    get_settings.cache_clear()
    database.get_engine.cache_clear()


def run(*arguments: str, locale: str = "en") -> tuple[int, str, str]:
    with i18n.speaking(locale):
        done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done.exit_code, done.stdout, done.stderr


def test_all_rules_are_shown_with_their_words_in_the_language_of_the_caller() -> None:
    for locale in i18n.LOCALES:
        code, out, _ = run(locale=locale)
        assert code == 0
        with i18n.speaking(locale):
            for rule in RULES.values():
                assert (f"{rule.name} " in out) == rule.by_hand
                assert (str(rule.words) in out) == rule.by_hand
    assert run("sign_in_hours")[1] == "sign_in_hours 12\n    How long a sign-in lasts (hours)\n"


def test_a_change_is_kept_and_what_does_not_fit_is_refused_with_a_sentence() -> None:
    assert run("sign_in_hours", "8")[0] == 0
    assert run("sign_in_hours")[1].startswith("sign_in_hours 8\n")
    for name, value in (("sign_in_hours", "-1"), ("sign_in_hours", '"x"'), ("demo_database", "true")):
        code, _, err = run("--", name, value)
        assert code == 1 and "cannot be read" in err
    assert run("nothing", "1")[0] == 1
    assert run("nothing")[0] == 2
    assert run("sign_in_hours", "default")[0] == 0
    assert run("sign_in_hours")[1].startswith("sign_in_hours 12\n")
