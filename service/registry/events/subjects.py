"""What an event is about 事项: the bureau's own list of codes and words (policy `event_subjects`); any other words
stand as they were written."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from service.kernel import i18n
from service.kernel.policy import policy
from service.kernel.text import fold
from service.registry.events.policy import SUBJECTS

LANGUAGE_OF = {"zh_CN": "zh"}


class Subjects:
    """Code → words in two languages."""

    def __init__(self, stored: Mapping[str, Mapping[str, Any]]) -> None:
        self.words = {code: {k: str(v) for k, v in words.items()} for code, words in stored.items()}
        self._codes = {
            fold(name): code for code, words in self.words.items() for name in (*words.values(), code)
        }

    def code_of(self, said: str) -> str:
        """The code that a code or one of its words means; what is in no list stays as it is."""
        said = said.strip()
        return self._codes.get(fold(said), said)

    def word(self, code: str) -> str:
        """In the caller's language."""
        words = self.words.get(code)
        if words is None:
            return code
        return words.get(LANGUAGE_OF.get(i18n.current(), i18n.current())) or words.get("zh") or code

    def all_words(self, code: str) -> list[str]:
        """Whatever finds it."""
        return [code, *self.words.get(code, {}).values()] if code else []


def subjects(session: Session) -> Subjects:
    return Subjects(policy(session, SUBJECTS))
