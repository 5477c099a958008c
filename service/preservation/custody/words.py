"""Custody rows in sentences."""

from service.kernel.i18n import lazy

# Parts of the system that sign rows.
PARTS = {
    "intake": lazy("System: taking in"),
    "linking": lazy("System: linking"),
    "system": lazy("System"),
    "cli": lazy("Command line of the server"),
}
# What of an entry's detail says something to a reader; ids and keys stay in the API.
SHOWN = {
    "file_name": lazy("file"),
    "sha256": lazy("SHA-256"),
    "declared_sha256": lazy("declared SHA-256"),
    "reason": lazy("reason"),
    "answer": lazy("answer"),
    "score": lazy("match"),
    "offset_s": lazy("seconds fast"),
    "mode": lazy("mode"),
    "until": lazy("until"),
}
