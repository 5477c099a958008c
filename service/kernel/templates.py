"""Jinja2 as pages and printed papers use it: it speaks the caller's language, and a missing name is an error."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from service.kernel import i18n
from service.kernel.isolating import Isolating, in_plain_text, isolated


def environment(folder: Path) -> Environment:
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.do", "jinja2.ext.i18n", Isolating],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined] # the extension adds it
        lambda message: i18n.gettext(message),
        lambda one, many, n: i18n.catalog(i18n.current()).ngettext(one, many, n),
        newstyle=True,
    )
    made.globals |= {name: _with_isolated_words(made.globals[name]) for name in ("gettext", "ngettext")}
    made.policies["ext.i18n.trimmed"] = True
    made.filters |= {
        "moment": i18n.moment, "ago": i18n.ago, "span": i18n.span, "duration": i18n.duration,
        "isolated": isolated, "number": i18n.number, "percent": i18n.percent, "size": i18n.size,
    }  # fmt: skip
    return made


def _with_isolated_words(say: Any) -> Callable[..., str]:
    """A sentence may stand in an attribute, too: its words are isolated by marks."""

    @pass_context
    def said(context: Context, *sentence: Any, **words: Any) -> str:
        return say(context, *sentence, **{name: in_plain_text(word) for name, word in words.items()})

    return said
