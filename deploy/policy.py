"""`zhenglu policy`: the rules that differ between bureaus, and a change of one."""

import json
from typing import Annotated

import typer

from service.kernel.i18n import gettext as _


def policy(
    name: Annotated[str, typer.Argument(help="which rule; all of them if left out")] = "",
    value: Annotated[str, typer.Argument(help="the new value as JSON, “default” for the built-in one")] = "",
) -> None:
    """Show the bureau's rules, or change one: zhenglu policy link_open_event_minutes 90"""
    import service.reactions  # noqa: F401  what follows from each change
    from service.desk.operations.policies import LINKS_DEPEND, RULES, set_policy
    from service.kernel.database import transaction
    from service.kernel.errors import ServiceError
    from service.kernel.policy import policy as read
    from service.kernel.settings import get_settings

    if not get_settings().database_url:
        typer.echo(
            _("ZHENGLU_DATABASE_URL is not set, and no `zhenglu up` runs on the data folder."), err=True
        )
        raise typer.Exit(1)
    if not value:
        if name and name not in RULES:
            raise typer.BadParameter(_("there is no rule {name}").format(name=name))
        with transaction() as session:
            for rule in [RULES[name]] if name else sorted(RULES.values(), key=lambda rule: rule.name):
                if name or rule.by_hand:
                    typer.echo(f"{rule.name} {json.dumps(read(session, rule), ensure_ascii=False)}")
                    typer.echo(f"    {rule.words}" + (f" ({rule.unit})" if rule.unit else ""))
        return
    try:
        wanted = None if value == "default" else json.loads(value)
        with transaction() as session:
            again = set_policy(session, "cli", name, wanted)
    except ValueError:
        raise typer.BadParameter(_("{value} is no JSON").format(value=value)) from None
    except ServiceError as error:
        typer.echo(error.say(), err=True)
        raise typer.Exit(1) from None
    if again:
        typer.echo(_("The coverage of all events is counted again; the jobs show how far it is."))
    if name in LINKS_DEPEND:
        typer.echo(_("Links that are made stay as they are: `zhenglu relink` decides them anew."))


def register(app: typer.Typer) -> None:
    app.command("policy")(policy)
