"""Who may do what where a team shares the app."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from runs import people
from runs.errors import Forbidden
from runs.settings import Ui

TEAM = Ui(
    viewers=("*@example.com",),
    reviewers=("Ana@agency.example.com",),
    engineers=("chen@example.com",),
    approvers=("li@example.com", "chen@example.com"),
)


@pytest.mark.parametrize(
    ("who", "held"),
    [
        ("somebody@example.com", ("viewer",)),
        ("ana@AGENCY.example.com", ("reviewer",)),
        ("chen@example.com", ("viewer", "engineer", "approver")),
        ("stranger@example.org", ()),
        ("x@evil-example.com", ()),
        ("x@sub.example.com", ()),
        ("chen@example.com@example.com", ()),
        ("@example.com", ()),
        ("", ()),
    ],
)
def test_roles_are_those_of_the_lists(who: str, held: tuple[str, ...]) -> None:
    """Names are compared whole and without regard to case; a domain is that domain and nothing beneath or beside it."""
    assert people.roles(TEAM, who) == held


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("viewer", {"look"}),
        ("reviewer", {"look", "rate"}),
        ("engineer", {"look", "rate", "queue", "launch", "promote", "roll back", "pin"}),
        ("approver", {"look", "rate", "queue", "promote", "roll back", "pin", "approve", "override", "freeze"}),
    ],
)
def test_a_role_allows_what_the_table_says(role: people.Role, may: set[str]) -> None:
    """Who starts runs cannot approve what came of them, unless they stand in both lists."""
    assert {action for action in people.ACTIONS if people.allowed((role,), action)} == may


def test_what_no_role_allows_is_refused_in_words() -> None:
    """The message names the person, the roles held and the roles needed."""
    with pytest.raises(Forbidden, match=r"ana@x is reviewer here; to approve takes a role of approver\."):
        people.refuse("ana@x", ("reviewer",), "approve")
    with pytest.raises(Forbidden, match="Nobody has no role here"):
        people.refuse("Nobody", (), "look")


@pytest.mark.parametrize(
    ("claims", "who"),
    [
        ({"is_logged_in": True, "email": " chen@example.com ", "email_verified": True}, "chen@example.com"),
        ({"is_logged_in": True, "email": "chen@example.com", "email_verified": False}, ""),
        ({"is_logged_in": True, "email": "chen@example.com"}, ""),
        ({"is_logged_in": True, "email": "chen@example.com", "email_verified": "true"}, ""),
        ({"is_logged_in": False, "email": "chen@example.com", "email_verified": True}, ""),
        ({"email": "chen@example.com", "email_verified": True}, ""),
        ({"is_logged_in": True, "email": ["chen@example.com"], "email_verified": True}, ""),
        ({"is_logged_in": True, "email": "chen@example.com\nli@example.com", "email_verified": True}, ""),
        ({"is_logged_in": True, "email_verified": True}, ""),
        ({}, ""),
    ],
)
def test_only_a_verified_address_is_somebody(claims: dict[str, Any], who: str) -> None:
    """Anybody can claim anybody's address where the provider did not look."""
    assert people.identity(TEAM, claims) == who


def test_another_claim_can_identify() -> None:
    """Where no address is verified, the provider's own id of a person is."""
    assert people.identity(Ui(claim="oid"), {"is_logged_in": True, "oid": "7f3"}) == "7f3"


def test_without_lists_there_is_no_login() -> None:
    """One list is enough to close the door."""
    assert not people.has_login(Ui())
    assert people.has_login(Ui(viewers=("*@example.com",)))


@pytest.mark.parametrize("wrong", [{"viewers": [""]}, {"claim": "e mail"}, {"admins": ["x"]}])
def test_a_wrong_list_is_refused(wrong: dict[str, Any]) -> None:
    """An empty name would be nobody's; an unknown role would let nobody in and look as if it did."""
    with pytest.raises(ValidationError):
        Ui(**wrong)
