"""Tables brought in, and what became of their rows."""

from schemas.accounts import Role
from service.registry.importing.actions import Report, run_import
from tests.service.finding.linking.field import Field


def bring(
    field: Field,
    importer: type,
    table: str,
    *,
    dry_run: bool = False,
    role: Role = Role.admin,
    squad: str | None = None,
) -> Report:
    actor = field.actor(role, squad)
    return run_import(importer(field.session, actor), table.encode(), "text/csv", dry_run=dry_run)


def outcomes(report: Report) -> list[str]:
    return [str(row.outcome) for row in report.rows]
