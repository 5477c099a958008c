"""What a process says of itself, for whoever watches it: each record is one line, whosever words are in it.

A path, a header, a name or the text of an error may hold line ends, colours and marks that turn the direction of
writing; in a log they would be lines that nobody wrote, or hide some. Here they are shown and not obeyed.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from schemas.plain_text import UNSEEN

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"
BESIDE = "    | "  # before each further line of a record: none begins as a record does
LONGEST = 8000  # characters of a line
MOST_LINES = 200


def visible(text: str, longest: int = LONGEST) -> str:
    """On one line, with everything unseen written out."""
    shown = UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text[:longest])
    return shown + "…" * (len(text) > longest)


class OneLine(logging.Formatter):
    """A traceback follows its record, each line marked as belonging to it."""

    def __init__(self) -> None:
        super().__init__(FORM)

    def format(self, record: logging.LogRecord) -> str:
        record.message, record.asctime = record.getMessage(), self.formatTime(record)
        return "\n".join([visible(self.formatMessage(record)), *self._beside(record)])

    def _beside(self, record: logging.LogRecord) -> Iterator[str]:
        traces = [self.formatException(record.exc_info)] if record.exc_info else []
        lines = [line for text in (*traces, record.stack_info) if text for line in text.split("\n")]
        for line in lines[:MOST_LINES]:
            yield BESIDE + visible(line)
        if len(lines) > MOST_LINES:
            yield f"{BESIDE}… {len(lines) - MOST_LINES} more"


class Output(logging.StreamHandler):
    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(OneLine())

    def handleError(self, record: logging.LogRecord) -> None:
        """logging's own would print the words of the record as they are."""
        with suppress(Exception):
            self.stream.write(
                f"a record of {record.name} could not be written: {visible(repr(record.msg))}\n"
            )


def begin(level: int = logging.INFO) -> None:
    """For a process that does nothing else: all that it says, by whatever logger, leaves by one handler."""
    root = logging.getLogger()
    root.handlers, root.level = [Output()], level
    for other in list(root.manager.loggerDict.values()):
        if isinstance(other, logging.Logger):
            other.handlers, other.propagate = [], True
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda ended: _uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)
    sys.unraisablehook = _unraisable


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        logging.getLogger("uncaught").critical("ended by an error", exc_info=(kind, error, trace))


def _unraisable(ignored: "UnraisableHookArgs") -> None:
    if ignored.exc_value is not None:
        logging.getLogger("uncaught").error(
            "ignored in %r",
            ignored.object,
            exc_info=(ignored.exc_type, ignored.exc_value, ignored.exc_traceback),
        )
