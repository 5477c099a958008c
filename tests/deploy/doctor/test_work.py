"""What the doctor says of the broker, and of what the schedule could not get done."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import redis
import sqlalchemy
from sqlmodel import Session

from deploy.doctor.findings import Verdict
from deploy.doctor.work import duties, redis_server
from schemas.sweeps import DutyState, SetAside
from service.kernel.clock import now
from tests.deploy.doctor.asked import told


@pytest.fixture
def broker(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        before = {
            name: client.config_get(name)[name] for name in ("appendonly", "maxmemory", "maxmemory-policy")
        }
        yield client
        for name, value in before.items():
            client.config_set(name, value)


def test_a_broker_that_forgets_that_is_full_or_that_throws_away_is_told(
    broker: redis.Redis, redis_url: str
) -> None:
    assert "forgets" in told(redis_server, redis_url=redis_url).found
    broker.config_set("appendonly", "yes")
    assert told(redis_server, redis_url=redis_url).verdict is Verdict.ok
    broker.config_set("maxmemory", broker.info("memory")["used_memory"])
    assert "nearly full" in told(redis_server, redis_url=redis_url).found
    broker.config_set("maxmemory-policy", "allkeys-lru")
    assert "maxmemory-policy allkeys-lru" in told(redis_server, redis_url=redis_url).found


def test_items_set_aside_and_duties_that_fail_are_told(clean_database: str) -> None:
    assert told(duties, database_url=clean_database).verdict is Verdict.ok
    engine = sqlalchemy.create_engine(clean_database)
    with Session(engine) as session:
        session.add(SetAside(duty="finish uploads", subject_id=uuid4()))  # still tried
        session.commit()
        assert told(duties, database_url=clean_database).verdict is Verdict.ok
        session.add(SetAside(duty="finish uploads", subject_id=uuid4(), held_at=now()))
        session.commit()
        assert told(duties, database_url=clean_database).found == "1 item was set aside"
        session.add(DutyState(name="sweep", failing_since=now() - timedelta(hours=1)))
        session.commit()
        assert told(duties, database_url=clean_database).found.endswith(": sweep")
    engine.dispose()
