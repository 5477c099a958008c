"""What is added, as edits of the program's text: for each thing its one place, and what is stored of it."""

from pathlib import Path
from typing import NamedTuple


class Edit(NamedTuple):
    """`old` becomes `new`; without `old`, `new` is put at the end of the file, or is the file."""

    path: str
    old: str
    new: str

    def apply(self, tree: Path) -> None:
        file = tree / self.path
        text = file.read_text() if file.exists() else ""
        if not self.old:
            file.write_text(text + self.new)
            return
        assert text.count(self.old) == 1, f"{self.path}: {self.old!r}"
        file.write_text(text.replace(self.old, self.new))


# The codes that tables may hold, with their migration behind the newest one (HEAD).
STORED = (
    Edit(
        "schemas/events.py",
        '    coercion = "coercion"\n',
        '    coercion = "coercion"\n    sealing = "sealing"\n',
    ),
    Edit("schemas/jobs.py", '    noop = "noop"\n', '    noop = "noop"\n    transcribe = "transcribe"\n'),
    Edit(
        "deploy/migrations/versions/9999_one_of_each.py",
        "",
        """
from alembic import op

from schemas.events import EventKind
from schemas.jobs import JobKind

revision, down_revision, branch_labels, depends_on = "9999", "HEAD", None, None


def upgrade():
    for table, kinds in (
        ("enforcement_events", EventKind), ("recording_matters", EventKind), ("event_coverage", EventKind),
        ("jobs", JobKind),
    ):
        name = op.f(f"ck_{table}_kind")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"kind IN ({', '.join(repr(str(kind)) for kind in kinds)})")
""",
    ),
)
ONE_OF_EACH = {
    "event kind": [
        Edit(
            "service/registry/events/kinds.py",
            "    )\n}\n",
            '        Kind(EventKind.sealing, Word(_("Sealing"), icon="gavel"), said=("查封扣押",),\n'
            "             steps=(Step.listing, Step.signature)),\n    )\n}\n",
        )
    ],
    "queue": [
        Edit(
            "service/kernel/queues.py",
            "QUEUES = {queue.name: queue for queue in (LIGHT, LOOKS, ENCODE)}",
            'SPEECH = Queue("speech", Word(_("Speech to text"), icon="speech"), worker=_("worker for speech"),\n'
            '               at_once=_n("recordings written down at once"), processes=1)\n'
            "QUEUES = {queue.name: queue for queue in (LIGHT, LOOKS, ENCODE, SPEECH)}",
        )
    ],
    "job kind": [
        Edit(
            "service/kernel/job_kinds.py",
            "    )\n}\n",
            '        Kind(JobKind.transcribe, Word(_("Write down what is said"), icon="speech"), queue=SPEECH),\n'
            "    )\n}\n",
        ),
        Edit(
            "service/kernel/job_kinds.py",
            "import ENCODE, LIGHT, LOOKS, Queue",
            "import ENCODE, LIGHT, LOOKS, SPEECH, Queue",
        ),
        Edit(
            "workers/stages/transcribe.py",
            "",
            '"""Writes down what is said."""\n\n\ndef run(held):\n    held.finish()\n\n\n'
            "def failed(session, held, reason, params):\n    pass\n",
        ),
    ],
    "import kind": [
        Edit(
            "service/registry/cases/importers.py",
            "",
            "\n\nclass PatrolImporter(CampaignImporter):\n"
            '    name = "patrols"\n'
            '    word = Word(lazy("Patrols"), icon="flag", meaning=lazy("Known by the external id."))\n',
        ),
        Edit(
            "service/desk/imports/kinds.py",
            "    EventImporter,\n    MatterImporter,\n",
            "    EventImporter,\n    importers.PatrolImporter,\n    MatterImporter,\n",
        ),
        Edit(
            "service/desk/imports/kinds.py",
            "from service.registry.cases.importers import",
            "from service.registry.cases import importers\nfrom service.registry.cases.importers import",
        ),
    ],
    "coverage figure": [
        Edit(
            "service/supervision/coverage/figures.py",
            ")\nBY_NAME",
            '    Spec("twice", 17, Words(_("Shown twice"), _("Events that two recordings show."), _REQUIRED),\n'
            '         OfEvents(share=lambda of: (of.sums["shown_twice"], of.n, of.n),\n'
            '                  sums={"shown_twice": func.count().filter(_row.shown > 1)},\n'
            "                  held=_row.shown > 1, rest=_row.shown < 2),\n"
            '         wrong=(Part.rest, _("shown once or never"))),\n)\nBY_NAME',
        )
    ],
    "tag": [
        Edit(
            "service/footage/tags.py",
            "        NO_AUDIO,\n        VARIABLE_RATE",
            '        _measured("rain", _("Rain"), TagSource.picture, 0.6),\n        NO_AUDIO,\n        VARIABLE_RATE',
        )
    ],
    "custody act": [
        Edit(
            "service/registry/cases/acts.py",
            "",
            'CLOSE_CASE = act("close_case", _("closed the case"), "case")\n',
        )
    ],
}
