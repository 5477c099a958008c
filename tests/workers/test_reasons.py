"""What a reason carries beside its sentence is said in words too, in the reader's language."""

import re
from typing import get_args

import pytest

from service.footage.recordings.words import reason_sentence
from service.kernel.i18n import speaking
from workers.media import apart, sandbox, sniff

LIMITS = ({*get_args(apart.Limit), *get_args(sandbox.Ended)}) - {"exit"}
KINDS = {kind for _sign, kind in (*sniff._MAGIC, *sniff._TEXT)} | {"text"}


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        ("limit_exceeded", "limit", LIMITS),
        ("not_a_recording", "kind", KINDS),
        ("box_overrun", "box", {"garbage"}),
    ],
)
def test_no_code_stands_in_a_sentence(code: str, name: str, words: set[str]) -> None:
    for word in words:
        with speaking("en"):
            assert "_" not in (reason_sentence(code, {name: word}) or "")
        with speaking("zh_CN"):
            assert not re.search(
                "[a-z]{2}", (reason_sentence(code, {name: word}) or "").replace("XML", "")
            ), word


def test_formats_are_called_as_data_sheets_call_them() -> None:
    with speaking("en"):
        said = reason_sentence("container_not_for_browsers", {"container": "mpegts"})
    assert said == "Browsers do not open MPEG-TS; the footage is put into MP4 unchanged."
