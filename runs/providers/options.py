"""What only one adapter knows of its settings (`options`), checked like the rest: a typo is an error, not a default.

[providers.kling] in workbench.toml: options.elemnts: unknown key.  (Did you mean 'elements'?)
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from prompts.errors import WorkspaceError
from runs.settings import ProviderSettings

M = TypeVar("M", bound=BaseModel)


def options_of(model: type[M], name: str, given: ProviderSettings | Mapping[str, Any], place: str = "") -> M:
    """Return a provider's `options`, checked.

    Args:
        model: what they may be.
        name: of the provider, for messages.
        given: the provider's settings, or a table inside their options.
        place: where in the options such a table stands.

    Raises:
        WorkspaceError: an unknown key or a wrong value; the message names the key and the nearest known one.
    """
    try:
        return model.model_validate(given.options if isinstance(given, ProviderSettings) else given)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
        key = ".".join(str(p) for p in ("options", *filter(None, [place]), *problem["loc"]))
        where = f"[providers.{name}] in workbench.toml: {key}"
        if problem["type"] != "extra_forbidden":
            raise WorkspaceError(f"{where}: {problem['msg'][0].lower()}{problem['msg'][1:]}.") from None
        known = list(model.model_fields)
        near = get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.6)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(known)}."
        raise WorkspaceError(f"{where}: unknown key.", hint=hint) from None
