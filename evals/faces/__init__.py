"""Find faces, tell them apart and measure how they move: `evals.faces.analysis` is the way in.

| module | does |
|---|---|
| `media` | read pictures and clips within bounds |
| `models` | find, verify and load the model files that installed packages carry |
| `detect`, `mesh`, `iris` | boxes, 468 landmarks, eyelids |
| `align`, `embed`, `centre` | a face as 128 numbers that can be compared |
| `pose`, `track` | head pose; one person's face through a clip |
| `analysis` | all of it for one picture or clip, remembered by content |
"""
