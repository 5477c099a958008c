"""Backups: how old, where, and whether one was tried."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from deploy.doctor.database import answered
from deploy.doctor.findings import Finding, ok, warning
from deploy.doctor.secrecy import seen_by_others
from service.kernel.i18n import gettext as _
from service.kernel.settings import Settings


def backups(settings: Settings) -> Iterator[Finding]:
    from service.kernel.clock import now
    from service.kernel.i18n import span
    from service.kernel.policy import policy
    from service.preservation.backups.policy import RESTORE_TRY_EVERY
    from service.preservation.backups.queries import OLD_AT, alarm, problem, standing

    asked = answered(settings, lambda session: (standing(session), policy(session, RESTORE_TRY_EVERY)))
    if asked is None:
        return
    found, try_every = asked
    try_within = OLD_AT * timedelta(days=try_every)
    by_itself = _(
        "Set ZHENGLU_BACKUP_DIR to a folder on another disk, or run `zhenglu backup DIR` from a timer."
    )
    if found.newest is None:
        yield warning("backups", _("none has been made"), by_itself)
        return
    said = [_("the newest is whole and {age} old").format(age=span(found.age_s))]
    said.append(
        _("a restore was tried {age} ago").format(age=span((now() - found.tried_at).total_seconds()))
        if found.tried_at
        else _("no restore has been tried")
    )
    folder = Path(found.newest.folder)
    near = _same_disk(settings, folder)
    if near:
        said.append(_("it lies on the disk of {folder}").format(folder=near))
    if settings.backup_dir is None:
        said.append(_("none is made by itself"))
    if told := alarm(found):
        yield warning("backups", "; ".join(said), told)
    elif found.last_failed is not None:
        said.append(_("the last one failed: {problem}").format(problem=problem(found.last_failed) or "?"))
        yield warning("backups", "; ".join(said), _("Mend what it names; the next one is made by itself."))
    elif seen_by_others(folder):
        said.append(_("other users of the machine may read {folder}").format(folder=folder))
        yield warning("backups", "; ".join(said), _("Run `chmod -R o= {folder}`.").format(folder=folder))
    elif near:
        yield warning(
            "backups", "; ".join(said), _("A lost disk takes both: use a folder on another disk or machine.")
        )
    elif found.tried_at is None or (try_within and found.tried_at < now() - try_within):
        yield warning("backups", "; ".join(said), _("Run `zhenglu restore DIR --try`."))
    else:
        yield ok("backups", "; ".join(said))


def _same_disk(settings: Settings, folder: Path) -> Path | None:
    """What of the data lies on the same file system as `folder`, as far as it is seen from here."""
    store = urlsplit(settings.store_url)
    places = [settings.data_dir, *([Path(unquote(store.path))] if store.scheme == "file" else [])]
    try:
        device = folder.stat().st_dev
        return next((one for one in places if one.exists() and one.stat().st_dev == device), None)
    except OSError:
        return None
