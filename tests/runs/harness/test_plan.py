"""Plans: which jobs, in which order, under which ids."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import InputError
from runs import plan as planning
from runs.events import CasePlan, JobPlan, Run, VersionPlan, parse
from runs.joblist import by_id, collected
from runs.lines import decode, encode
from runs.plan import Plan, make, request_key


def version(name: str = "plain", stage: str = "shot", **front: Any) -> VersionPlan:
    source = f"a prompt of {name}"
    return {
        "version": f"v1:{planning.digest(name)}", "template": "shot/keyframe", "ref": f"shot/keyframe@{name}",
        "front_matter": {"stage": stage, **front}, "closure": {"shot/keyframe.j2": source},
    }  # fmt: skip


def case(series: int, n: int) -> CasePlan:
    name = f"s{series}-c{n}"
    return {
        "case_id": name, "series": f"s{series}", "split": "explore", "hash": planning.digest(name),
        "inputs": {"text": "狐"}, "references": {},
    }  # fmt: skip


def small(**changes: Any) -> Plan:
    cases = [case(s, n) for s in range(5) for n in range(3)]
    given: dict[str, Any] = {
        "stage": "shot", "suite": {"name": "shot", "hash": "h"}, "versions": [version("plain"), version("sheet")], "cases": cases,
        "provider": {"name": "offline-studio", "simulated": True, "base_url": ""}, "models": ["studio"], "repeats": 2, "seed": 7,
    }  # fmt: skip
    return make(**{**given, **changes})


def test_there_is_one_job_for_each_version_case_model_and_repeat() -> None:
    plan = small(models=["m1", "m2"], repeats=3)
    assert len(plan.jobs) == 2 * 15 * 2 * 3 == len(plan.by_id)
    cells = Counter((j["arm"], j["case_id"], j["repeat"]) for j in plan.jobs)
    assert set(cells.values()) == {1}
    assert [a["arm"] for a in plan.event.arms] == ["a", "b", "c", "d"]


def test_job_ids_are_the_same_in_another_process() -> None:
    code = "import json, test_plan; print(json.dumps(list(test_plan.small().by_id)))"
    path = os.pathsep.join([str(Path(__file__).parent), *[p for p in sys.path if p]])
    env = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "12345"}
    other = subprocess.run([sys.executable, "-P", "-c", code], env=env, capture_output=True, text=True, check=True)
    assert json.loads(other.stdout) == list(small().by_id)


@pytest.mark.parametrize(
    "change",
    [
        {"versions": [version("other")]},
        {"provider": {"name": "openai", "simulated": False, "base_url": ""}},
        {"provider": {"name": "offline-studio", "simulated": True, "base_url": "http://localhost:1"}},
        {"models": ["another"]},
        {"parameters": {"temperature": 0.2}},
        {"seed": 8},
    ],
)
def test_whatever_decides_the_output_changes_every_job_id(change: dict[str, Any]) -> None:
    assert not set(small(versions=[version("plain")]).by_id) & set(small(**{"versions": [version("plain")], **change}).by_id)


def test_what_does_not_decide_the_output_changes_no_job_id() -> None:
    changed = small(run_id="another", suite={"name": "other", "hash": "x"}, budget_usd=3.0, environment={"python": "3.13"})
    assert set(changed.by_id) == set(small().by_id)


def test_adding_cases_or_repeats_keeps_the_ids_of_the_old_jobs() -> None:
    more = small(cases=[case(s, n) for s in range(6) for n in range(4)], repeats=3)
    assert set(small().by_id) < set(more.by_id)


def test_both_arms_see_the_same_seed_and_repeats_see_others() -> None:
    seeds: dict[tuple[str, int], set[int | None]] = {}
    for job in small().jobs:
        seeds.setdefault((job["case_id"], job["repeat"]), set()).add(job["seed"])
    assert all(len(s) == 1 for s in seeds.values())
    assert len({s for group in seeds.values() for s in group}) == len(seeds)
    assert all(s is not None and 0 <= s < 2**31 for group in seeds.values() for s in group)


def test_a_version_named_twice_is_an_a_a_test_with_seeds_of_its_own() -> None:
    plan = small(versions=[version("plain"), version("plain")])
    assert [(a["ref"], a["replica"]) for a in plan.event.arms] == [("shot/keyframe@plain", 0), ("shot/keyframe@plain#2", 1)]
    assert len(plan.event.versions) == 1
    seeds = {(j["case_id"], j["repeat"], j["arm"]): j["seed"] for j in plan.jobs}
    assert all(seeds[c, r, "a"] != seeds[c, r, "b"] for c, r, _ in seeds)


def test_the_same_template_under_two_names_is_an_a_a_test_too() -> None:
    copy: VersionPlan = {**version("plain"), "ref": "shot/keyframe@copy"}
    plan = small(versions=[version("plain"), copy])
    assert [(a["ref"], a["replica"]) for a in plan.event.arms] == [("shot/keyframe@plain", 0), ("shot/keyframe@copy#2", 1)]


def test_the_arms_of_a_case_stand_next_to_each_other_in_changing_order() -> None:
    jobs = small().jobs
    firsts = Counter()
    for i in range(0, len(jobs), 2):
        pair = jobs[i : i + 2]
        assert len({(j["case_id"], j["repeat"]) for j in pair}) == 1
        assert {j["arm"] for j in pair} == {"a", "b"}
        firsts[pair[0]["arm"]] += 1
    assert min(firsts["a"], firsts["b"]) >= 5  # of 30


def test_the_order_is_drawn_from_the_seed() -> None:
    def order(seed: int) -> list[str]:
        return [j["case_id"] for j in small(seed=seed).jobs]

    assert order(7) == order(7) != order(8)
    assert order(7) != sorted(order(7))


def test_cases_of_a_series_come_together_so_that_it_can_be_scored_early() -> None:
    jobs, plan = small().jobs, small()
    series = [plan.cases[j["case_id"]]["series"] for j in jobs if j["repeat"] == 0]
    assert sum(a != b for a, b in itertools.pairwise(series)) == 4


def test_groups_hold_one_arm_repeat_and_series_in_the_order_of_the_cases() -> None:
    plan = small()
    assert len(plan.groups) == 2 * 2 * 5
    for (arm, repeat, series), jobs in plan.groups.items():
        assert [(j["arm"], j["repeat"], j["case_id"]) for j in jobs] == [(arm, repeat, f"{series}-c{n}") for n in range(3)]


def test_a_plan_survives_the_journal() -> None:
    plan = small(parameters={"temperature": 0.5})
    line = encode(plan.event)
    event = parse(decode(line[:-1]))
    assert isinstance(event, Run)
    back = Plan(event)
    assert decode(encode(event)[:-1]) == decode(line[:-1])
    assert (back.jobs, list(back.by_id)) == (list(plan.jobs), list(plan.by_id))
    assert plan.jobs == back.jobs != back.jobs[1:]


def test_jobs_are_kept_by_columns_and_found_by_their_ids() -> None:
    """A fifth of the memory that mappings take; jobs that do not fit in stay as they are."""
    jobs: list[JobPlan] = [
        {"job_id": sha256(f"{n}".encode()).hexdigest(), "arm": "ab"[n % 2], "case_id": f"c{n // 2 % 25}", "repeat": n // 50, "seed": n}
        for n in range(20_000)
    ]
    tracemalloc.start()
    kept = collected(iter(jobs))
    took = tracemalloc.get_traced_memory()[0]
    found = by_id(kept)
    assert [found[job["job_id"]] for job in jobs[::999]] == jobs[::999]
    assert tracemalloc.get_traced_memory()[0] < took + 8 * len(jobs), "and so does finding them"
    tracemalloc.stop()
    assert took < 70 * len(jobs)
    assert (list(kept), kept[-1], kept[3:5]) == (jobs, jobs[-1], jobs[3:5])
    assert (list(found), len(found)) == ([job["job_id"] for job in jobs], len(jobs))
    assert [name in found for name in ("0" * 64, "é" * 64, 7, jobs[5]["job_id"])] == [False, False, False, True]
    for odd in ({"job_id": "mine"}, {"seed": None}, {"seed": 2**63}, {"repeat": -1}, {"arm": 7}, {"note": "x"}):
        mixed: Any = [*jobs[:2], {**jobs[2], **odd}, jobs[3]]
        assert collected(mixed) == tuple(mixed)
        assert list(by_id(collected(mixed))) == [job["job_id"] for job in mixed]


def test_run_parameters_go_over_the_template_s_own() -> None:
    plan = small(versions=[version("plain", model={"temperature": 1.0, "top_p": 0.9})], parameters={"temperature": 0.0})
    assert plan.parameters_of(plan.jobs[0]) == {"temperature": 0.0, "top_p": 0.9}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"versions": [version("plain", stage="script")]}, "is a template of stage script, and the suite is of stage shot"),
        ({"versions": []}, "nothing to run"),
        ({"cases": []}, "nothing to run"),
        ({"models": ["m", "m"]}, "named twice"),
        ({"models": ["m", ""]}, "has no name"),
        ({"repeats": 0}, "0 repeats"),
        ({"cases": [case(0, 0), {**case(0, 0), "case_id": "copy"}]}, "s0-c0 and copy are the same"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        small(**change)


@given(seed=st.integers(0, 2**31), repeat=st.integers(0, 1000), replica=st.integers(0, 9))
def test_seeds_fit_every_provider(seed: int, repeat: int, replica: int) -> None:
    assert 0 <= planning.job_seed(seed, "hash", repeat, replica) < 2**31


def test_many_arms_have_names() -> None:
    names = [a["arm"] for a in small(models=[f"m{i}" for i in range(20)]).event.arms]
    assert (names[0], names[25], names[26], names[39], len(set(names))) == ("a", "z", "aa", "an", 40)


def test_a_job_has_one_key_in_each_run_however_often_that_is_resumed() -> None:
    """Two runs of the same jobs must not be answered by a provider's memory of the first."""
    first, again, other = request_key("run-1", "job"), request_key("run-1", "job"), request_key("run-2", "job")
    assert first == again
    assert len({first, other, "job"}) == 3
