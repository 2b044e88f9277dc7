"""The parameters of a metric's function: a call becomes a row, and a row a call, at the speed of a plain call.

``inspect.Signature.bind`` costs 3 µs a call, so each function gets code of its own, generated once from its
signature as attrs does it for ``__init__``: names, order, defaults and the messages of wrong calls are Python's.
"""

from __future__ import annotations

import functools
import inspect
import keyword
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

import numpy as np

from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.errors.nearest import did_you_mean
from simple_metrics_manager.keys import canonical
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.payload.unshare import unshare

Row: TypeAlias = tuple[object, ...]
"""All parameters of one call in the order of the signature, defaults filled in; ``*args`` are one tuple in it."""

_PLAIN = frozenset({int, float, bool, str, bytes, type(None)})


class Parameters:
    """The parameters of ``function``, of which the first ``skip`` (``self``) do not count."""

    def __init__(self, function: Callable[..., object], skip: int, where: str) -> None:
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            raise MetricDeclarationError(where, "its parameters cannot be found out; wrap it in a def") from None
        self._parameters = [*signature.parameters.values()][skip:]
        self._where = where
        for parameter in self._parameters:
            if parameter.kind is parameter.VAR_KEYWORD:
                raise MetricDeclarationError(where, f"**{parameter.name} has no order or names to store; spell them")
        self.names: tuple[str, ...] = tuple(parameter.name for parameter in self._parameters)
        name = getattr(function, "__name__", "")
        self._name = name if name.isidentifier() and not keyword.iskeyword(name) else "metric"
        self._defaults: list[object] = [parameter.default for parameter in self._parameters]
        self._to_row = self._named(self._compile("__row", "", f"    return ({self._tuple()})")(None, None))

    def row(self, *args: object, **kwargs: object) -> Row:
        """The row that a call with these arguments means.

        Raises:
            TypeError: the arguments do not fit, in Python's own words.
        """
        if kwargs.keys() - set(self.names):
            self._refuse(kwargs)
        values = cast("Row", self._to_row(*args, **kwargs))
        return tuple(_python_scalar(value) for value in values)

    def _refuse(self, kwargs: Mapping[str, object]) -> None:
        """Refuse what is no parameter, with the one that may have been meant, as Python does from 3.13 on."""
        word = next(name for name in kwargs if name not in self.names)
        problem = f"{self._where}() got an unexpected keyword argument {word!r}"
        meant = did_you_mean(word, self.names)
        raise TypeError(problem + (meant or f"; it takes {', '.join(self.names) or 'none'}"))

    def arguments(self, row: Row) -> tuple[list[object], dict[str, object]]:
        """A row as positional and keyword arguments."""
        positional: list[object] = []
        keywords: dict[str, object] = {}
        for parameter, value in zip(self._parameters, row, strict=True):
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional.extend(cast("tuple[object, ...]", value))
            elif parameter.kind is parameter.KEYWORD_ONLY:
                keywords[parameter.name] = value
            else:
                positional.append(value)
        return positional, keywords

    def adapted(self, other: Parameters, row: Row) -> Row:
        """A row of ``other`` as a row of these: by the names, or by position where no name is the same.

        Raises:
            TypeError: these are other parameters.
        """
        if not set(self.names) & set(other.names):
            positional, keywords = other.arguments(row)
            return self.row(*positional, **keywords)
        given = dict(zip(other.names, row, strict=True))
        starred = {each.name for each in other._parameters if each.kind is each.VAR_POSITIONAL}
        found: list[object] = []
        for each in self._parameters:
            star = each.kind is each.VAR_POSITIONAL
            if each.name in given and star == (each.name in starred):
                found.append(given.pop(each.name))
            elif star or each.default is not each.empty:
                found.append(() if star else each.default)
            else:
                raise TypeError(f"it also needs {each.name!r}")
        if given:
            raise TypeError(f"it has no parameter {next(iter(given))!r}")
        return tuple(found)

    def canonical(self, row: Row) -> Mapping[str, Tree]:
        """The row in canonical form, by parameter."""
        return {
            name: canonical(value, f"{self._where}({name}=...)") for name, value in zip(self.names, row, strict=True)
        }

    def completed(self, params: Mapping[str, Tree]) -> Mapping[str, Tree]:
        """Parameters in canonical form, by name, with the defaults of those that are missing.

        Raises:
            TypeError: these are other parameters.
        """
        for name in params.keys() - set(self.names):
            raise TypeError(f"it has no parameter {name!r}")
        found: dict[str, Tree] = {}
        for each in self._parameters:
            if each.name not in params and each.default is each.empty:
                raise TypeError(f"it also needs {each.name!r}")
            default = f"{self._where}({each.name}=...)"
            found[each.name] = params[each.name] if each.name in params else canonical(each.default, default)
        return found

    def spell(self, row: Row) -> str:
        """``k=10, mode='fast'``: the row as people would write it."""
        return ", ".join(f"{name}={value!r}" for name, value in zip(self.names, row, strict=True))

    def remembering(self, memo: Mapping[Row, object], otherwise: Callable[[Row], object]) -> Callable[..., object]:
        """A function with these parameters that looks into ``memo`` and else asks ``otherwise`` with the row.

        A hit costs one call and one look-up. ``memo`` is keyed by :func:`typed`, so ``1``, ``1.0`` and ``True``
        are told apart.
        """
        return self._named(self._remembering(self.row, memo, otherwise))

    @functools.cached_property
    def _remembering(self) -> Callable[..., Callable[..., object]]:
        """Compiled once, for every manager that binds the metric."""
        body = (
            "    try:\n"
            f"        return __memo[({self._tuple()}{self._types()})]\n"
            "    except (KeyError, TypeError):\n"
            "        pass\n"
            f"    return __otherwise(__row({self._call()}))"
        )
        return self._compile(self._name, "__row, ", body)

    # The names of ours in generated code begin with two underscores; a parameter cannot be called so by accident,
    # since such a name inside a class would be mangled.
    def _compile(self, name: str, more: str, body: str) -> Callable[..., Callable[..., object]]:
        head: list[str] = []
        star = False
        for index, parameter in enumerate(self._parameters):
            if parameter.kind is parameter.KEYWORD_ONLY and not star:
                head.append("*")
                star = True
            star = star or parameter.kind is parameter.VAR_POSITIONAL
            prefix = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
            default = f"=__defaults[{index}]" if parameter.default is not parameter.empty else ""
            head.append(prefix + parameter.name + default)
            if parameter.kind is parameter.POSITIONAL_ONLY and not any(
                later.kind is later.POSITIONAL_ONLY for later in self._parameters[index + 1 :]
            ):
                head.append("/")
        lines = f"def __make({more}__memo, __otherwise):\n  def {name}({', '.join(head)}):\n"
        lines += "\n".join(f"  {line}" for line in body.splitlines()) + f"\n  return {name}\n"
        names: dict[str, object] = {"__defaults": self._defaults}
        exec(compile(lines, f"<parameters of {self._where}>", "exec"), names)  # noqa: S102 - see the module's docstring
        return cast("Callable[..., Callable[..., object]]", names["__make"])

    def _named(self, function: Callable[..., object]) -> Callable[..., object]:
        function.__qualname__ = self._where  # it stands in the TypeError of a wrong call
        return function

    def _tuple(self) -> str:
        return "".join(f"{parameter.name}, " for parameter in self._parameters)

    def _types(self) -> str:
        return "".join(f"{parameter.name}.__class__, " for parameter in self._parameters)

    def _call(self) -> str:
        def spell(parameter: inspect.Parameter) -> str:
            if parameter.kind is parameter.VAR_POSITIONAL:
                return f"*{parameter.name}"
            return f"{parameter.name}={parameter.name}" if parameter.kind is parameter.KEYWORD_ONLY else parameter.name

        return ", ".join(map(spell, self._parameters))


def unshared(row: Row) -> Row:
    """The same row, of which nobody else can change a part.

    Managers stay the ones that were given: a copy of one would have to compute everything again.
    """
    return tuple(value if hasattr(type(value), "__metrics__") else unshare(value) for value in row)


def typed(row: Row) -> Row | None:
    """The key of a row in a memo, or None where Python's equality would not tell it from another row.

    That is so inside containers (``(1,) == (1.0,)``) and for the two zeros of floats.
    """
    for value in row:
        if type(value) not in _PLAIN or (value == 0 and type(value) is float):
            return None
    return (*row, *map(type, row))


def _python_scalar(value: object) -> object:
    kind: type = type(value)
    plain = cast("np.generic[object]", value).item() if issubclass(kind, np.generic) else value
    return plain if type(plain) in (bool, int, float, complex, str, bytes) else value
