"""The form of an event: one that is there, or one about to be made from a recording."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session

from schemas.cases import Campaign, Case
from schemas.events import EnforcementEvent, EventCreate
from schemas.people import Officer, Squad
from schemas.recordings import Recording
from service.access.queries import visible_cases, visible_officers
from service.finding.linking.from_recording import proposal
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.kernel.i18n import gettext as _
from service.registry.events.kinds import KINDS
from service.registry.events.queries import officers_of
from service.registry.events.subjects import subjects
from service.registry.importing.rules import many
from service.web.frame.field_times import field_time
from service.web.frame.views import Option

POINT_DIGITS = 6


@dataclass(slots=True)
class EventForm:
    """Values as the fields hold them. `source`: the recording that it is made from, for the page's head."""

    action: str
    back: str
    submit: str
    title: str
    party: str
    object: str
    no_object: bool
    place: str
    point: str
    arrived: str
    departed: str
    kinds: list[Option]
    subject: str
    subjects: list[str]
    officers: list[Option]
    case: str
    campaigns: list[Option]
    note: str | None = None
    source: str | None = None
    more_officers: str = ""


def new_form(session: Session, actor: Actor, recording: Recording) -> EventForm:
    wanted, timed = proposal(session, actor, recording)
    squad = session.get_one(Squad, recording.squad_id)
    return _form(
        session, actor, wanted, squad.id, wanted.officers,
        action=f"/recordings/{recording.id}/new-event",
        back=f"/recordings/{recording.id}",
        submit=_("Make the event"),
        timed=timed,
        note=None if timed else _("The time of this recording is not known: say when the event began."),
        source=recording.file_name,
    )  # fmt: skip


def edit_form(session: Session, actor: Actor, event: EnforcementEvent) -> EventForm:
    crew = [officer.certificate_no for officer in officers_of(session, [event.id])[event.id]]
    case = (
        session.scalars(visible_cases(actor).where(Case.id == event.case_id)).first()
        if event.case_id
        else None
    )
    values = {name: getattr(event, name) for name in EventCreate.model_fields if hasattr(event, name)}
    wanted = EventCreate.model_construct(
        **values, squad="", officers=crew, case=case.number if case else None,
        campaign=str(event.campaign_id) if event.campaign_id else None,
    )  # fmt: skip
    return _form(
        session, actor, wanted, event.squad_id, crew,
        action=f"/events/{event.id}/edit", back=f"/events/{event.id}", submit=_("Save"),
    )  # fmt: skip


def _form(
    session: Session,
    actor: Actor,
    wanted: EventCreate,
    squad_id: UUID,
    crew: Iterable[str],
    *,
    action: str,
    back: str,
    submit: str,
    timed: bool = True,
    note: str | None = None,
    source: str | None = None,
) -> EventForm:
    about = subjects(session)
    chosen = set(crew)
    campaigns = session.scalars(
        select(Campaign).order_by(Campaign.starts_on.desc().nulls_last(), Campaign.name).limit(100)
    )
    return EventForm(
        action=action,
        back=back,
        submit=submit,
        title=wanted.title,
        party=wanted.party or "",
        object=wanted.object or "",
        no_object=wanted.object == "",
        place=wanted.place or "",
        point=_point(wanted.latitude, wanted.longitude),
        arrived=_field_time(wanted.arrived_at) if timed else "",
        departed=_field_time(wanted.departed_at) if timed else "",
        kinds=[
            Option(code, str(one.word.label), code == wanted.kind) for code, one in KINDS.items()
        ],
        subject=about.word(wanted.subject) if wanted.subject else "",
        subjects=[about.word(code) for code in about.words],
        officers=_officers(session, actor, squad_id, chosen),
        case=wanted.case or "",
        campaigns=[
            Option("", "–"),
            *(Option(str(one.id), one.name, str(one.id) == wanted.campaign) for one in campaigns),
        ],
        note=note,
        source=source,
        more_officers=", ".join(sorted(_elsewhere(session, actor, squad_id, chosen))),
    )  # fmt: skip


def _officers(session: Session, actor: Actor, squad_id: UUID, chosen: set[str]) -> list[Option]:
    """Those of the squad who are there, and whoever takes part."""
    here = or_(Officer.left_on.is_(None), Officer.left_on > local(now()).date())
    rows = session.scalars(
        visible_officers(actor)
        .where(Officer.squad_id == squad_id, or_(here, Officer.certificate_no.in_(chosen)))
        .order_by(Officer.certificate_no)
        .limit(200)
    )
    return [Option(one.certificate_no, one.name, one.certificate_no in chosen) for one in rows]


def _elsewhere(session: Session, actor: Actor, squad_id: UUID, chosen: set[str]) -> set[str]:
    """Officers of other squads have no box to tick; their numbers are written."""
    own = session.scalars(
        visible_officers(actor)
        .with_only_columns(Officer.certificate_no)
        .where(Officer.squad_id == squad_id, Officer.certificate_no.in_(chosen))
    )
    return chosen - set(own)


def _field_time(moment: datetime | None) -> str:
    return local(moment).strftime("%Y-%m-%dT%H:%M:%S") if moment else ""


def _point(latitude: float | None, longitude: float | None) -> str:
    if latitude is None or longitude is None:
        return ""
    return f"{latitude:.{POINT_DIGITS}f}".rstrip("0") + ", " + f"{longitude:.{POINT_DIGITS}f}".rstrip("0")


# ---- what comes back ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filled:
    """The fields of a form as they were sent."""

    title: str
    kind: str
    subject: str
    arrived: str
    departed: str
    officers: list[str]
    more_officers: str
    place: str
    point: str
    party: str
    object: str
    no_object: bool
    case: str
    campaign: str

    def values(self) -> dict[str, Any]:
        """For EventCreate and EventUpdate; what is wrong in it they say themselves."""
        parts = [part.strip() for part in self.point.replace("，", ",").split(",") if part.strip()]
        latitude, longitude = parts if len(parts) == 2 else (None, None) if not parts else (parts[0], "?")
        return {
            "title": self.title.strip(),
            "kind": self.kind,
            "subject": self.subject.strip(),
            "arrived_at": field_time(self.arrived, _("Arrival")),
            "departed_at": field_time(self.departed, _("Departure")),
            "officers": list(dict.fromkeys([*self.officers, *many(self.more_officers)])),
            "place": self.place.strip(),
            "latitude": latitude,
            "longitude": longitude,
            "party": self.party.strip(),
            "object": self.object.strip() or ("" if self.no_object else None),
            "case": self.case.strip() or None,
            "campaign": self.campaign or None,
        }
