"""Receives bytes and is killed before the commit: `python -m tests.service.footage.announcements.dying_arrival squad key size`."""

import os
import signal
import sys
from uuid import UUID

from sqlmodel import select

import service.reactions  # noqa: F401
from schemas import tables  # noqa: F401
from schemas.accounts import Account
from service.footage.recordings.actions import Arrival, receive
from service.kernel.actor import Actor
from service.kernel.database import transaction


def main(squad: str, key: str, size: str) -> None:
    with transaction() as session:
        account = session.scalars(select(Account).where(Account.username == "member1")).one()
        actor = Actor(account.id, account.username, account.role, account.squad_id)
        arrival = Arrival(
            store_key=key, store_version=None, size=int(size), squad_id=UUID(squad), file_name="1.mp4",
            claims={"recorder": "R-07"},
        )  # fmt: skip
        adopted = receive(session, actor, arrival)
        session.flush()
        print(adopted.id, adopted.state, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
