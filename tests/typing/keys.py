"""mypy's eyes for the keys of a TypedDict: `claims.get("recordr")` is a slip. mypy itself finds it in `[…]` alone,
and says `object` of what `get` answers."""

from collections.abc import Callable

from mypy.plugin import MethodContext, Plugin
from mypy.plugins.default import typed_dict_get_callback
from mypy.typeops import try_getting_str_literals
from mypy.types import Type, TypedDictType


class Keys(Plugin):
    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        return _of_known_key if fullname == "typing.Mapping.get" else None


def _of_known_key(call: MethodContext) -> Type:
    if isinstance(call.type, TypedDictType) and call.args[0]:
        for key in try_getting_str_literals(call.args[0][0], call.arg_types[0][0]) or ():
            if key not in call.type.items:
                call.api.fail(f'"{key}" is no key of this TypedDict', call.context)
    return typed_dict_get_callback(call)


def plugin(version: str) -> type[Plugin]:
    return Keys
