"""Who acts. Every scoped query and every action takes one."""

from dataclasses import dataclass
from uuid import UUID

from schemas.accounts import Role, TokenScope


@dataclass(frozen=True)
class Actor:
    """`squad_id` None: sees the whole bureau (never for a member). `scope` is that of the API token used, if any."""

    account_id: UUID
    username: str
    role: Role
    squad_id: UUID | None
    officer_id: UUID | None = None
    locale: str | None = None
    token_id: UUID | None = None
    token_name: str = ""
    scope: TokenScope | None = None
    sign_in_id: UUID | None = None
    csrf_token: str = ""
    address: str = ""

    @property
    def name(self) -> str:
        return f"{self.username}/{self.token_name}" if self.token_name else self.username

    @property
    def is_dock(self) -> bool:
        return self.scope == TokenScope.dock

    def has(self, *roles: Role) -> bool:
        return self.role in roles and not self.is_dock
