"""The rules that differ between bureaus: each declared once, all of them in the list."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import service
from service.desk.operations.policies import LINKS_DEPEND, RULES
from service.kernel import i18n
from service.kernel.policy import Rule

HERE = Path(service.__file__).parent


def declared() -> list[Rule[Any]]:
    names = (
        ".".join(file.relative_to(HERE.parent).with_suffix("").parts) for file in HERE.rglob("policy.py")
    )
    modules = [importlib.import_module(name) for name in names]
    return [thing for module in modules for thing in vars(module).values() if isinstance(thing, Rule)]


def test_every_rule_stands_in_the_list_once() -> None:
    assert sorted(rule.name for rule in {id(one): one for one in declared()}.values()) == sorted(RULES)
    assert all(RULES[rule.name] is rule for rule in declared())


def test_every_default_is_a_value_that_may_be_set_and_its_words_are_in_both_languages() -> None:
    for rule in RULES.values():
        assert rule.fits(rule.default), rule.name
        said = {}
        for locale in i18n.LOCALES:
            with i18n.speaking(locale):
                said[locale] = str(rule.words)
        assert re.search("[一-鿿]", said["zh_CN"]) and not re.search("[一-鿿]", said["en"]), said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


OR_OF_ROLES = "playback_original"  # yes, no, or for whom


@given(JSON)
def test_only_values_of_the_kind_of_the_default_fit(value: Any) -> None:
    for rule in RULES.values():
        if not rule.fits(value) or (rule.name == OR_OF_ROLES and isinstance(value, list)):
            continue
        number = not isinstance(rule.default, bool) and isinstance(rule.default, int | float)
        assert isinstance(value, int | float if number else type(rule.default)), rule.name
        assert isinstance(value, bool) == isinstance(rule.default, bool), rule.name
        assert not number or value >= 0, rule.name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("officers_per_recorder", 0),
        ("low_battery_percent", 101),
        ("link_offers", 2.5),
        ("event_default_kind", "party"),
        ("event_subjects", {"dust": "扬尘"}),
        ("bureau_name", {"zh": "城管局"}),
        ("link_slack_minutes", float("nan")),
    ],
)
def test_a_value_that_would_break_what_reads_it_does_not_fit(name: str, value: Any) -> None:
    assert not RULES[name].fits(value)


def test_links_depend_on_the_rules_of_linking() -> None:
    assert {name for name in RULES if name.startswith("link_")} == LINKS_DEPEND
