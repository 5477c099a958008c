"""The help of the commands in both languages."""

import re

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from deploy.cli import app

GROUP = get_command(app)
assert isinstance(GROUP, TyperGroup)
COMMANDS = sorted(GROUP.commands)
CHINESE = re.compile("[\u4e00-\u9fff]")


def help_of(*arguments: str, lang: str, columns: int = 100) -> str:
    done = CliRunner().invoke(
        app, [*arguments, "--help"], env={"ZHENGLU_LANG": lang, "COLUMNS": str(columns), "TERM": "dumb"}
    )
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("command", COMMANDS)
def test_help_speaks_the_callers_language_and_nothing_of_it_is_cut_off(command: str) -> None:
    chinese = help_of(command, lang="zh_CN", columns=70)
    assert "显示本说明后退出" in chinese and "选项" in chinese
    assert "…" not in chinese
    english = help_of(command, lang="en")
    assert "Show this message and exit." in english and not CHINESE.search(english)


def test_the_list_of_commands_and_a_command_below_another_speak_it_too() -> None:
    assert "在本机启动全部组件" in help_of(lang="zh_CN")
    assert "Start everything on this machine" in help_of(lang="en")
    assert "新建账号" in help_of("user", "add", lang="zh_CN")
    assert "Make an account" in help_of("user", "add", lang="en")
