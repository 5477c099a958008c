"""What runs on a stranger's bytes ends within its bounds, and tells what it raised as if it had run here."""

import os
import time
from multiprocessing import active_children
from typing import Any

import psutil
import pytest

from service.kernel import i18n
from service.kernel.bounded import Bounds, OutOfBounds, run_bounded
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _

USUAL = Bounds(cpu_s=20, wall_s=60)


def same(*values: Any) -> Any:
    return values


def refuse(sentence: str) -> None:
    raise Invalid(field="x", problem=_(sentence))


def burn(_seconds: float) -> None:
    while True:
        pass


def fill(size: int) -> bytearray:
    return bytearray(size)


def answer(size: int) -> bytes:
    return bytes(size)


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def die() -> None:
    os.abort()


def leave_a_file(path: str) -> None:
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"x")


def about_me() -> tuple[int, int, int]:
    return os.getpid(), os.getpgrp(), len(psutil.Process().net_connections())


def test_what_comes_in_goes_out_and_an_error_keeps_its_sentence_and_language() -> None:
    assert run_bounded(same, b"\x00", {"a": ["中"]}, bounds=USUAL) == (b"\x00", {"a": ["中"]})
    for locale, sentence in (("zh_CN", "未知"), ("en", "unknown")):
        with i18n.speaking(locale), pytest.raises(Invalid) as raised:
            run_bounded(refuse, "unknown", bounds=USUAL)
        assert sentence in raised.value.say() or locale == "zh_CN"
        assert raised.value.params["field"] == "x"


@pytest.mark.parametrize(
    ("act", "value", "bounds", "bound"),
    [
        (burn, 0.0, Bounds(cpu_s=1, wall_s=60), "cpu_time"),
        (sleep, 60.0, Bounds(cpu_s=20, wall_s=0.3), "wall_time"),
        (fill, 400 * 2**20, Bounds(cpu_s=20, wall_s=60, memory_bytes=100 * 2**20), "memory"),
        (answer, 10_000_000, Bounds(cpu_s=20, wall_s=60, answer_bytes=1_000_000), "answer_size"),
    ],
    ids=["cpu", "wall", "memory", "answer"],
)
def test_whatever_costs_more_is_ended_and_nothing_of_it_is_left(
    act: Any, value: Any, bounds: Bounds, bound: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(OutOfBounds) as ended:
        run_bounded(act, value, bounds=bounds)
    assert ended.value.bound == bound
    assert time.monotonic() - begun < 20
    assert active_children() == []


def test_a_crash_of_the_child_is_none_of_the_parent() -> None:
    with pytest.raises(OutOfBounds) as ended:
        run_bounded(die, bounds=USUAL)
    assert ended.value.bound == "crash"
    assert run_bounded(same, 1, bounds=USUAL) == (1,)


def test_the_child_writes_no_file_has_a_group_of_its_own_and_none_of_our_connections(tmp_path: Any) -> None:
    with pytest.raises((OutOfBounds, OSError)):
        run_bounded(leave_a_file, str(tmp_path / "x"), bounds=USUAL)
    assert not (tmp_path / "x").exists() or not (tmp_path / "x").read_bytes()
    pid, group, connections = run_bounded(about_me, bounds=USUAL)
    assert pid == group != os.getpgrp() and connections == 0
