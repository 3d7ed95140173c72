"""Careless edits, at least one for each check: what a writer or a model gets wrong, put into a clean world.

Each mutator changes a copy in place and returns the id where the fault is now, or None where the world gives no opportunity.
Those of tier X draw from sentences written for this folder, not from the checks' own word lists, so that recall means something.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from copy import deepcopy

from mutators import continuity, people, prompts, shots, timing
from mutators.common import Json, Mutator

MUTATORS: Mapping[str, tuple[Mutator, ...]] = {
    "C01": (people.speaker_misspelled, people.stranger_acts),
    "C02": (people.absent_speaks, people.absent_acts),
    "C03": (people.dead_speaks,),
    "C04": (people.enters_twice, people.leaves_unseen),
    "C05": (people.two_places,),
    "C06": (people.same_name, people.near_name),
    "C07": (continuity.forgotten,),
    "C08": (continuity.double_id, continuity.dangling_prop, continuity.half_change, continuity.dangling_place),
    "C09": (continuity.wrong_daypart, continuity.wrong_size),
    "C10": (continuity.wrong_posture,),
    "C11": (continuity.foreign_hand, continuity.used_from_afar),
    "C12": (continuity.healed, continuity.wrong_look),
    "C13": (continuity.knows_too_early,),
    "C14": (continuity.revealed_twice, continuity.denied),
    "C15": (continuity.shifted,),
    "C16": (continuity.backwards,),
    "S01": (shots.uncovered, shots.claimed_twice, shots.out_of_order),
    "S02": (shots.shows_the_absent, shots.hides_the_speaker),
    "S03": (prompts.drops_a_descriptor,),
    "S04": (prompts.conflict,),
    "S05": (prompts.into_frame(prompts.POINTERS),),
    "S06": (prompts.into_frame(prompts.NEGATIONS),),
    "S07": (shots.other_size, prompts.into_frame(prompts.MOVED, "motion_prompt", "static")),
    "S08": (prompts.into_frame(prompts.FORMATS),),
    "S09": (shots.swapped_sides,),
    "S10": (shots.same_eyes,),
    "S11": (shots.jump_cut,),
    "S12": (prompts.into_frame(prompts.COUNTS),),
    "S13": (prompts.too_wordy, prompts.too_much_to_do),
    "S14": (prompts.into_frame(prompts.FAMOUS),),
    "S15": (timing.leaked, timing.foreign),
    "T01": (timing.stretched,),
    "T02": (timing.rambling, timing.cramped),
    "T03": (timing.slow_start,),
    "T04": (timing.flat,),
    "T05": (timing.unreadable,),
    "T06": (timing.said_again,),
}


def mutants(rng: random.Random, inputs: Json, board: Json) -> Iterator[tuple[str, str, Json, Json, str]]:
    """Yield (check, mutator, inputs, board, place) of one mutant for each mutator that finds an opportunity in a world."""
    for check, found in MUTATORS.items():
        for mutate in found:
            new_inputs, new_board = deepcopy(inputs), deepcopy(board)
            place = mutate(rng, new_inputs, new_board)
            if place is not None:
                yield check, mutate.__name__, new_inputs, new_board, place
