"""From a script to what the stages after it need: who is in it, which shots it takes, and its music. The same script, the same board.

A script says who does what where; it says nothing of frames. The rule here is plain and fixed, so that a comparison of shot
templates is not one of storyboards: each beat is one shot, close where one person acts, wider where more do; what is said
in a beat is said in its shot. Where there are more beats than shots, the strongest are kept, in order.

Nothing of a model's script is trusted: ids that the series does not have are left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from evals.case import SeriesFile
from prompts.story import DAYPARTS, Beat, Cue, Episode, Line, Scene, Script, Shot, Visible
from prompts.text import speech_seconds

PEOPLE = 2
"""The most people of one shot: what video models keep apart."""
SIZES: Mapping[int, str] = {0: "wide", 1: "closeup", 2: "medium"}
FEELING: Mapping[str, str] = {
    "hook": "surprise", "setup": "neutral", "escalation": "anger", "turn": "surprise", "reveal": "fear", "payoff": "joy",
    "cliffhanger": "fear",
}  # fmt: skip
"""What the one who acts feels, by the function of the beat: scripts give strength, not kind."""
SHORTEST_S, LONGEST_S = 3, 10


def cast_of(script: Script, file: SeriesFile) -> list[str]:
    """Return the ids of the series' characters who act or speak in a script, in the order of their first beat."""
    known = {c.id for c in file.characters}
    beats = [beat for scene in script.scenes for beat in scene.beats]
    return list(dict.fromkeys(who for beat in beats for who in _actors(beat) if who in known))


def shots_of(script: Script, file: SeriesFile, most: int) -> list[Shot]:
    """Return at most so many shots of a script, in its order, each with the number of its beat (`s01`, `s04` …).

    So a shot is the same however many there are: one more costs one more.
    """
    beats = [(scene, beat) for scene in script.scenes for beat in scene.beats if scene.location in {x.id for x in file.locations}]
    strongest = sorted(range(len(beats)), key=lambda n: (-beats[n][1].emotion, n))[:most]
    return [_shot(f"s{n + 1:02}", *beats[n], file) for n in sorted(strongest)]


def cue_of(script: Script, episode: Episode, file: SeriesFile) -> Cue:
    """Return one piece of music under the whole episode, faster the fiercer its beats are."""
    strengths = [beat.emotion for scene in script.scenes for beat in scene.beats]
    mean = sum(strengths) / len(strengths)
    mood = ", ".join([*file.series.genre, "rising" if strengths[-1] >= strengths[0] else "falling", "tense" if mean >= 5 else "calm"])
    return Cue(id="m1", start=0, end=episode.target_seconds, mood=mood, bpm=round(70 + 6 * mean))


def _shot(name: str, scene: Scene, beat: Beat, file: SeriesFile) -> Shot:
    known = {c.id: c for c in file.characters}
    people = [who for who in _actors(beat) if who in known][:PEOPLE]
    lines = [line for line in beat.lines if line.speaker in people and line.kind == "dialogue"]
    spoken = sum(speech_seconds(line.text, file.series.language, known[line.speaker].speech_rate) for line in lines if line.speaker)
    return Shot(
        id=name,
        location=scene.location,
        daypart=scene.daypart if scene.daypart in DAYPARTS else "night",
        size=SIZES[len(people)],
        duration=float(min(LONGEST_S, max(SHORTEST_S, round(spoken + 2)))),
        action=beat.action,
        visible=[_visible(who, place, people, beat, lines) for place, who in enumerate(people)],
        props=[prop for prop in beat.props if prop in {p.id for p in file.props}],
        lines=lines,
    )


def _visible(who: str, place: int, people: list[str], beat: Beat, lines: list[Line]) -> Visible:
    alone = len(people) == 1
    return Visible(
        who=who,
        x=0.5 if alone else (0.3, 0.7)[place],
        facing="camera" if alone else ("right", "left")[place],
        # One mouth moves at a time.
        speaking=bool(lines) and lines[0].speaker == who,
        emotion=FEELING.get(beat.function, "neutral"),
        intensity=beat.emotion / 10,
    )


def _actors(beat: Beat) -> list[str]:
    return list(dict.fromkeys([*beat.actors, *(line.speaker for line in beat.lines if line.speaker)]))
