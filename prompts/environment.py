"""The one Jinja environment: sandboxed, strict, pure, and aware of chat roles.

`{% block system %}`, `{% block user %}` and `{% block assistant %}` become messages. The marks between them are objects
in the stream of rendered pieces, not text, so that no variable can forge one: data may hold any characters it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from jinja2 import BaseLoader, StrictUndefined, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from prompts.filters import FILTERS

ROLES: Final = ("system", "user", "assistant")
SETTINGS: Final[dict[str, Any]] = {
    "engine": "jinja2",
    "sandbox": "immutable",
    "undefined": "strict",
    "trim_blocks": True,
    "lstrip_blocks": True,
    "roles": list(ROLES),
    "filters": 1,  # raise it when a filter's output changes: versions must not share a name when they render differently
}
"""What rendering depends on beside the sources; part of a version's hash."""

# `lipsum` and `random` give other text each time; a prompt must not.
_IMPURE_GLOBALS = ("lipsum",)
_IMPURE_FILTERS = ("random",)

Block = Callable[[Context], Iterator[str]]


class RoleMark(str):
    """An empty text in the stream of pieces that opens or closes a message; made here and nowhere else."""

    __slots__ = ("opens", "role")
    role: str
    opens: bool

    @classmethod
    def of(cls, role: str, *, opens: bool) -> RoleMark:
        """Return a mark for one end of a role's block."""
        mark = cls("")
        mark.role, mark.opens = role, opens
        return mark


class _RoleStack(list[Block]):
    """The blocks of one role from the youngest heir to the base; entering the youngest one sets the marks."""

    def __init__(self, role: str, blocks: list[Block]) -> None:
        super().__init__(blocks)
        self.role = role

    def __getitem__(self, index: Any) -> Any:
        block = super().__getitem__(index)
        if index != 0:
            return block

        def marked(context: Context) -> Iterator[str]:
            yield RoleMark.of(self.role, opens=True)
            yield from block(context)
            yield RoleMark.of(self.role, opens=False)

        return marked


class RoleContext(Context):
    """A context that marks where role blocks begin and end; `extends` and `super()` work as ever."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mark_roles()

    def derived(self, locals: dict[str, Any] | None = None) -> Context:  # noqa: A002  Jinja's name
        """Return a context for a scoped block, with its role blocks marked too."""
        context = super().derived(locals)
        if isinstance(context, RoleContext):
            context._mark_roles()
        return context

    def _mark_roles(self) -> None:
        for role in ROLES:
            self.blocks[role] = _RoleStack(role, self.blocks.get(role, []))


class MissingName(UndefinedError):
    """A name that is not there, with the ones that are."""

    def __init__(self, message: str, name: str, known: tuple[str, ...], *, is_variable: bool) -> None:
        super().__init__(message)
        self.name = name
        self.known = known
        self.is_variable = is_variable


class NamedUndefined(StrictUndefined):
    """An undefined value that, used in any way but `is defined` and `default`, says its name and the names around it."""

    __slots__ = ()

    def __init__(self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: type[Exception] = UndefinedError) -> None:
        super().__init__(hint, obj, name, exc)  # type: ignore[arg-type]
        if exc is UndefinedError:
            self._undefined_exception = self._missing_name  # type: ignore[assignment]

    __repr__ = StrictUndefined.__str__  # or a list of undefined values would be printed as such

    def _missing_name(self, message: str | None = None) -> MissingName:
        owner = self._undefined_obj
        known = tuple(str(key) for key in list(owner)[:200]) if isinstance(owner, Mapping) else ()
        return MissingName(message or "", str(self._undefined_name), known, is_variable=owner is missing)


class Unprintable(Exception):
    """A value that would stand in a prompt as nonsense, such as `None` or a function's address."""


def printable(value: Any) -> Any:
    """Pass what makes sense in a prompt; refuse `None`, functions and generators, whose text is never meant."""
    if isinstance(value, (str, bool, int, float, Undefined, Mapping, list, tuple)):
        return value
    if value is None:
        raise Unprintable("a value to be printed is null; write `{{ x or '…' }}` or test it with `{% if x %}`")
    raise Unprintable(f"a {type(value).__name__} cannot be printed; call it, or turn it into text or a list")


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox for data that cannot be changed, with the settings, filters and roles of prompts."""

    context_class = RoleContext

    def __init__(self, loader: BaseLoader | None = None) -> None:
        super().__init__(
            loader=loader,
            undefined=NamedUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=printable,
            autoescape=False,
            auto_reload=False,
        )
        for name in _IMPURE_GLOBALS:
            del self.globals[name]
        for name in _IMPURE_FILTERS:
            del self.filters[name]
        self.filters.update(FILTERS)


__all__ = ["ROLES", "SETTINGS", "MissingName", "PromptEnvironment", "RoleMark", "SecurityError", "Unprintable", "printable"]
