"""Settings of one installation, from ZHENGLU_* environment variables. Rules of a bureau are not here: see policy.py."""

import os
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEMO_SECRET = "demo-secret-not-for-real-use"


def default_data_dir() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/zhenglu")
    share = os.environ.get("XDG_DATA_HOME")
    return (Path(share) if share else Path.home() / ".local/share") / "zhenglu"


@cache
def proxies(listed: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """ValueError for what is neither an address nor a network."""
    return tuple(ip_network(part.strip(), strict=False) for part in listed.split(",") if part.strip())


def is_proxy(peer: str) -> bool:
    """One whose word on who asks is believed."""
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in proxies(get_settings().trusted_proxies))


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ZHENGLU_", env_ignore_empty=True)

    data_dir: Path = default_data_dir()
    database_url: str = ""  # empty: `zhenglu up` starts a private PostgreSQL
    redis_url: str = ""  # empty: `zhenglu up` starts a private Redis
    object_store: str = ""  # file:///dir or s3://bucket?endpoint=…&region=…; empty: DATA_DIR/objects
    s3_access_key: str = ""
    s3_secret_key: str = ""
    secret_key: str = ""
    public_url: str = ""
    timezone: str = "Asia/Shanghai"
    admin_password: str = ""
    log_days: int = (
        190  # what `zhenglu up` logs is kept so long, and takes so much at most; the older goes first
    )
    log_bytes: int = 2 * 2**30
    demo: bool = False  # a demo database: sample recordings are allowed here and nowhere else
    insecure_cookie: bool = False  # the session cookie also over plain http (loopback always may)
    media_user: str = ""  # the unprivileged user of the media sandbox when workers run as root
    scratch_dir: Path | None = None
    scratch_bytes: int = 20 * 2**30
    max_upload_bytes: int = 64 * 2**30
    upload_expires_hours: int = 24 * 7
    encode_threads: int = 0  # 0: ffmpeg decides
    workers_at_once: int = (
        0  # jobs at once on this machine, by which its memory is shared; 0: as `zhenglu up` starts
    )
    lock_mode: Literal["GOVERNANCE", "COMPLIANCE", "NONE"] = "GOVERNANCE"
    lock_days: int = 180
    accel_redirect: str = ""  # prefix for X-Accel-Redirect when nginx stands in front
    backup_dir: Path | None = None  # where scheduled backups go; empty: none are made by themselves
    backup_objects: Literal["copy", "reference"] = "copy"  # whether they hold the bytes of objects, too
    trusted_proxies: str = ""  # comma-separated addresses or networks whose X-Forwarded-For is believed
    # Seconds that a statement may run, and that a transaction may rest between two, by kind of work; 0: without end.
    request_statement_s: int = 120
    request_rest_s: int = 120
    import_statement_s: int = 900
    import_rest_s: int = 900
    work_statement_s: int = 3600  # workers and commands
    work_rest_s: int = 900
    migration_statement_s: int = 6 * 3600
    migration_rest_s: int = 3600
    # Of each web process. Whoever has signed in takes none of the strangers' places, whatever address they share.
    stranger_connections: int = 500
    stranger_connections_per_address: int = 200
    strangers_at_once: int = 8  # requests in work, of the 40 for which it has threads
    bodies_per_account: int = 32  # requests of one account whose bodies are awaited, uploads left out
    body_bytes_per_account: int = 2**26  # two of the largest tables

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _known_networks(cls, value: str) -> str:
        proxies(value)
        return value

    @model_validator(mode="after")
    def _no_default_secret(self) -> "Settings":
        if self.secret_key == DEMO_SECRET and not self.demo:
            raise ValueError(
                "ZHENGLU_SECRET_KEY is the demo's: choose one of your own (32 random characters or more)"
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def store_url(self) -> str:
        return self.object_store or f"file://{self.data_dir / 'objects'}"

    @property
    def scratch(self) -> Path:
        return self.scratch_dir or self.data_dir / "scratch"


@cache
def get_settings() -> Settings:
    return Settings()
