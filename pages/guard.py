"""Who gets an answer from our own routes: the same people under the same names of the server as the pages let in.

Streamlit's own guards stand before its websocket; a route beside it has to ask for itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runs import people
from runs.settings import load

if TYPE_CHECKING:
    from starlette.requests import Request


def admits(request: Request) -> bool:
    """Return whether a request comes to a name that we go by, from somebody who may look."""
    from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

    from pages.ui.shell import workspace

    if not is_host_allowed(request.headers.get("host")):
        return False
    ui = load(workspace().root).ui
    if not people.has_login(ui):
        return True
    return people.allowed(people.roles(ui, people.identity(ui, claims(request))), "look")


def claims(request: Request) -> dict[str, Any]:
    """Return what the log-in's signed cookie says; nothing where there is none, or where it is not ours."""
    from streamlit.auth_util import get_cookie_with_chunks
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    def signed(name: str) -> bytes | None:
        value = request.cookies.get(name)
        return None if value is None else decode_signed_value(get_cookie_secret(), name, value.encode("latin-1", "replace"))

    try:
        found = json.loads(get_cookie_with_chunks(signed, USER_COOKIE_NAME) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
