"""The `zhenglu` command. Each module here adds its commands by `register(app)`; what only a command needs, it imports
when that command runs."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import typer
from typer.main import get_command

from deploy import backup, coverage, import_rows, policy, relink, serve, up, upload, user
from deploy.doctor import command as doctor
from deploy.language import Commands, helpful, language

# In a checkout; a wheel leaves it out.
DEMO = [import_module("deploy.demo.command")] if find_spec("deploy.demo") else []
MODULES = (up, *DEMO, upload, import_rows, user, coverage, relink, policy, backup, serve, doctor)

app = typer.Typer(
    name="zhenglu",
    cls=Commands,
    help="证录 Zhenglu: the index of a city-management bureau's enforcement recordings.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they may hold passwords
)


@app.callback()
def main(context: typer.Context) -> None:
    """Commands beside a running `zhenglu up` use its database and Redis, unless the settings name others.

    They speak Chinese, and English where ZHENGLU_LANG, LC_ALL, LC_MESSAGES or LANG (the first that is set) says so.
    """
    from service.kernel import i18n

    context.with_resource(i18n.speaking(language()))
    # They start parts of their own, or look for those of another folder.
    if context.invoked_subcommand in ("up", "demo", "backup", "restore"):
        return
    from deploy import running
    from service.kernel.settings import get_settings

    if running.use(get_settings().data_dir):
        get_settings.cache_clear()


def messages(file: Any, keywords: Any, tags: Any, options: Any) -> Iterator[tuple]:
    """Babel extractor (babel.cfg): the help of every command and of its options."""
    for one in helpful(get_command(app)):
        yield 1, None, one.help, []


for module in MODULES:
    module.register(app)

if __name__ == "__main__":
    app()
