"""How long whoever tries a password waits until it is looked at.

Failures count under a name and an address together, so that nobody elsewhere slows anybody down; and they cost time,
never the way in: the longest wait is a rule. A known browser counts for itself alone. Names that nobody has are treated
like all others. Whoever waits holds no thread and no connection of the database.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlmodel import Session

from schemas.accounts import Account, LoginFailure
from schemas.people import Officer
from service.access.errors import TooManyAttempts
from service.access.known_browsers import known_as
from service.access.policy import FAILURES_PER_ADDRESS, FREE_FAILURES, LOGIN_WINDOW, LONGEST_WAIT
from service.access.rules import counted_name, wait_s
from service.kernel.clock import now
from service.kernel.i18n import zone
from service.kernel.origins import origin
from service.kernel.policy import policy

KNOWN_FREE = 10  # failures that cost a known browser nothing
ROWS_OF_ADDRESS = 1000  # kept in one window: beyond, all from there wait longest anyway
MOST_WAITING = 200  # in one process
QUEUE = 2.0  # times the longest wait, is as long as anybody waits for others who wait


@dataclass(frozen=True)
class Attempt:
    """`browser`: where it is known to the account of that name."""

    name: str
    origin: str
    browser: str | None

    @classmethod
    def of(cls, session: Session, username: str, address: str, cookie: str) -> "Attempt":
        name = counted_name(username)
        account = session.scalars(
            select(Account)
            .outerjoin(Officer, Officer.id == Account.officer_id)
            .where(
                Account.username == name,
                or_(Officer.left_on.is_(None), Officer.left_on > now().astimezone(zone()).date()),
            )
        ).first()
        return cls(name, origin(address), known_as(cookie, account))

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.browser or self.origin

    def failures(self, since: datetime) -> ColumnElement[bool]:
        whose = (
            and_(LoginFailure.address == self.origin, LoginFailure.browser.is_(None))
            if self.browser is None
            else LoginFailure.browser == self.browser
        )
        return and_(
            LoginFailure.username == self.name, whose, LoginFailure.at > since, ~LoginFailure.forgiven
        )


def _since(session: Session) -> datetime:
    return now() - timedelta(minutes=policy(session, LOGIN_WINDOW))


@dataclass(frozen=True)
class Standing:
    """`failures` of its own; `of_address`: of all unknown browsers there."""

    attempt: Attempt
    failures: int
    of_address: int
    free: int
    per_address: int
    longest_s: float

    @classmethod
    def of(cls, session: Session, attempt: Attempt) -> "Standing":
        since = _since(session)
        of_address = and_(LoginFailure.address == attempt.origin, LoginFailure.browser.is_(None))
        own, all_there = session.execute(
            select(func.count().filter(attempt.failures(since)), func.count().filter(of_address)).where(
                LoginFailure.at > since
            )
        ).one()
        return cls(
            attempt,
            own,
            0 if attempt.browser else all_there,
            KNOWN_FREE if attempt.browser else policy(session, FREE_FAILURES),
            policy(session, FAILURES_PER_ADDRESS),
            policy(session, LONGEST_WAIT),
        )

    def wait_s(self, at_once: int) -> float:
        """Those that are tried at once count as if they had failed already."""
        return wait_s(self.failures + at_once, self.free, self.longest_s)

    @property
    def crowd_s(self) -> float:
        """For what others do there: a quarter of what is allowed them counts as one."""
        return wait_s(self.of_address * 4 // self.per_address, 4, self.longest_s)


def failed(session: Session, attempt: Attempt) -> tuple[int, int]:
    """One more; how many that makes of its own, and from its address."""
    standing = Standing.of(session, attempt)
    if attempt.browser or standing.of_address < ROWS_OF_ADDRESS:
        session.add(LoginFailure(username=attempt.name, address=attempt.origin, browser=attempt.browser))
    return standing.failures + 1, standing.of_address + 1


def forgive(session: Session, attempt: Attempt) -> None:
    """It got in: its failures were its own."""
    session.execute(
        update(LoginFailure)
        .where(attempt.failures(_since(session)))
        .values(forgiven=True)
        .execution_options(synchronize_session=False)
    )


@dataclass
class _Line:
    here: int = 0
    next_at: float = -math.inf


@dataclass
class Waiting:
    """Of one process. Who waits for the same is let through one by one: at once would be as fast as not waiting."""

    lines: dict[tuple[str, str], _Line] = field(default_factory=dict)
    waiting: int = 0

    @contextmanager
    def turn(self, standing: Standing, at: float | None = None) -> Iterator[float]:
        """Yields the seconds to wait; inside, the attempt counts as one that is being tried."""
        at = time.monotonic() if at is None else at
        key = standing.attempt.key
        line = self.lines.setdefault(key, _Line())
        try:
            wait = self._wait_s(line, standing, at)
            line.here += 1
            self.waiting += wait > 0
            try:
                yield wait
            finally:
                line.here -= 1
                self.waiting -= wait > 0
        finally:
            if not line.here:
                self.lines.pop(key, None)

    def _wait_s(self, line: _Line, standing: Standing, at: float) -> float:
        own = standing.wait_s(line.here)
        if own == 0:
            return standing.crowd_s if self.waiting < MOST_WAITING else 0.0
        due = max(at + own, line.next_at)
        if due > at + QUEUE * standing.longest_s or self.waiting >= MOST_WAITING:
            seconds = math.ceil(standing.longest_s)
            raise TooManyAttempts(seconds=seconds, headers={"Retry-After": str(seconds)})
        line.next_at = due + standing.longest_s / 8
        return max(due - at, standing.crowd_s)


waiting = Waiting()


@dataclass(frozen=True)
class Run:
    """Failures of a day from one address. `account`: None for names that nobody has, which may be mistyped passwords.
    `got_in`: then it went."""

    account: str | None
    address: str
    failures: int
    first_at: datetime
    last_at: datetime
    got_in: bool


RUN = 5
RUNS_SHOWN = 50


def runs(session: Session) -> list[Run]:
    """The newest first."""
    newest = func.max(LoginFailure.at)
    found = session.execute(
        select(
            Account.username,
            LoginFailure.address,
            func.count(),
            func.min(LoginFailure.at),
            newest,
            func.bool_or(LoginFailure.forgiven),
        )
        .outerjoin(Account, Account.username == LoginFailure.username)
        .where(LoginFailure.at > now() - timedelta(days=1))
        .group_by(Account.username, LoginFailure.address)
        .having(func.count() >= RUN)
        .order_by(newest.desc())
        .limit(RUNS_SHOWN)
    )
    return [Run(*row) for row in found]
