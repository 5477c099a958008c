"""The recording matters list: the version in force, the others, and what changed between two."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.access.gate import Gate
from service.access.queries import squad_scope
from service.access.rules import may
from service.kernel.database import DatabaseSession
from service.registry.events.subjects import Subjects, subjects
from service.registry.matters import queries
from service.registry.matters.queries import Published
from service.registry.matters.rules import Change, Rule, compare
from service.web.frame.rendering import render
from service.web.frame.shell import PageActor

router = APIRouter(route_class=Gate)


@dataclass(frozen=True)
class Page:
    """`shown` with what changed since `since`, another version; `changes` is in the order of the list."""

    versions: list[Published]
    shown: Published
    since: Published | None
    changes: list[Change]
    subjects: Subjects
    may_publish: bool

    @property
    def rules(self) -> list[Rule]:
        return list(self.shown.edition.rules)


@router.get("/matters")
def matters_page(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    versions = queries.versions(session)
    return _page(request, actor, session, versions, next(one for one in versions if one.in_force))


@router.get("/matters/{version}")
def version_page(
    request: Request,
    version: int,
    actor: PageActor,
    session: DatabaseSession,
    since: Annotated[int | None, Query()] = None,
) -> Response:
    return _page(
        request, actor, session, queries.versions(session), queries.get_version(session, version), since
    )


def _page(
    request: Request,
    actor: PageActor,
    session: DatabaseSession,
    versions: list[Published],
    shown: Published,
    since: int | None = None,
) -> Response:
    other = queries.get_version(session, since) if since is not None else None
    page = Page(
        versions=versions,
        shown=shown,
        since=other,
        changes=compare(other.edition.rules, shown.edition.rules) if other else [],
        subjects=subjects(session),
        may_publish=may(actor.role, "publish_matters") and squad_scope(actor) is None,
    )
    return render(request, "matters/page.html", matters=page)
