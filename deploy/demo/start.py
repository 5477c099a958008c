"""Makes a database a demo database, with its first administrator. Refused where a real bureau lives already."""

import json
import secrets
from pathlib import Path

from sqlalchemy import exists, select
from sqlmodel import Session

from deploy.demo.run import DemoFailed
from schemas.policy import PolicyValue
from schemas.recordings import Recording
from service.access.actions import ensure_first_admin
from service.kernel.database import get_engine, transaction
from service.kernel.policy import DEMO_DATABASE, policy
from service.kernel.settings import get_settings


def make_demo_database(folder: Path) -> None:
    get_settings.cache_clear()
    get_engine.cache_clear()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "sign-in.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    password = known.setdefault("admin", secrets.token_urlsafe(9))
    file.touch(mode=0o600)
    file.write_text(json.dumps(known, indent=1))
    with transaction() as session:
        _mark(session)
        ensure_first_admin(session, password)


def _mark(session: Session) -> None:
    if policy(session, DEMO_DATABASE) is True:
        return
    if session.scalar(select(exists().where(Recording.id.is_not(None)))):
        raise DemoFailed(
            "This database holds recordings of a real bureau: choose another --data folder for the demo."
        )
    session.add(PolicyValue(name=DEMO_DATABASE.name, value=True))
