"""A token never has to stand among a command's words, and the wrong one is never used silently."""

import io
from pathlib import Path

import pytest
import typer

from deploy.tokens import token_of


@pytest.fixture(autouse=True)
def nobody_said_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHENGLU_TOKEN", raising=False)


@pytest.mark.parametrize(
    "held", [b"abc-1_2", b"abc-1_2\n", b"abc-1_2\r\nold one\n", b"\xef\xbb\xbfabc-1_2\r\n", b" abc-1_2 "]
)
def test_a_file_is_read_as_people_write_it(tmp_path: Path, held: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(held)
    assert token_of(str(file), "") == "abc-1_2"


@pytest.mark.parametrize(
    "held", [None, b"", b"\nabc", b"\xff\xfe\x00", "令牌".encode(), b"a\x00b", b"a\x1b[2J"]
)
def test_a_file_without_a_token_is_refused_whatever_the_environment_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: bytes | None
) -> None:
    monkeypatch.setenv("ZHENGLU_TOKEN", "another")
    file = tmp_path / "token"
    if held is not None:
        file.write_bytes(held)
    with pytest.raises(typer.BadParameter):
        token_of(str(file), "")


def test_what_is_given_goes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHENGLU_TOKEN", "of-the-environment\n")
    assert token_of("", "") == "of-the-environment"
    monkeypatch.setattr("sys.stdin", io.StringIO("typed\nmore\n"))
    assert token_of("-", "") == "typed"
    assert not capsys.readouterr().err
    assert token_of("", "of-the-command-line") == "of-the-command-line"
    assert "--token-file" in capsys.readouterr().err
    with pytest.raises(typer.BadParameter):
        token_of(str(tmp_path / "token"), "of-the-command-line")


def test_an_endless_file_is_read_for_one_line() -> None:
    with pytest.raises(typer.BadParameter):
        token_of("/dev/zero", "")
