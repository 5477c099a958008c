"""`zhenglu user`: accounts from the command line, the first administrator among them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.passwords import OnCommandLine, PasswordFile, password_of
from schemas.accounts import Role, TokenScope
from service.kernel.i18n import gettext as _

if TYPE_CHECKING:
    from sqlmodel import Session

    from schemas.accounts import Account

commands = typer.Typer(help="Accounts: add, list, new password, disable, dock token.", no_args_is_help=True)


@contextmanager
def _telling() -> Iterator[None]:
    """Refusals are sentences, not tracebacks."""
    from service.kernel.errors import ServiceError
    from service.kernel.settings import get_settings

    if not get_settings().database_url:
        typer.echo(
            _("ZHENGLU_DATABASE_URL is not set, and no `zhenglu up` runs on the data folder."), err=True
        )
        raise typer.Exit(1)
    try:
        yield
    except ServiceError as error:
        typer.echo(error.say(), err=True)
        raise typer.Exit(1) from None


def _account(session: "Session", username: str) -> "Account":
    from sqlalchemy import select

    from schemas.accounts import Account

    account = session.scalars(select(Account).where(Account.username == username)).first()
    if account is None:
        typer.echo(_("There is no account named {username}.").format(username=username), err=True)
        raise typer.Exit(1)
    return account


@commands.command()
def add(
    username: str,
    role: Annotated[Role, typer.Option()] = Role.member,
    squad: Annotated[str | None, typer.Option(help="code of the squad; a member needs one")] = None,
    officer: Annotated[str | None, typer.Option(help="certificate number of the officer")] = None,
    password_file: PasswordFile = "",
    password: OnCommandLine = "",
) -> None:
    """Make an account. The first administrator: zhenglu user add admin --role admin"""
    from schemas.accounts import AccountCreate
    from service.access.actions import create_account
    from service.access.errors import WeakPassword
    from service.access.rules import acceptable_password
    from service.kernel.database import transaction

    password = password_of(username, password_file, again=True)
    with _telling(), transaction() as session:
        if not acceptable_password(username, password):
            raise WeakPassword
        wanted = AccountCreate(username=username, password=password, role=role, squad=squad, officer=officer)
        create_account(session, "command line", wanted)
    typer.echo(_("Made the account {username} ({role}).").format(username=username, role=role))


@commands.command("list")
def list_accounts() -> None:
    """All accounts."""
    from rich.table import Table
    from sqlalchemy import select

    from deploy.console import Console
    from schemas.accounts import Account
    from schemas.people import Squad
    from service.access.words import ROLES
    from service.kernel.database import transaction

    table = Table(_("User name"), _("Role"), _("Squad"), _("State"))
    with _telling(), transaction() as session:
        squads = {squad.id: squad.code for squad in session.scalars(select(Squad))}
        for account in session.scalars(select(Account).order_by(Account.username)):
            squad = squads[account.squad_id] if account.squad_id else "–"
            state = _("disabled") if account.disabled_at else _("active")
            table.add_row(account.username, str(ROLES[account.role].label), squad, state)
    Console().print(table)


@commands.command()
def password(username: str, password_file: PasswordFile = "", password: OnCommandLine = "") -> None:
    """Set a new password; every session of the account ends."""
    from service.access.actions import set_password
    from service.kernel.database import transaction

    password = password_of(username, password_file, again=True)
    with _telling(), transaction() as session:
        set_password(session, "command line", _account(session, username), password)
    typer.echo(_("{username} has a new password.").format(username=username))


@commands.command()
def disable(username: str) -> None:
    """Close an account at once: its sessions end, its tokens are revoked."""
    from service.access.actions import disable_account
    from service.kernel.database import transaction

    with _telling(), transaction() as session:
        disable_account(session, "command line", _account(session, username))
    typer.echo(_("{username} is disabled.").format(username=username))


@commands.command()
def token(username: str, name: Annotated[str, typer.Option(help="the dock's name")] = "dock") -> None:
    """Make a dock's API token for an account. It is shown once."""
    from schemas.accounts import Role as Roles
    from service.access.actions import create_token
    from service.kernel.actor import Actor
    from service.kernel.database import transaction

    with _telling(), transaction() as session:
        account = _account(session, username)
        actor = Actor(account.id, account.username, Roles(account.role), account.squad_id)
        secret, _token = create_token(session, actor, name, TokenScope.dock)
    typer.echo(secret)


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="user")
