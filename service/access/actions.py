"""Signing in and out, accounts, tokens."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from threading import BoundedSemaphore
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Update, delete, exists, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import aliased
from sqlmodel import Session

from schemas.accounts import Account, AccountCreate, ApiToken, LoginFailure, Role, SignIn, TokenScope
from schemas.people import Officer, Squad
from service.access import acts, patience, rules
from service.access.errors import (
    LastAdministrator,
    UsernameTaken,
    WeakPassword,
    WrongPassword,
)
from service.access.patience import Attempt
from service.access.policy import LOGIN_WINDOW, SIGN_IN_LASTS
from service.access.queries import squad_scope
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.database import transaction
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.kernel.i18n import gettext as _
from service.kernel.keys import known
from service.kernel.policy import policy

_hasher = PasswordHasher()
# A check takes 64 MiB and a core for a moment: without a bound, guesses at many names at once would take the machine.
_checking = BoundedSemaphore(4)
FIRST_ADMIN_LOCK = 0x61646D696E  # any number of its own


@cache
def _decoy() -> str:
    """Verified against when the name is unknown, so that both answers take the same time."""
    return _hasher.hash(rules.new_secret())


def require(actor: Actor, what: str) -> None:
    if actor.is_dock or not rules.may(actor.role, what):
        raise NotAllowed


def require_bureau(actor: Actor, what: str) -> None:
    """What no squad owns serves them all: only who sees the whole bureau changes it."""
    require(actor, what)
    if squad_scope(actor) is not None:
        raise NotAllowed


def require_accounts(actor: Actor) -> None:
    """Whoever makes accounts could make one for any squad."""
    require_bureau(actor, "accounts")


def sign_in(
    session: Session, username: str, password: str, address: str, browser: str = ""
) -> tuple[str, SignIn, Account]:
    """A new session and its secret. Failures are counted in a transaction of their own, so they stay; what they cost,
    the gate has made the caller wait. `browser`: the cookie by which it may be known."""
    with _checking:
        attempt = Attempt.of(session, username, address, browser)
        account = session.scalars(select(Account).where(Account.username == username)).first()
        if not _password_fits(account, password) or account is None or account.disabled_at is not None:
            _failed(session, attempt, account, address)
            raise WrongPassword
    if _hasher.check_needs_rehash(account.password_hash):
        account.password_hash = _hasher.hash(password)
        session.add(account)
    patience.forgive(session, attempt)
    secret, held = open_session(session, account)
    record(session, account.username, acts.SIGN_IN, "account", account.id, address=address)
    return secret, held, account


def _failed(session: Session, attempt: Attempt, account: Account | None, address: str) -> None:
    """A name that nobody has may be a password typed into the wrong field: custody does not keep it for ever."""
    with transaction(session.get_bind()) as failing:
        own, of_address = patience.failed(failing, attempt)
        if not rules.worth_keeping(own, of_address):
            return
        who, subject = (account.username, account.id) if account else ("unknown", None)
        record(failing, who, acts.SIGN_IN_FAILED, "account", subject, address=address, nth=own)


def open_session(session: Session, account: Account) -> tuple[str, SignIn]:
    secret = rules.new_secret()
    hours = policy(session, SIGN_IN_LASTS)
    held = SignIn(
        account_id=account.id,
        secret_sha256=rules.fingerprint(secret),
        csrf_token=rules.new_secret(),
        expires_at=now() + timedelta(hours=hours),
    )
    session.add(held)
    return secret, held


def _password_fits(account: Account | None, password: str) -> bool:
    try:
        return (
            _hasher.verify(account.password_hash if account else _decoy(), password) and account is not None
        )
    except (VerificationError, InvalidHashError):
        return False


def sign_out(session: Session, actor: Actor) -> None:
    session.execute(delete(SignIn).where(SignIn.id == actor.sign_in_id))
    record(session, actor, acts.SIGN_OUT, "account", actor.account_id)


def actor_of_secret(session: Session, secret: str, address: str) -> Actor | None:
    """The actor behind a session's or token's secret; None when it is unknown, expired, revoked or disabled."""
    digest = rules.fingerprint(secret)
    held = session.scalars(select(SignIn).where(SignIn.secret_sha256 == digest)).first()
    if held is not None and held.expires_at > now():
        account = session.get(Account, held.account_id)
        if account is None or account.disabled_at is not None:
            return None
        if now() - held.seen_at > timedelta(minutes=1):
            _note(session, update(SignIn).where(SignIn.id == held.id).values(seen_at=now()))
        return replace(_actor(account, address), sign_in_id=held.id, csrf_token=held.csrf_token)
    token = session.scalars(select(ApiToken).where(ApiToken.secret_sha256 == digest)).first()
    if token is None or token.revoked_at is not None:
        return None
    account = session.get(Account, token.account_id)
    if account is None or account.disabled_at is not None:
        return None
    if token.last_used_at is None or now() - token.last_used_at > timedelta(minutes=1):
        _note(session, update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now()))
    return replace(
        _actor(account, address), token_id=token.id, token_name=token.name, scope=TokenScope(token.scope)
    )


def _note(session: Session, statement: Update) -> None:
    """It may get lost: where the database's disk is full, people read on."""
    with suppress(OperationalError), session.begin_nested():
        session.execute(statement)


def actor_of_account(session: Session, account_id: UUID, token_id: UUID | None, address: str = "") -> Actor:
    """For what is done later in someone's name, with the rights of today; NotAllowed where the account was closed."""
    account = session.get_one(Account, account_id)
    if account.disabled_at is not None:
        raise NotAllowed
    found = _actor(account, address)
    token = session.get(ApiToken, token_id) if token_id else None
    if token is None:
        return found
    return replace(found, token_id=token.id, token_name=token.name, scope=TokenScope(token.scope))


def _actor(account: Account, address: str) -> Actor:
    return Actor(
        account_id=account.id,
        username=account.username,
        role=Role(account.role),
        squad_id=account.squad_id,
        officer_id=account.officer_id,
        locale=account.locale,
        address=address,
    )


def create_account(session: Session, actor: Actor | str, wanted: AccountCreate) -> Account:
    """`actor` may be "cli" for the first administrator."""
    if isinstance(actor, Actor):
        require_accounts(actor)
    if not rules.acceptable_username(wanted.username):
        raise Invalid(field="username", problem=wanted.username)
    if not rules.acceptable_password(wanted.username, wanted.password):
        raise WeakPassword
    if session.scalars(select(Account.id).where(Account.username == wanted.username)).first():
        raise UsernameTaken(username=wanted.username)
    squad = officer = None
    if wanted.squad:
        squad = session.scalars(select(Squad).where(known(Squad, [wanted.squad]))).first()
        if squad is None:
            raise Invalid(field="squad", problem=wanted.squad)
    if wanted.officer:
        officer = session.scalars(select(Officer).where(known(Officer, [wanted.officer]))).first()
        if officer is None:
            raise Invalid(field="officer", problem=wanted.officer)
    if wanted.role == Role.member and squad is None:
        raise Invalid(field="squad", problem=_("a member belongs to a squad"))
    account = Account(
        username=wanted.username,
        display_name=wanted.display_name or wanted.username,
        password_hash=_hasher.hash(wanted.password),
        role=wanted.role,
        squad_id=squad.id if squad else None,
        officer_id=officer.id if officer else None,
    )
    session.add(account)
    session.flush()
    record(
        session,
        actor,
        acts.CREATE_ACCOUNT,
        "account",
        account.id,
        username=account.username,
        role=account.role,
    )
    return account


def set_password(session: Session, actor: Actor | str, account: Account, password: str) -> None:
    """Ends every session of the account and every token that acts as it; docks go on uploading."""
    if not rules.acceptable_password(account.username, password):
        raise WeakPassword
    account.password_hash = _hasher.hash(password)
    session.add(account)
    session.execute(delete(SignIn).where(SignIn.account_id == account.id))
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.account_id == account.id,
            ApiToken.scope == TokenScope.full,
            ApiToken.revoked_at.is_(None),
        )
        .values(revoked_at=now())
    )
    record(session, actor, acts.SET_PASSWORD, "account", account.id)


def change_own_password(session: Session, actor: Actor, current: str, wanted: str, browser: str = "") -> None:
    account = session.get_one(Account, actor.account_id)
    with _checking:
        attempt = Attempt.of(session, account.username, actor.address, browser)
        if not _password_fits(account, current):
            _failed(session, attempt, account, actor.address)
            raise WrongPassword
    patience.forgive(session, attempt)
    set_password(session, actor, account, wanted)


def disable_account(session: Session, actor: Actor | str, account: Account) -> None:
    """At once: its sessions end and its tokens are revoked."""
    if isinstance(actor, Actor):
        require_accounts(actor)
    if account.disabled_at is not None:
        return
    _keep_an_administrator(session, account)
    account.disabled_at = now()
    session.add(account)
    session.execute(delete(SignIn).where(SignIn.account_id == account.id))
    session.execute(
        update(ApiToken)
        .where(ApiToken.account_id == account.id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    record(session, actor, acts.DISABLE_ACCOUNT, "account", account.id)


def _keep_an_administrator(session: Session, account: Account) -> None:
    """Locked in one order, so that two administrators cannot end each other at the same moment."""
    if account.role != Role.admin or account.squad_id is not None:
        return
    able = session.scalars(
        select(Account.id)
        .where(Account.role == Role.admin, Account.squad_id.is_(None), Account.disabled_at.is_(None))
        .order_by(Account.id)
        .with_for_update()
    ).all()
    if set(able) <= {account.id}:
        raise LastAdministrator


def create_token(
    session: Session, actor: Actor, name: str, scope: TokenScope = TokenScope.dock
) -> tuple[str, ApiToken]:
    """The secret is answered once and never again."""
    if actor.is_dock:
        raise NotAllowed
    if scope == TokenScope.dock:
        require(actor, "upload")
    name = name.strip()
    if not name or not name.isprintable():
        raise Invalid(field="name", problem=name)
    secret = rules.new_secret()
    token = ApiToken(
        account_id=actor.account_id, name=name[:100], scope=scope, secret_sha256=rules.fingerprint(secret)
    )
    session.add(token)
    session.flush()
    record(session, actor, acts.CREATE_TOKEN, "api_token", token.id, name=token.name, scope=token.scope)
    return secret, token


def revoke_token(session: Session, actor: Actor, token_id: UUID) -> None:
    token = session.scalars(
        select(ApiToken).where(ApiToken.id == token_id, ApiToken.account_id == actor.account_id)
    ).first()
    if token is None or actor.is_dock:
        raise NotFound
    token.revoked_at = token.revoked_at or now()
    session.add(token)
    record(session, actor, acts.REVOKE_TOKEN, "api_token", token.id)


def forget_sign_ins() -> None:
    """Failures that throttle nobody any more, and sessions that ended; of each account the last one stays, for
    "last seen"."""
    with transaction() as session:
        window = timedelta(minutes=policy(session, LOGIN_WINDOW))
        kept = max(timedelta(days=1), window)
        session.execute(delete(LoginFailure).where(LoginFailure.at < now() - kept))
        later = aliased(SignIn)
        newer = exists().where(later.account_id == SignIn.account_id, later.seen_at > SignIn.seen_at)
        session.execute(
            delete(SignIn)
            .where(SignIn.expires_at < now(), newer)
            .execution_options(synchronize_session=False)
        )


def ensure_first_admin(session: Session, password: str) -> bool:
    """Creates `admin` when there is no administrator yet. True when it did. One process at a time."""
    session.execute(select(func.pg_advisory_xact_lock(FIRST_ADMIN_LOCK)))
    if session.scalars(select(Account.id).where(Account.role == Role.admin)).first():
        return False
    if not rules.acceptable_password("admin", password):  # before anything could print it in an error
        raise WeakPassword
    create_account(
        session, "first start", AccountCreate(username="admin", password=password, role=Role.admin)
    )
    return True
