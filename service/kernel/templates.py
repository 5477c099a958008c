"""Jinja2 as pages and printed papers use it: it speaks the caller's language, and a missing name is an error."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service.kernel import i18n


def environment(folder: Path) -> Environment:
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.do", "jinja2.ext.i18n"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined] # the extension adds it
        lambda message: i18n.gettext(message),
        lambda one, many, n: i18n.catalog(i18n.current()).ngettext(one, many, n),
        newstyle=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.filters |= {
        "moment": i18n.moment, "ago": i18n.ago, "span": i18n.span, "duration": i18n.duration,
        "isolated": isolated, "number": i18n.number, "percent": i18n.percent, "size": i18n.size,
    }  # fmt: skip
    return made


def isolated(text: object) -> Markup:
    """Words of somebody's own, by themselves: whatever their direction, what stands beside them stays as it is."""
    return Markup("<bdi>{}</bdi>").format(text)
