"""Print how well reuse of texts and pictures is found, at the thresholds of `evals.originality`, and what it costs.

    python tests/bench/originality.py

Texts: eight tales of the public domain, each told twice by other hands and rewritten once to hide its source; light edits are
made by machine (a tenth or a fifth of all words left out, replaced or added). A finding is right when it names the source.
Then the starter series, each against all others, as texts that are certainly own. Then other sizes of gram, and MinHash with
LSH (datasketch) as the usual way to candidates. Pictures: stills that the embedded studio makes of the starter shots and the
shared stills, each changed and looked up among all of them unchanged.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import reuse  # noqa: E402 (found through the line above)

from evals.case import load_cases  # noqa: E402
from evals.originality.catalogue import Catalogue, Entry, picture_entry, text_entries  # noqa: E402
from evals.originality.find import LONG_SIGNS, LONG_WORDS, SHARE, picture_reuse, text_reuse  # noqa: E402
from evals.originality.passages import covered, passages  # noqa: E402
from evals.originality.pictures import CLOSE, LIKE, look, nearest  # noqa: E402
from evals.originality.reading import prose  # noqa: E402
from evals.originality.units import units_of  # noqa: E402
from prompts.registry import Registry  # noqa: E402
from prompts.render import render  # noqa: E402
from runs.studio.pictures import still  # noqa: E402

TALES = reuse.tales()
SEEDS = 5
STARTER = ROOT / "evals" / "starter" / "cases"
Text = tuple[str, str]
"""The tale that it repeats (empty: none), and the text."""


def texts(language: str) -> dict[str, list[Text]]:
    """Return the texts to look up, by kind."""
    of = [t for t in TALES if t.language == language]

    def light(rate: float) -> list[Text]:
        words = {t.tale: reuse.foreign_words(t, TALES) for t in of}
        return [(t.tale, reuse.edited(t.text, language, rate, seed, words[t.tale])) for t in of for seed in range(SEEDS)]

    inside = [(t.tale, o.own + t.text[len(t.text) // 3 : 2 * len(t.text) // 3]) for t in of for o in of if o is not t]
    return {
        "verbatim": [(t.tale, t.text) for t in of],
        "a third of it, verbatim, in an own text": inside,
        "light edit, 10% of words": light(0.1),
        "light edit, 20% of words": light(0.2),
        "heavy edit, by hand": [(t.tale, t.heavy) for t in of],
        "own telling of the same tale": [("", t.own) for t in of],
    }


def print_texts(catalogue: Catalogue) -> None:
    """Print recall of each kind of copy, and precision over all findings in a language."""
    print(f"texts: a passage of {LONG_WORDS} words or {LONG_SIGNS} signs, or {SHARE:.0%} of the text in passages")
    print(f"{'kind':44}{'en':>12}{'zh':>12}")
    right, every = dict.fromkeys(("en", "zh"), 0), dict.fromkeys(("en", "zh"), 0)
    kinds = {language: texts(language) for language in ("en", "zh")}
    for kind in kinds["en"]:
        cells = []
        for language in ("en", "zh"):
            hits = 0
            for source, text in kinds[language][kind]:
                found = [r.entry.name for r in text_reuse(text, catalogue)]
                every[language] += len(found)
                right[language] += found.count(source) if source else 0
                hits += (source in found) if source else bool(found)
            cells.append(f"{hits}/{len(kinds[language][kind])}")
        print(f"{kind:44}{cells[0]:>12}{cells[1]:>12}")
    print(f"{'precision of all these findings':44}" + "".join(f"{right[x]}/{every[x]}".rjust(12) for x in ("en", "zh")))


def print_starter() -> None:
    """Print how many of the starter series are said to repeat another one."""
    files = {p.stem: yaml.safe_load(p.read_text("utf-8")) for p in sorted(STARTER.glob("*.yaml"))}
    entries = {name: text_entries(name, prose(json.dumps(f, ensure_ascii=False)), series=name) for name, f in files.items()}
    catalogue = Catalogue(e for of in entries.values() for e in of)
    flagged = [(n, r.entry.name) for n, of in entries.items() for e in of for r in text_reuse(e.text, catalogue, skip=_of(n))]
    print(f"starter series that repeat another, of {len(files)}: {len(flagged)} {flagged or ''}")


def _of(name: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.series == name


def print_grams() -> None:
    """Print the share of heavy edits and own tellings that lies in passages, by size of gram."""
    print("\nshare in passages, median (lowest-highest), by units a gram")
    for size in (2, 3, 4, 5):
        cells = []
        for language in ("en", "zh"):
            for kind in ("heavy", "own"):
                shares = []
                for t in (t for t in TALES if t.language == language):
                    mine, other = units_of(getattr(t, kind), size), units_of(t.text, size)
                    shares.append(covered(passages(mine, other)) / len(mine))
                cells.append(f"{language} {kind} {np.median(shares):.2f} ({min(shares):.2f}-{max(shares):.2f})")
        print(f"  {size}: " + "   ".join(cells))


def print_minhash() -> None:
    """Print how often the source of a short stolen passage is a candidate, beside a catalogue of studio size, and the time."""
    from datasketch import MinHash, MinHashLSH

    rng = np.random.default_rng(1)
    words = sorted({w for t in TALES if t.language == "en" for w in units_of(t.text).words})
    filler = [" ".join(rng.choice(words, 500).tolist()) for _ in range(2000)]
    began = time.perf_counter()
    catalogue = Catalogue(e for n, text in enumerate(filler) for e in text_entries(f"{n}", text))
    catalogue.texts_like(units_of(filler[0]))
    made = time.perf_counter() - began
    began = time.perf_counter()
    lsh = MinHashLSH(num_perm=128, params=(64, 2))
    for n, text in enumerate(filler):
        lsh.insert(f"{n}", _signature(MinHash, text))
    made_lsh = time.perf_counter() - began
    stolen = [(n, " ".join(rng.choice(words, 200).tolist()) + " " + " ".join(filler[n].split()[200:230])) for n in range(100)]
    began = time.perf_counter()
    exact = sum(f"{n}" in [e.name for e in catalogue.texts_like(units_of(text))[:20]] for n, text in stolen)
    took = (time.perf_counter() - began) / len(stolen)
    began = time.perf_counter()
    found = [(str(n), lsh.query(_signature(MinHash, text))) for n, text in stolen]
    took_lsh = (time.perf_counter() - began) / len(stolen)
    print("\n30 stolen words in a text of 230, among 2,000 texts of 500 words (vocabulary of the tales): source among the candidates")
    print(f"  exact index, first 20: {exact}/100, {took * 1e3:.1f} ms a text, {made:.1f} s to make")
    hits, many = sum(n in names for n, names in found), np.mean([len(names) for _, names in found])
    print(
        f"  MinHash LSH (128, 64 bands): {hits}/100 among {many:.0f} candidates, {took_lsh * 1e3:.1f} ms a text, {made_lsh:.1f} s to make"
    )


def _signature(kind: type, text: str) -> object:
    signature = kind(num_perm=128)
    signature.update_batch([g.tobytes() for g in units_of(text).grams()])
    return signature


def pool() -> list[tuple[str, Image.Image]]:
    """Return the studio's stills of the starter shots and the shared stills."""
    cases = [c for c in load_cases(STARTER) if c.stage == "shot"]
    version = Registry(ROOT / "prompts" / "starter").resolve("shot/keyframe")
    found = [(c.id, still(render(version, c.inputs).text, seed=n)[0]) for n, c in enumerate(cases)]
    shared = ROOT.parent / "shared" / "data" / "faces" / "stills"
    found += [(p.name, p.read_bytes()) for p in sorted(shared.glob("*"))]
    return [(name, Image.open(io.BytesIO(data)).convert("RGB")) for name, data in found]


def print_pictures(pictures: Sequence[tuple[str, Image.Image]]) -> None:
    """Print the share of each change that is found, and of pairs that are falsely called one picture."""
    began = time.perf_counter()
    catalogue = Catalogue(picture_entry(name, image, name) for name, image in pictures)
    each = (time.perf_counter() - began) / len(pictures)
    looks = [look(image, mirror=True) for _, image in pictures]
    pairs = [(a, b) for a in range(len(pictures)) for b in range(len(pictures)) if a != b]
    seen = [nearest(looks[a], catalogue.entries[b_id].look) for a, b in pairs for b_id in [list(catalogue.entries)[b]]]  # type: ignore[arg-type]
    false = sum(n is not None and n.same for n in seen)
    hash_only = sum(n is not None and n.distance <= CLOSE for n in seen)
    highest = max(n.likeness for n in seen if n is not None)
    print(f"\npictures: {len(pictures)}; hashes up to {CLOSE:.2f} apart, likeness from {LIKE:.2f}; {each * 1e3:.0f} ms to add one")
    print(f"  false alarms: {false} of {len(pairs)} pairs (by the hash alone {hash_only}); highest likeness of two pictures {highest:.2f}")
    for title, changes in (("promised", reuse.CHANGES), ("not promised", reuse.HARD)):
        print(f"  {title}:")
        for name, change in changes.items():
            found = [[r.entry.name for r in picture_reuse(look(change(image), mirror=True), catalogue)] for _, image in pictures]
            hits = sum(own in names for (own, _), names in zip(pictures, found, strict=True))
            wrong = sum(len([n for n in names if n != own]) for (own, _), names in zip(pictures, found, strict=True))
            print(f"    {name:28}{hits:4}/{len(pictures)} found, {wrong} others")


if __name__ == "__main__":
    print_texts(Catalogue(e for t in TALES for e in text_entries(t.tale, t.text, series=t.tale)))
    print_starter()
    print_grams()
    print_minhash()
    print_pictures(pool())
