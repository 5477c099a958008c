"""A run: films are sent, a part is killed at seeded moments while many of them are under way, and at the end all of
them are judged from outside."""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.process import wait_until
from service.kernel.clock import now
from tests.withstand.film import LONGEST, MIB, films
from tests.withstand.installation import BACK_WITHIN_S, House, Way
from tests.withstand.sending import Crew, Task, tasks
from tests.withstand.verdict import Verdict, judge

SEED = int(os.environ.get("ZHENGLU_SEED", "20261130"))
TABLE = "killed with -9, while uploads were under way"


@dataclass(frozen=True)
class Plan:
    """`count` uploads of `sizes` bytes, `most` of them open at a time. `between`: the shares of all, from when and until
    when parts are killed. `hurried`: what a killed worker held is free at once, and not in half a minute."""

    count: int = 200
    most: int = 100
    sizes: tuple[int, int] = (MIB, LONGEST)
    between: tuple[float, float] = (0.25, 0.72)
    within_s: float = 900.0
    hurried: bool = False


FULL = Plan()
SMALL = Plan(count=12, most=6, sizes=(MIB, 6 * MIB), between=(0.2, 0.7), within_s=200.0, hurried=True)


@dataclass
class Kill:
    """`done`: so many uploads were finished at this moment; `open`: those that were under way."""

    way: Way
    done: int
    open: list[Task]

    def row(self, part: str, verdict: Verdict) -> dict[str, str | int]:
        """Of the uploads that were under way."""
        names = {task.film.name for task in self.open}
        return {
            "part": part,
            "what was killed": self.way.words,
            "finished": self.done,
            "under way": len(self.open),
            "lost": len(names & verdict.lost.keys()),
            "altered": len(names & verdict.altered.keys()),
            "double": len(names & verdict.double.keys()),
            "not ready": len(names & verdict.unready.keys()),
        }


def run(
    house: House,
    part: str,
    ways: Sequence[Way],
    plan: Plan,
    folder: Path,
    tell: Callable[..., None],
) -> Verdict:
    """Kills in these ways, one after the other, while a job runs. `tell` gets each row of the table."""
    chance = random.Random(f"{SEED} {part}")
    sent = films(folder, plan.count, plan.sizes, chance)
    crew = Crew(
        tasks(sent, folder, house.address, house.dock, chance), house.address, house.dock, plan.most, chance
    )
    first, last = plan.between
    crew.start()
    kills = []
    for number, way in enumerate(ways):
        moment = first + (last - first) * (number + chance.random()) / len(ways)
        reached = wait_until(partial(crew.over_or_at, moment), plan.within_s, every_s=0.02)
        assert reached and not crew.over, crew.problem or f"{moment:.2f} never came: {crew.share:.2f}"
        at_work(house)
        time.sleep(chance.uniform(0.0, 0.3))
        under_way = crew.open()
        kills.append(Kill(way, sum(task.done for task in crew.tasks), under_way))
        back = way.strike(house, chance)
        struck_at = now()
        assert wait_until(back, BACK_WITHIN_S, every_s=0.1), (
            f"{way.words} did not come back\n{house.child.output()}"
        )
    crew.finish(plan.within_s)
    if plan.hurried:
        house.sql(
            "UPDATE jobs SET lease_until = now() WHERE state = 'running' AND started_at < :at"
            " AND worker NOT IN (SELECT worker FROM heartbeats WHERE stopped_at IS NULL)",
            at=struck_at,
        )
    house.settle(plan.within_s)
    verdict = judge(house, crew.tasks)
    for kill in kills:
        tell(TABLE, **kill.row(part, verdict))
    return verdict


def at_work(house: House) -> None:
    """A job runs."""
    wait_until(
        lambda: bool(house.sql("SELECT 1 FROM jobs WHERE state = 'running' LIMIT 1")), 10.0, every_s=0.05
    )
