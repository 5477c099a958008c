"""Background work: the broker, who takes it, and what it could not get done."""

from collections.abc import Iterator

from deploy.doctor.database import connected
from deploy.doctor.findings import Finding, broken, not_running, ok, warning
from service.kernel.i18n import gettext as _
from service.kernel.i18n import ngettext, size
from service.kernel.queues import QUEUES
from service.kernel.settings import Settings

NEARLY_FULL = 0.9


def redis_server(settings: Settings) -> Iterator[Finding]:
    import redis

    if not settings.redis_url:
        yield not_running(
            "Redis",
            _("no `zhenglu up` runs on this data folder, and the settings name no other"),
            _("Start `zhenglu up`, or set {name}.").format(name="ZHENGLU_REDIS_URL"),
        )
        return
    try:
        with redis.Redis.from_url(settings.redis_url, socket_connect_timeout=3, socket_timeout=3) as client:
            version = client.info("server")["redis_version"]
            memory, persistence = client.info("memory"), client.info("persistence")
    except (redis.RedisError, ValueError) as error:
        yield broken(
            "Redis", str(error), _("Start Redis, or correct ZHENGLU_REDIS_URL; work waits meanwhile.")
        )
        return
    policy, most = memory.get("maxmemory_policy", "noeviction"), memory.get("maxmemory", 0)
    if policy != "noeviction":
        yield warning(
            "Redis",
            _("{version}, may throw away queued work (maxmemory-policy {policy})").format(
                version=version, policy=policy
            ),
            _("Set maxmemory-policy noeviction; lost nudges are made good by the sweeper, only later."),
        )
    elif most and memory["used_memory"] > NEARLY_FULL * most:
        yield warning(
            "Redis",
            _("{version}, its memory is nearly full ({used} of {most})").format(
                version=version, used=size(memory["used_memory"]), most=size(most)
            ),
            _("Give it more maxmemory: when it is full work waits for the schedule to find it."),
        )
    elif not persistence.get("aof_enabled"):
        yield warning(
            "Redis",
            _("{version}, forgets what is queued when it restarts").format(version=version),
            _("Set appendonly yes; lost nudges are made good by the sweeper, only later."),
        )
    elif persistence.get("aof_last_write_status", "ok") != "ok":
        yield warning(
            "Redis",
            _("{version}, cannot write to its disk").format(version=version),
            _("Make room there, or let its user write: what is queued is lost with it."),
        )
    else:
        yield ok("Redis", version)


def workers(settings: Settings) -> Iterator[Finding]:
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    statement = sqlalchemy.text(
        "SELECT queue, count(*) FROM heartbeats"
        " WHERE stopped_at IS NULL AND seen_at > now() - interval '30 seconds' GROUP BY queue"
    )
    with connected(settings) as connection:
        if connection is None:
            return
        try:
            alive = {queue: count for queue, count in connection.execute(statement)}
        except SQLAlchemyError:  # its schema's own check has said why
            return
    for queue in QUEUES:
        if queue in alive:
            yield ok(f"worker {queue}", _("{n} alive").format(n=alive[queue]))
        else:
            # Where others are at work, one was forgotten: recordings get no further than it.
            yield (broken if alive else warning)(
                f"worker {queue}",
                _("none has been heard of for 30 s"),
                _("Start `zhenglu up` or `zhenglu worker {queue}`; its work waits meanwhile.").format(
                    queue=queue
                ),
            )


def duties(settings: Settings) -> Iterator[Finding]:
    """What the schedule could not get done, as a whole or of single items."""
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    failing = sqlalchemy.text(
        "SELECT name FROM duty_states WHERE failing_since < now() - interval '15 minutes' ORDER BY name"
    )
    held = sqlalchemy.text("SELECT count(*) FROM set_aside WHERE held_at IS NOT NULL")
    with connected(settings) as connection:
        if connection is None:
            return
        try:
            names = list(connection.execute(failing).scalars())
            count = connection.execute(held).scalar_one()
        except SQLAlchemyError:  # its schema's own check has said why
            return
    if names:
        yield warning(
            "duties",
            _("not done for a quarter of an hour: {names}").format(names=", ".join(names)),
            _("The page of queues says why; what they clear up stays meanwhile."),
        )
    elif count:
        yield warning(
            "duties",
            ngettext("%(n)s item was set aside", "%(n)s items were set aside", count),
            _("Decide about each on the page of queues; nothing else waits for it."),
        )
    else:
        yield ok("duties", _("each came to its end, and nothing was set aside"))
