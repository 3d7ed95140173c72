"""Find faces, tell them apart and measure how they move: `evals.faces.analysis` is the way in.

| module | does |
|---|---|
| `models` | find, verify and load the model files that installed packages carry |
| `detect`, `mesh`, `iris` | boxes, 468 landmarks, eyelids |
| `warp`, `align`, `embed`, `centre`, `identity` | a face as 128 numbers, and whether two are one person |
| `pose`, `track`, `stiffness`, `blinks`, `emotion` | how a face is turned, moves and feels |
| `face`, `analysis`, `appearances` | all of it for one picture or clip, remembered by content |
| `wanted`, `assign`, `group` | which faces a case asks for, and which of those found are whose |
| `still`, `moving`, `verdict`, `evidence` | what `evals.expression` says of stills and of clips, and how pages are shown why |
"""
