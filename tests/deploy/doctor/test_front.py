"""What the doctor says of the address, its encryption, and the web servers in front."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.doctor.findings import Verdict
from deploy.doctor.front import address, web_servers
from service.kernel import forwarded
from service.kernel.settings import get_settings
from tests.deploy.doctor.asked import told
from tests.fixtures.nginx import Nginx
from tests.fixtures.processes import Processes


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("", Verdict.ok),
        ("http://127.0.0.1:8000", Verdict.ok),
        ("http://localhost:8000", Verdict.ok),
        ("http://192.0.2.7:8000", Verdict.warning),
        ("http://0.0.0.0:8000", Verdict.warning),
        ("http://recordings.example", Verdict.warning),
    ],
)
def test_what_crosses_the_network_unencrypted_is_told(url: str, verdict: Verdict) -> None:
    assert told(address, public_url=url).verdict is verdict


def test_a_site_with_a_good_certificate_is_good_and_one_that_ends_soon_is_told(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody answers behind it: nginx says what holds for the site in its own answers, too."""
    nginx = Nginx(processes, tmp_path / "good", upstream=1, objects=tmp_path).start()
    found = told(address, public_url=nginx.address)
    assert found.verdict is Verdict.warning and "cannot be asked" in found.found  # no authority signed it

    monkeypatch.setenv("SSL_CERT_FILE", str(nginx.folder / "certificate.pem"))
    assert told(address, public_url=nginx.address).verdict is Verdict.ok
    assert "INSECURE_COOKIE" in told(address, public_url=nginx.address, insecure_cookie=True).mend

    nginx = Nginx(processes, tmp_path / "ending", upstream=1, objects=tmp_path, days=3).start()
    monkeypatch.setenv("SSL_CERT_FILE", str(nginx.folder / "certificate.pem"))
    assert told(address, public_url=nginx.address).found == "its certificate ends in 2 days"


def test_no_answer_is_told_with_its_reason() -> None:
    found = told(address, public_url="https://127.0.0.1:1")
    assert found.verdict is Verdict.warning and "Connection refused" in found.found


@pytest.mark.parametrize(
    ("url", "proxies", "verdict"),
    [
        ("http://127.0.0.1:8000", "", Verdict.ok),
        ("https://recordings.example", "", Verdict.warning),
        ("https://recordings.example", "127.0.0.1", Verdict.ok),
        ("https://recordings.example", "10.0.0.0/8", Verdict.ok),
        ("https://recordings.example", "0.0.0.0/0", Verdict.warning),
        ("https://recordings.example", "127.0.0.1, ::/0", Verdict.warning),
        ("https://recordings.example", "11.0.0.0/8", Verdict.warning),
    ],
)
def test_a_web_server_that_is_not_believed_or_everybody_who_is_are_told(
    url: str, proxies: str, verdict: Verdict
) -> None:
    assert told(web_servers, public_url=url, trusted_proxies=proxies).verdict is verdict


@pytest.fixture
def unsaid() -> Iterator[None]:
    """Nothing was said of anybody yet, nor is afterwards."""
    forwarded._said.clear()
    yield
    forwarded._said.clear()


@pytest.mark.usefixtures("unsaid")
def test_who_named_other_callers_unheard_is_told_until_it_is_believed(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGLU_REDIS_URL", redis_url)
    get_settings.cache_clear()
    try:
        for peer in ("127.0.0.1", "127.0.0.1", "testclient", "2001:db8::1"):
            forwarded.not_heard(peer)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    found = told(web_servers, redis_url=redis_url)
    assert found.verdict is Verdict.warning and "127.0.0.1,2001:db8::1" in found.mend
    assert (
        told(web_servers, redis_url=redis_url, trusted_proxies="127.0.0.1,2001:db8::/32").verdict
        is Verdict.ok
    )


@pytest.mark.usefixtures("unsaid")
def test_strangers_fill_neither_the_broker_nor_the_log(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ZHENGLU_REDIS_URL", redis_url)
    get_settings.cache_clear()
    try:
        for n in range(500):
            forwarded.not_heard(f"198.51.{n // 250}.{n % 250}")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert len(forwarded.unheard(redis_url)) == forwarded.MOST == len(caplog.records)
