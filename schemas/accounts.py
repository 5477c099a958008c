"""Accounts, sign-in sessions and API tokens."""

import enum
from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from schemas.base import KeySaid, enum_check, enum_field, examples, id_field, time_field
from schemas.plain_text import Line


class Role(enum.StrEnum):
    member = "member"
    reviewer = "reviewer"
    supervisor = "supervisor"
    legal = "legal"
    auditor = "auditor"
    admin = "admin"


class TokenScope(enum.StrEnum):
    """`dock` may upload and read the fate of its own uploads; `full` acts as its account."""

    dock = "dock"
    full = "full"


class AccountBase(SQLModel):
    username: str = Field(unique=True, max_length=64)
    display_name: Line = Field(default="", max_length=100)


class Account(AccountBase, table=True):
    """Members always see their squad only; another role with a squad is held to it too."""

    __tablename__ = "accounts"
    __table_args__ = (enum_check("role", Role),)
    id: UUID = id_field()
    password_hash: str
    role: Role = enum_field(Role)
    squad_id: UUID | None = Field(default=None, foreign_key="squads.id")
    officer_id: UUID | None = Field(default=None, foreign_key="officers.id")
    locale: str | None = Field(default=None, max_length=16)
    disabled_at: datetime | None = time_field(nullable=True)
    created_at: datetime = time_field(default_now=True)


class AccountCreate(AccountBase):
    model_config = {
        "json_schema_extra": examples(
            {
                "username": "officer001",
                "display_name": "Officer 001",
                "password": "a-long-enough-word",
                "role": "member",
                "squad": "1",
                "officer": "000001",
            }
        )
    }

    password: str = Field(min_length=10, max_length=256)
    role: Role
    squad: KeySaid | None = None
    officer: KeySaid | None = None


class AccountRead(AccountBase):
    id: UUID
    role: Role
    squad_id: UUID | None
    officer_id: UUID | None
    disabled_at: datetime | None


class SignIn(SQLModel, table=True):
    """A server-side session. Only the SHA-256 of its secret is stored."""

    __tablename__ = "sign_ins"
    id: UUID = id_field()
    account_id: UUID = Field(foreign_key="accounts.id", index=True)
    secret_sha256: str = Field(unique=True, max_length=64)
    csrf_token: str = Field(max_length=64)
    created_at: datetime = time_field(default_now=True)
    seen_at: datetime = time_field(default_now=True)
    expires_at: datetime = time_field()


class ApiToken(SQLModel, table=True):
    __tablename__ = "api_tokens"
    __table_args__ = (enum_check("scope", TokenScope),)
    id: UUID = id_field()
    account_id: UUID = Field(foreign_key="accounts.id", index=True)
    name: str = Field(max_length=100)
    scope: TokenScope = enum_field(TokenScope, default=TokenScope.dock)
    secret_sha256: str = Field(unique=True, max_length=64)
    created_at: datetime = time_field(default_now=True)
    last_used_at: datetime | None = time_field(nullable=True)
    revoked_at: datetime | None = time_field(nullable=True)


class ApiTokenRead(SQLModel):
    id: UUID
    account_id: UUID
    name: str
    scope: TokenScope
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class LoginFailure(SQLModel, table=True):
    """One failed sign-in. `address`: of a network for IPv6, where one machine has as many as it likes. `browser`: the
    known one that it came from. `forgiven`: the same tried on and got in."""

    __tablename__ = "login_failures"
    id: UUID = id_field()
    username: str = Field(max_length=64, index=True)
    address: str = Field(max_length=64, index=True)
    browser: str | None = Field(default=None, max_length=32)
    forgiven: bool = False
    at: datetime = time_field(default_now=True, index=True)
