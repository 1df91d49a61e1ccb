"""Compiling queries: sources, let, with, without, where, return, aggregate, sort.

A query becomes nested `for` loops. A row that survives is carried by the value that it gives (the
resource itself, or a tuple with its sources); a scalar carries nothing, so its row is recorded at
once. What is read elsewhere while a row is looked at goes to the row's own collector, which is
dropped with the row when the row is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .compile_control import leave_unless
from .compile_property import label_of, path_of, variable_of
from .elm_types import ListOf, TupleOf, Type, fhir_local, is_list
from .emitter import Emitter, Node, Variable, node
from .operators import OPERATORS


@dataclass(slots=True)
class _Source:
    """One aliased source: where its rows come from and the variable that holds one."""

    alias: str
    rows: str
    is_list: bool
    variable: Variable


@node("Query")
def query(e: Emitter, elm: Node) -> str:
    """A query; singleton when all its sources are."""
    sources = [_source(e, source) for source in elm["source"]]
    gives_list = any(source.is_list for source in sources)
    aggregate = elm.get("aggregate")
    scope = {source.alias: source.variable for source in sources}
    hoisted = _hoist_relationships(e, elm, scope)
    result = e.temporary()
    rows_name = None
    # A query over nothing but nulls is null (FHIR-40225), not empty and not `starting`.
    nulls = " and ".join(f"{source.rows} is None" for source in sources)
    if aggregate is not None:
        e.emit(f"{result} = {e.optional(aggregate.get('starting'))}")
        if aggregate.get("distinct"):
            rows_name = _distinct_rows(e, sources)
        e.emit(f"if {nulls}: {result} = None")
    else:
        e.emit(f"{result} = {f'None if {nulls} else []' if gives_list else 'None'}")

    outer = (e.collector, e.collector_uses, e.depth)
    row_collector = e.temporary("r")
    e.emit("for _ in (0,):")  # so that `continue` leaves the row of a singleton, too
    wrapper = len(e.lines) - 1
    e.depth += 1
    if rows_name is not None:
        targets = "".join(f"{source.variable.expression}, " for source in sources)
        e.emit(f"for {targets}in {rows_name}:")
        e.depth += 1
    for source in sources if rows_name is None else ():
        if source.is_list:
            e.emit(f"for {source.variable.expression} in {source.rows} or ():")
            e.depth += 1
        elif source.variable.expression != source.rows:
            e.emit(f"{source.variable.expression} = {source.rows}")
            e.emit(f"if {source.variable.expression} is None: continue")
        else:
            e.emit(f"if {source.rows} is None: continue")
    e.emit(f"{row_collector} = []")
    placeholder = len(e.lines) - 1
    e.collector, e.collector_uses = row_collector, 0
    rows = [v for v in scope.values() if e.compiler.is_single_carrier(v.type)]
    e.row_scopes.append(rows)
    with e.scope(scope):
        _lets(e, elm, scope, rows)
        for relationship in elm.get("relationship") or ():
            _relationship(e, relationship, hoisted)
        if elm.get("where") is not None:
            leave_unless(e, elm["where"])
        if aggregate is not None:
            _fold(e, aggregate, result, outer[0], rows)
        else:
            _give(e, elm, scope, result, gives_list, outer[0], rows)
    e.row_scopes.pop()
    used = e.collector_uses > 0
    e.collector, e.collector_uses, e.depth = outer
    if any(line.text.startswith(f"{e.collector}.") for line in e.lines[placeholder:]):
        e.collector_uses += 1
    if not used:
        del e.lines[placeholder]
    if sources[0].is_list or rows_name is not None:
        _unwrap(e, wrapper)
    if aggregate is not None:
        return result
    return _finish(e, elm, result, gives_list)


def _unwrap(e: Emitter, wrapper: int) -> None:
    """Take out the one-pass loop, which a list as first source makes needless."""
    del e.lines[wrapper]
    for line in e.lines[wrapper:]:
        line.depth -= 1


def _source(e: Emitter, source: Node) -> _Source:
    expression = source["expression"]
    type_ = e.type_of(expression) or e.type_of(source)
    rows = e.node(expression)
    listed = is_list(type_)
    row_type: Type = type_.element if isinstance(type_, ListOf) else type_
    variable = variable_of(e, expression)
    origin = e.compiler.origin_of(e, expression)
    # A singleton that was not being scanned stays as it is: reading from it is evidence.
    name = e.temporary("a") if listed or e.compiler.is_single_carrier(row_type) else rows
    scanned = (
        listed
        or e.compiler.is_single_carrier(row_type)
        or (variable is not None and variable.scanned)
    )
    return _Source(
        source["alias"],
        rows,
        listed,
        Variable(name, row_type, scanned, label_of(e, expression), origin),
    )


def _distinct_rows(e: Emitter, sources: list[_Source]) -> str:
    """All rows of an `aggregate distinct` without repeats, as lists of one item per source."""
    distinct = e.constant(OPERATORS["Distinct"].function)
    items, loops = [], []
    for source in sources:
        items.append(item := e.temporary("a"))
        rows = f"{source.rows} or ()"
        if not source.is_list:
            rows = f"(() if {source.rows} is None else ({source.rows},))"
        loops.append(f"for {item} in {rows}")
    return e.assign(f"{distinct}([[{', '.join(items)}] {' '.join(loops)}])")


# ----- the clauses of a row -----


def _lets(e: Emitter, elm: Node, scope: dict[str, Variable], rows: list[Variable]) -> None:
    for let in elm.get("let") or ():
        expression = let["expression"]
        value = e.assign(e.node(expression))
        type_ = e.type_of(expression) or e.type_of(let)
        is_row = e.compiler.is_single_carrier(type_)
        source = variable_of(e, expression)
        variable = Variable(
            value,
            type_,
            is_row or (source is not None and source.scanned),
            label_of(e, expression),
            e.compiler.origin_of(e, expression),
        )
        scope[let["identifier"]] = variable
        if is_row:
            rows.append(variable)


def _hoist_relationships(e: Emitter, elm: Node, scope: dict[str, Variable]) -> dict[int, str]:
    """Sources of with and without that need no row of this query, evaluated once before it."""
    names = set(scope) | {let["identifier"] for let in elm.get("let") or ()}
    return {
        id(relationship): e.node(relationship["expression"])
        for relationship in elm.get("relationship") or ()
        if not _mentions(relationship["expression"], names)
    }


def _mentions(elm: Any, names: set[str]) -> bool:
    """Whether an expression refers to one of these names."""
    if isinstance(elm, dict):
        if elm.get("scope") in names:
            return True
        if elm.get("type") in ("AliasRef", "QueryLetRef") and elm.get("name") in names:
            return True
        return any(_mentions(value, names) for value in elm.values())
    if isinstance(elm, list):
        return any(_mentions(item, names) for item in elm)
    return False


def _relationship(e: Emitter, relationship: Node, hoisted: dict[int, str]) -> None:
    """`with ... such that` and `without ... such that`."""
    expression = relationship["expression"]
    type_ = e.type_of(expression) or e.type_of(relationship)
    source = hoisted.get(id(relationship)) or e.node(expression)
    item = e.temporary("a")
    row_type: Type = type_.element if isinstance(type_, ListOf) else type_
    variable = Variable(item, row_type, True, label_of(e, expression))
    found = e.assign("False")
    if isinstance(type_, ListOf):
        header = f"for {item} in {source} or ():"
    else:
        header = f"for {item} in () if {source} is None else ({source},):"
    with e.block(header), e.scope({relationship["alias"]: variable}):
        if relationship.get("suchThat") is not None:
            leave_unless(e, relationship["suchThat"])
        e.emit(f"{found} = True")
        e.emit("break")
    kind = relationship.get("type")
    if kind not in ("With", "Without"):
        raise e.unsupported(f"relationship {kind}")
    e.emit(f"if {found}: continue" if kind == "Without" else f"if not {found}: continue")


def _give(
    e: Emitter,
    elm: Node,
    scope: dict[str, Variable],
    result: str,
    gives_list: bool,
    outer: str,
    rows: list[Variable],
) -> None:
    """What one row contributes to the result, and its evidence."""
    returned = elm.get("return")
    if returned is not None:
        expression = returned["expression"]
        value = e.node(expression)
        type_ = e.type_of(expression)
        if type_ is None:
            written = e.type_of(returned)
            type_ = written.element if isinstance(written, ListOf) and gives_list else written
        path = path_of(expression) or None
    elif len(scope) - len(elm.get("let") or ()) == 1:
        variable = next(iter(scope.values()))
        value, type_, path = variable.expression, variable.type, None
    else:
        names = [source["alias"] for source in elm["source"]]
        refs = [{"name": name, "value": {"type": "AliasRef", "name": name}} for name in names]
        value = e.node({"type": "Tuple", "element": refs})
        type_, path = None, None
    if not e.compiler.is_carrier(type_) and not _is_tuple(e, elm):
        _record_rows(e, rows, outer, path, value)
    elif not _is_tuple(e, elm) and e.collector_uses:
        e.emit(f"{outer}.extend({e.collector})")
    if returned is not None and _is_made_by_function(e, elm) and rows:
        # The function may have been given elements of the row only; the tuple is still made of it.
        label = "fr.define" if e.label is None else repr(e.label)
        carried = ", ".join(variable.expression for variable in rows)
        value = e.assign(f"carrying({value}, {label}, {carried})")
    e.emit(f"{result}.append({value})" if gives_list else f"{result} = {value}")


def _is_made_by_function(e: Emitter, elm: Node) -> bool:
    expression = elm["return"]["expression"]
    return expression.get("type") == "FunctionRef" and isinstance(e.type_of(expression), TupleOf)


def _is_tuple(e: Emitter, elm: Node) -> bool:
    """Whether the rows become tuples made here, which carry their sources themselves."""
    returned = elm.get("return")
    if returned is None:
        return len(elm["source"]) > 1
    expression = returned["expression"]
    kind = expression.get("type")
    return kind == "Tuple" or (kind == "FunctionRef" and isinstance(e.type_of(expression), TupleOf))


def _record_rows(
    e: Emitter, rows: list[Variable], outer: str, path: str | None, value: str
) -> None:
    """Record the rows behind a value that cannot carry them."""
    if e.collector_uses:
        e.emit(f"{outer}.extend({e.collector})")
    for variable in rows:
        e.emit(f"{outer}.append(({variable.label!r}, {variable.expression}, {path!r}, {value}))")


def _fold(e: Emitter, aggregate: Node, result: str, outer: str, rows: list[Variable]) -> None:
    """One step of the aggregate clause."""
    type_ = e.type_of(aggregate) or e.type_of(aggregate["expression"])
    with e.scope({aggregate["identifier"]: Variable(result, type_)}):
        e.emit(f"{result} = {e.node(aggregate['expression'])}")
    if not e.compiler.is_carrier(type_):
        _record_rows(e, rows, outer, None, "None")


# ----- after the rows -----


def _finish(e: Emitter, elm: Node, result: str, gives_list: bool) -> str:
    """`return` without `all` drops repeats; then `sort`."""
    returned = elm.get("return")
    if not gives_list:
        return result
    if returned is not None and returned.get("distinct", True):
        distinct = e.constant(OPERATORS["Distinct"].function)
        result = e.assign(f"{distinct}({result})")
    sort = elm.get("sort")
    if sort is not None:
        type_ = e.type_of(elm)
        if type_ is None and returned is not None:
            type_ = e.type_of(returned)
        return sorted_rows(e, result, sort["by"], type_, elm)
    return result


@node("Sort")
def sort_(e: Emitter, elm: Node) -> str:
    """The Sort operator over a list."""
    source = elm["source"]
    return sorted_rows(e, e.node(source), elm["by"], e.type_of(source), source)


def sorted_rows(e: Emitter, rows: str, by: list[Node], type_: Type, source: Node) -> str:
    """The rows in the order of their keys; each key is computed once per row."""
    row_type = type_.element if isinstance(type_, ListOf) else None
    item, keys = e.temporary("s"), e.assign("[]")
    # Reading keys is no evidence: which row comes first is seen from the row that is used.
    variable = Variable(item, row_type, True, label_of(e, source))
    if all(part.get("type") == "ByDirection" for part in by):
        e.emit(f"{keys} = [(sort_key(c, {item}),) for {item} in {rows} or ()]")
    else:
        with e.block(f"for {item} in {rows} or ():"), e.scope({"$this": variable}):
            values = [_sort_key(e, part, item) for part in by]
            e.emit(f"{keys}.append(({', '.join(values)},))")
    descending = tuple(part.get("direction", "asc").startswith("desc") for part in by)
    return e.assign(f"sort_rows({rows}, {keys}, {descending!r})")


def _sort_key(e: Emitter, by: Node, item: str) -> str:
    kind = by.get("type")
    if kind == "ByDirection":
        return e.assign(f"sort_key(c, {item})")
    if kind == "ByExpression":
        expression = by["expression"]
        local = fhir_local(e.type_of(expression))
        return e.assign(f"sort_key(c, {e.node(expression)}, {local!r})")
    if kind == "ByColumn":
        column: dict[str, Any] = {k: v for k, v in by.items() if k.startswith("resultType")}
        column |= {"type": "Property", "path": by["path"], "source": {"type": "Current"}}
        name = _fhir_type_name(by)
        return e.assign(f"sort_key(c, {e.node(column)}, {name!r})")
    raise e.unsupported(f"sort {kind}")


def _fhir_type_name(by: Node) -> str | None:
    name = by.get("resultTypeName")
    if isinstance(name, str) and name.startswith("{http://hl7.org/fhir}"):
        return name.partition("}")[2]
    return None
