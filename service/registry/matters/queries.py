"""The published versions of the recording matters list. They are the whole bureau's, so no squad limits them."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import func, select
from sqlmodel import Session

from schemas.accounts import Account
from schemas.events import EnforcementEvent
from schemas.matters import MatterList, RecordingMatter
from service.kernel.clock import day_start, local, now
from service.registry.matters.errors import NoSuchVersion
from service.registry.matters.rules import DEFAULT_EDITION, Book, Edition, Rule


def book(session: Session) -> Book:
    """Every version with its lines, in one query."""
    rows = session.execute(
        select(MatterList, RecordingMatter)
        .outerjoin(RecordingMatter, RecordingMatter.list_id == MatterList.id)
        .order_by(MatterList.version, RecordingMatter.kind, RecordingMatter.subject)
    )
    return Book(
        Edition(
            listed.version,
            listed.in_force_from,
            tuple(Rule.of(line, listed.version) for _listed, line in lines if line is not None),
            local(listed.published_at).date(),
        )
        for listed, lines in groupby(rows, key=lambda row: row[0])
    )


@dataclass(frozen=True)
class Published:
    """`in_force_until` is exclusive; None: until a later one. `superseded`: another of the same day took its place
    and it never holds."""

    edition: Edition
    note: str
    published_at: datetime | None
    published_by: str | None
    in_force_until: date | None
    superseded: bool
    in_force: bool

    @property
    def version(self) -> int:
        return self.edition.version


def versions(session: Session) -> list[Published]:
    """Newest first; the built-in default, version 0, is last."""
    books = book(session)
    today = local(now()).date()
    about = {
        listed.version: (listed, username)
        for listed, username in session.execute(
            select(MatterList, Account.username).outerjoin(Account, Account.id == MatterList.published_by)
        )
    }
    held = books.edition(today) or DEFAULT_EDITION
    found = []
    for edition in [DEFAULT_EDITION, *books.editions]:
        listed, username = about.get(edition.version, (None, None))
        until = next_start(books, edition)
        found.append(
            Published(
                edition,
                listed.note if listed else "",
                listed.published_at if listed else None,
                username,
                until,
                superseded=until == edition.in_force_from,
                in_force=edition.version == held.version,
            )
        )
    return sorted(found, key=lambda one: -one.version)


def next_start(books: Book, edition: Edition) -> date | None:
    """The day from which a version that wins over this one holds."""
    mine = (edition.in_force_from, edition.version)
    return min((e.in_force_from for e in books.editions if (e.in_force_from, e.version) > mine), default=None)


def get_version(session: Session, version: int) -> Published:
    found = next((one for one in versions(session) if one.version == version), None)
    if found is None:
        raise NoSuchVersion(version=version)
    return found


def recounted(session: Session, in_force_from: date) -> int:
    """How many events a list in force from this day would govern: those from then on until a later list."""
    books = book(session)
    later = min((e.in_force_from for e in books.editions if e.in_force_from > in_force_from), default=None)
    statement = (
        select(func.count())
        .select_from(EnforcementEvent)
        .where(EnforcementEvent.arrived_at >= day_start(in_force_from))
    )
    if later is not None:
        statement = statement.where(EnforcementEvent.arrived_at < day_start(later))
    return session.scalars(statement).one()
