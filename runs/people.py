"""Who may do what in the app, where a team shares one: four lists of people in `workbench.toml`, one for each role.

    [ui]
    hosts = ["workbench.example.com"]
    engineers = ["chen@example.com"]
    approvers = ["li@example.com"]
    reviewers = ["ana@example.com", "*@agency.example.com"]
    viewers = ["*@example.com"]

Whoever stands in no list stays outside. Without any list there is no log-in: the app then belongs to this machine's user.
Roles do not contain each other, but every role may look; who shall do two things stands in two lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from runs.errors import Forbidden
from runs.settings import Ui

Role = Literal["viewer", "reviewer", "engineer", "approver"]
Action = Literal["look", "rate", "queue", "launch", "promote", "roll back", "pin", "approve", "override", "freeze"]

ROLES: tuple[Role, ...] = ("viewer", "reviewer", "engineer", "approver")
ACTIONS: Mapping[Action, tuple[Role, ...]] = {
    "look": ROLES,
    "rate": ("reviewer", "engineer", "approver"),
    "queue": ("engineer", "approver"),
    "launch": ("engineer",),
    "promote": ("engineer", "approver"),
    "roll back": ("engineer", "approver"),
    "pin": ("engineer", "approver"),
    "approve": ("approver",),
    "override": ("approver",),
    "freeze": ("approver",),
}
"""What can be done, and whose it is. Launching covers stopping and resuming; freezing covers thawing; pinning covers canaries."""


def has_login(ui: Ui) -> bool:
    """Return whether people have to sign in."""
    return any(_listed(ui).values())


def roles(ui: Ui, who: str) -> tuple[Role, ...]:
    """Return the roles of somebody who signed in, by the claim that identifies them; none for a stranger."""
    return tuple(role for role, names in _listed(ui).items() if any(_is(who, name) for name in names))


def allowed(held: tuple[Role, ...], action: Action) -> bool:
    """Return whether somebody with these roles may do something."""
    return any(role in ACTIONS[action] for role in held)


def refuse(who: str, held: tuple[Role, ...], action: Action) -> None:
    """Refuse what somebody may not do.

    Raises:
        Forbidden: None of the roles allows it.
    """
    if not allowed(held, action):
        needed = " or ".join(ACTIONS[action])
        what = f"{who} is {' and '.join(held)} here" if held else f"{who} has no role here"
        raise Forbidden(f"{what}; to {action} takes a role of {needed}.", hint="Roles stand in workbench.toml under [ui].")


def identity(ui: Ui, claims: Mapping[str, Any]) -> str:
    """Return who signed in; empty for nobody.

    A mail address counts only when the provider says that it was verified: elsewhere anybody can claim anybody's. A provider
    that verifies none (Microsoft Entra) is told apart by another claim, such as `oid` or `sub`, set as `ui.claim`.
    """
    if claims.get("is_logged_in") is not True:
        return ""
    who = claims.get(ui.claim)
    if not isinstance(who, str) or (ui.claim == "email" and claims.get("email_verified") is not True):
        return ""
    who = who.strip()
    return who if who.isprintable() and len(who) <= 200 else ""


def _listed(ui: Ui) -> dict[Role, tuple[str, ...]]:
    return {"viewer": ui.viewers, "reviewer": ui.reviewers, "engineer": ui.engineers, "approver": ui.approvers}


def _is(who: str, name: str) -> bool:
    who, name = who.casefold(), name.strip().casefold()
    if name.startswith("*@"):
        return who.count("@") == 1 and who.endswith(name[1:]) and len(who) >= len(name)
    return bool(who) and who == name
