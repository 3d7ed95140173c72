"""Kill `workbench chain` over all stages against the vendors' contract stubs, go on with it, and count at their servers.

The command is the real one in a process of its own, the adapters are the real ones, the sockets too. A kill comes some random
number of requests after the process began to ask, so it meets work however busy the machine is. Where nothing goes on without a
person's word, it is given: songs are settled from the vendor's own list (`vendor_lists`), calls are asked again by `--resend`, and
those processes are killed too. Used by a test and a bench.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import warm
from kling_server import STATIC, Kling
from music_stub import SunoApi
from openai_stub import OpenAi
from vendor_lists import KIND_OF, in_doubt, settle_songs
from vendor_server import Vendor, serve

from runs.journal import files, read
from runs.plan import request_key
from runs.starting import initialise
from runs.workspace import Workspace

STAGES = ("outline", "script", "character", "shot", "clip", "music")
KINDS = ("texts", "pictures", "clips", "songs")
AT_ONCE = 4
WAYS = {
    "default": ("", ""),
    "background": ('capabilities = { api = "responses", background = true }', ""),
    "stored": ("capabilities = { stored = true }", ""),
    "keys": ("capabilities = { idempotent = true }", "capabilities = { idempotent = true }"),
}
"""How texts and pictures are asked for: what the tables of `openai` and `openai-images` say; with `keys` the server honours them."""
CHAIN = """name: pilot
seed: {seed}
episodes: [appeal-below/e03]
shots: 2
stages:
  outline: {{version: outline/episode, provider: openai, parameters: {{max_tokens: 4000}}, scorers: []}}
  script: {{version: script/episode, provider: openai, parameters: {{max_tokens: 8000}}, scorers: []}}
  character: {{version: character/sheet, provider: openai-images, scorers: []}}
  shot: {{version: shot/keyframe, provider: openai-images, scorers: []}}
  clip: {{version: clip/motion, provider: kling, scorers: []}}
  music: {{version: music/cue, provider: suno, parameters: {{style: score, title: Pilot, instrumental: true}}, scorers: []}}
"""
SETTINGS = """
[providers.openai]
base_url = "{openai}"
api_key_env = "OPENAI_API_KEY"
model = "m-1"
concurrency = {at_once}
options = {{ poll_s = 0.03, look_s = 0.3 }}
{texts}
[providers.openai-images]
base_url = "{openai}"
concurrency = {at_once}
{pictures}
[providers.openai-images.parameters]
output_format = "png"
[providers.kling]
base_url = "{kling}"
options = {{ poll_s = 0.03 }}
[providers.suno]
base_url = "{suno}"
options = {{ poll_s = 0.03 }}
[[prices]]
model = "m-1"
kind = "tokens"
input = 1
output = 2
[[prices]]
provider = "openai-images"
model = "*"
kind = "image"
image = 0.04
[[prices]]
provider = "suno"
model = "*"
kind = "call"
call = 0.1
"""
KEYS = {"KLING_API_KEY": STATIC, "SUNO_API_KEY": "planted-suno-key-0123456789", "OPENAI_API_KEY": "planted-openai-key-0123456789"}


@dataclass
class Tally:
    """What was seen: kills that met a living process; by kind jobs, submissions, and what the log holds of them.

    `words` counts how often a person had a call asked again, `settled` songs found in the vendor's list or not. `by_itself` are
    submissions beyond one for each job and one for each such word. `made_twice` are jobs with two good outcomes.
    """

    kills: int = 0
    chains: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    jobs: Counter[str] = field(default_factory=Counter)
    statuses: dict[str, Counter[str]] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    by_itself: Counter[str] = field(default_factory=Counter)
    made_twice: int = 0


@dataclass
class Vendors:
    """The servers, and how often each kind was paid for."""

    openai: OpenAi
    kling: Kling
    suno: SunoApi

    def all_seen(self) -> int:
        return sum(len(vendor.seen) for vendor in (self.openai, self.kling, self.suno))

    def asked(self) -> Counter[str]:
        """Return what was taken and billed so far: texts together, pictures together, clips, songs."""
        orders = Counter(order.kind for order in self.openai.orders)
        return Counter({**orders, "clips": len(self.kling.tasks), "songs": len(self.suno.tasks)})

    def by_key(self) -> Counter[str]:
        """Return how often each job was paid for, by the key that it was asked under; Suno knows none."""
        return Counter(order.key for order in self.openai.orders) + Counter(task.external for task in self.kling.tasks.values())


@contextmanager
def vendors(way: str = "default") -> Iterator[Vendors]:
    openai, kling, suno = OpenAi(honours_keys=way == "keys"), Kling(), SunoApi()
    with serve(openai), serve(kling), serve(suno):
        yield Vendors(openai, kling, suno)


def killed(folder: Path, made: Vendors, kills: int, *, each: int, seed: int = 1, way: str = "default") -> Tally:
    """Run fresh chains, kill each up to `each` times and finish it, until `kills` kills are made."""
    ws = initialise(folder)
    urls = {name: vendor.base_url for name, vendor in vars(made).items() if isinstance(vendor, Vendor)}
    texts, pictures = WAYS[way]
    ws.config.write_text(SETTINGS.format(at_once=AT_ONCE, texts=texts, pictures=pictures, **urls), "utf-8")
    rng, tally = random.Random(seed), Tally()
    while tally.kills < kills:
        tally.chains += 1
        # Another seed is another chain: other jobs, nothing to take over.
        (ws.evals / "chains" / "pilot.yaml").write_text(CHAIN.format(seed=tally.chains), "utf-8")
        left, word = min(each, kills - tally.kills), False
        while left:
            if _kill(ws, made, rng, word=word):
                tally.kills, left, word = tally.kills + 1, left - 1, False
            elif word or not in_doubt(ws):
                break
            else:  # it has come as far as it can without a person
                tally.settled.update(settle_songs(ws, made.suno))
                word = True
        _finish(ws)
        while in_doubt(ws):
            tally.settled.update(settle_songs(ws, made.suno))
            ended = _finish(ws, word=True)
            assert "unknown" in ended.said or ended.code == 0, ended
        ended = _finish(ws)
        assert ended.code == 0, ended
    _count(ws, made, tally)
    return tally


@dataclass(frozen=True)
class Ended:
    """How a process ended; 1 where a stage gave nothing, as it does while its only job is in doubt."""

    code: int
    said: str


def _finish(ws: Workspace, *, word: bool = False) -> Ended:
    last = _child(ws, word=word)
    out, err = last.communicate(timeout=300)
    return Ended(last.wait(), out + err)


def _child(ws: Workspace, *, word: bool) -> warm.Process:
    words = ["-q", "-w", str(ws.root), "chain", "pilot", "--no-score", *(["--resend"] if word else [])]
    return warm.popen(*words, env={**os.environ, **KEYS})


def _kill(ws: Workspace, made: Vendors, rng: random.Random, *, word: bool) -> bool:
    """Kill a process some requests after its first one; tell whether it was alive."""
    until = made.all_seen() + rng.randint(1, 9)
    child = _child(ws, word=word)
    while child.poll() is None and made.all_seen() < until:
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.04))
    alive = child.poll() is None
    child.kill()
    child.communicate()
    return alive


def _count(ws: Workspace, made: Vendors, tally: Tally) -> None:
    """Count by jobs: a stage that gained some begins a new run, which takes over what the one before it has, and makes what is in doubt."""
    tally.asked, paid = made.asked(), made.by_key()
    events = [record.event for path in files(ws) for record in read(path, 0).records]
    kind_of = {job["job_id"]: KIND_OF[e["stage"]] for e in events if e["type"] == "run" for job in e["jobs"]}
    outcomes = sorted((e for e in events if e["type"] == "generation" and not e["carried_from"]), key=lambda e: e["at"])
    last = {e["job_id"]: e["status"] for e in outcomes}
    runs = {job: {e["run_id"] for e in outcomes if e["job_id"] == job} for job in last}
    words = Counter(e["job_id"] for e in events if e["type"] == "settled" and e["resend"])
    for job, status in last.items():
        kind = kind_of[job]
        again = words[job] + len(runs[job]) - 1
        times = sum(paid[request_key(run_id, job, 0)] for run_id in runs[job])
        assert times or kind == "songs", "the servers know each job by its key"
        tally.jobs[kind] += 1
        tally.statuses.setdefault(kind, Counter())[status] += 1
        tally.words[kind] += again
        tally.by_itself[kind] += max(0, times - 1 - again)
    good = Counter(e["job_id"] for e in outcomes if e["status"] == "ok")
    tally.made_twice = sum(count > 1 for count in good.values())
