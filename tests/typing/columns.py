"""mypy's eyes for columns: what `Recording.state` is at run time, an attribute of the mapper, not a plain value.

SQLModel declares a column by the type of its value, which is right for a row (`recording.state`) and wrong for the
class: there the mapper put an `InstrumentedAttribute`, of which conditions and orders are made. SQLAlchemy lets it be
compared with anything; here only with values of its type and with other expressions. A comparison with something else
is then Python's own, a plain `bool`, which `where` refuses.
"""

from collections.abc import Callable

from mypy.nodes import NameExpr, TypeInfo, Var
from mypy.plugin import AttributeContext, ClassDefContext, MethodSigContext, Plugin
from mypy.plugins.common import add_attribute_to_class
from mypy.types import (
    AnyType,
    FunctionLike,
    Instance,
    NoneType,
    Type,
    TypeOfAny,
    UnionType,
    flatten_nested_unions,
    get_proper_type,
)

MODEL = "sqlmodel.main.SQLModel"
COLUMN = "sqlalchemy.orm.attributes.InstrumentedAttribute"
EXPRESSION = "sqlalchemy.sql.elements.SQLCoreOperations"
TABLE = "sqlalchemy.sql.schema.Table"
COMPARISONS = {f"{COLUMN}.{name}" for name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")}
CONDITIONS = {
    f"sqlmodel.sql._expression_select_cls.{select}.{name}"
    for select in ("Select", "SelectOfScalar")
    for name in ("where", "having")
}
MARK = "zhenglu.table"  # of what a class definition says, only the metadata are kept in mypy's cache


class Columns(Plugin):
    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        base = self._class(fullname)
        return _mark_table if base and base.has_base(MODEL) else None

    def get_class_attribute_hook(self, fullname: str) -> Callable[[AttributeContext], Type] | None:
        owner, _, name = fullname.rpartition(".")
        table, column = self._class(owner), self._class(COLUMN)
        if not (table and column and MARK in table.metadata and _is_field(table, name)):
            return None
        return lambda access: Instance(column, [access.default_attr_type])

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        expression = self._class(EXPRESSION)
        if fullname in COMPARISONS and expression:
            return lambda call: _with_its_type(call, expression)
        if fullname == f"{COLUMN}.in_":
            return _among_its_type
        return _no_plain_bool if fullname in CONDITIONS else None

    def _class(self, fullname: str) -> TypeInfo | None:
        found = self.lookup_fully_qualified(fullname)
        return found.node if found and isinstance(found.node, TypeInfo) else None


def _mark_table(definition: ClassDefContext) -> None:
    keyword = definition.cls.keywords.get("table")
    if not (isinstance(keyword, NameExpr) and keyword.name == "True"):
        return
    definition.cls.info.metadata[MARK] = {}
    table = definition.api.named_type_or_none(TABLE)
    if table:
        table = Instance(table.type, [variable.default for variable in table.type.defn.type_vars])
        add_attribute_to_class(definition.api, definition.cls, "__table__", table, is_classvar=True)


def _is_field(table: TypeInfo, name: str) -> bool:
    for ancestor in table.mro:
        if ancestor.fullname == MODEL:
            return False
        if name in ancestor.names:
            declared = ancestor.names[name].node
            return isinstance(declared, Var) and not declared.is_classvar and not name.startswith("__")
    return False


def _with_its_type(call: MethodSigContext, expression: TypeInfo) -> FunctionLike:
    assert isinstance(call.type, Instance)
    any_expression = Instance(expression, [AnyType(TypeOfAny.explicit)])
    return _taking(call, [*call.type.args, NoneType(), any_expression])


def _among_its_type(call: MethodSigContext) -> FunctionLike:
    assert isinstance(call.type, Instance)
    taken = [
        kind.copy_modified(args=call.type.args)
        if isinstance(kind, Instance) and kind.type.fullname == "typing.Iterable"
        else kind
        for kind in _taken(call)
    ]
    return _taking(call, taken)


def _no_plain_bool(call: MethodSigContext) -> FunctionLike:
    return _taking(
        call,
        [
            kind
            for kind in _taken(call)
            if not (isinstance(kind, Instance) and kind.type.fullname == "builtins.bool")
        ],
    )


def _taken(call: MethodSigContext) -> list[Type]:
    return [get_proper_type(kind) for kind in flatten_nested_unions([call.default_signature.arg_types[0]])]


def _taking(call: MethodSigContext, kinds: list[Type]) -> FunctionLike:
    return call.default_signature.copy_modified(arg_types=[UnionType.make_union(kinds)])


def plugin(version: str) -> type[Plugin]:
    return Columns
