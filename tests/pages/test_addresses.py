"""What stands in the address: all that makes a view what it is, page by page, and links from one page to the next."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import page_story
import pytest

from pages.ui import cached
from prompts import channels
from runs.compare import find_arms
from runs.ratings import begin
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
Open = Callable[..., "AppTest"]
ARMS = {"a": f"{page_story.SHOTS}:a", "b": f"{page_story.SHOTS}:b"}


def links(at: AppTest) -> dict[str, str]:
    """Return where the page's links lead, by what they say."""
    found: list[Any] = list(at.get("page_link"))
    return {one.proto.label: f"{one.proto.page}?{one.proto.query_string}" for one in found}


def test_two_pages_with_the_same_word_in_the_address_keep_their_own(app: Open) -> None:
    """In one session: the list of runs is searched, then all texts, then the list again."""
    at = app(q="shots1")
    assert len(at.dataframe[0].value) == 1
    at.switch_page("search.py")
    at.query_params.update(q="bold", kind="reasons")
    at.run()
    assert at.text_input[0].value == "bold"
    assert "1 to 25, newest first" in [text.value for text in at.text]
    at.switch_page("home.py")
    at.query_params.clear()
    at.run()
    assert len(at.dataframe[0].value) == 3


def test_what_is_typed_and_chosen_can_be_opened_again(app: Open) -> None:
    """The address of a list that was filtered by hand, opened anew, shows the same list."""
    at = app()
    at.text_input[0].set_value("1").run()
    at.multiselect[0].set_value(["shot/portrait"]).run()
    at.toggle[0].set_value(True).run()
    assert dict(at.query_params) == {"q": "1", "template": "shot/portrait", "real": "true"}
    assert not at.dataframe
    again = app(**dict(at.query_params))
    assert (again.text_input[0].value, again.multiselect[0].value, again.toggle[0].value) == ("1", ["shot/portrait"], True)


def test_an_address_that_means_no_number_is_not_believed() -> None:
    """The usual one stands instead, in the widget and in the address."""
    from streamlit.testing.v1 import AppTest

    def page() -> None:
        import streamlit as st

        from pages.ui import address

        address.number(st, "Repeats", "repeats", 1, 1000, 2)
        address.number(st, "Budget", "budget", 0.0, None, None, placeholder="none")
        address.page("page", 3)

    at = AppTest.from_function(page)
    for nonsense in ("", "-1", "0", "1e400", "nan", "x" * 5000, "2; drop table run", "²"):
        at.query_params.update(repeats=nonsense, budget=nonsense, page=nonsense)
        at.run()
        assert not at.exception, nonsense
        assert [box.value for box in at.number_input] == [2, 0.0 if nonsense == "0" else None], nonsense
        assert at.query_params["repeats"] in ("2", ["2"])
        assert at.session_state["_page"] == 1


def test_compare_leads_to_the_same_pairs_without_names(app: Open, workspace: Workspace, tmp_path: Path) -> None:
    """To a form with both arms filled in, or, where somebody made one already, to the queue."""
    own = Workspace(Path(shutil.copytree(workspace.root, tmp_path / "drama")))
    there = links(app("compare.py", of=own, **ARMS))["Blind review of these →"]
    assert there.startswith("review?a=")
    at = app("review.py", of=own, **ARMS, person="ann")
    assert [box.value for box in at.selectbox] == list(ARMS.values())
    a, b = ARMS.values()
    name = begin(own, *find_arms(own, b, a), actor="chief", seed=5)
    time.sleep(cached.FRESH_S)
    assert cached.queue(own, a, b) == name
    assert links(app("compare.py", of=own, **ARMS))["Blind review of these →"] == f"review?queue={name}"


def test_compare_leads_to_what_promotes_b(app: Open, workspace: Workspace) -> None:
    """Promote opens with B as the challenger, and says what to type, since no gate has judged it."""
    run = app().dataframe[0].value["Run"].iloc[0]
    a, b = find_arms(workspace, f"{run}:a", f"{run}:b")
    there = links(app("compare.py", a=a.address, b=b.address))["Promote B →"]
    assert there.startswith("promote?template=script%2Fepisode&v=v1%3A")
    at = app("promote.py", template=b.template, v=b.version, base=a.version)
    assert f"No gate has judged {b.ref}" in "\n".join(text.value for text in at.text)
    assert at.code[0].value == f"workbench gate --base {a.ref} --candidate {b.ref}"
    assert at.selectbox(key=f"move-version/{b.template}").value == b.version
    assert not channels.load(workspace.prompts)[1], "looking moves nothing"


def test_words_of_a_name_find_an_arm(app: Open) -> None:
    """The list offers the newest arms only; of what was written, one arm is opened, several are offered, none is said."""
    at = app("compare.py", a=ARMS["a"], b=f"{page_story.SHOTS} RICH")
    assert at.query_params["b"] in (ARMS["b"], [ARMS["b"]])
    at = app("compare.py", b="portrait rich")
    assert at.selectbox[1].value is None
    assert any("arms have 'portrait rich' in their names: choose one." in text.value for text in at.text)
    assert all("portrait@rich" in option for option in at.selectbox[1].options)
    assert "'no such words'" in app("compare.py", a=ARMS["a"], b="no such words").error[0].value.replace("\\", "")


def test_an_arm_is_compared_with_those_of_its_stage(app: Open) -> None:
    """No list offers what cannot be compared, and none offers an arm against itself."""
    at = app("compare.py", **ARMS)
    stage, others = at.selectbox[0].options[0].split(" · ")[2], at.selectbox[1].options
    assert {option.split(" · ")[2] for option in others} == {stage}
    assert at.selectbox[0].options[at.selectbox[0].index] not in others
