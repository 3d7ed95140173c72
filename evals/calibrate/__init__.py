"""How well do the scorers agree with labels? Measured on folders of labelled material, printed by `workbench calibrate`.

| module | does |
|---|---|
| `folder` | reads the labels of a folder |
| `rates` | areas under the curve, error rates and rank correlations, each with a bootstrap interval over people |
| `labels` | reads the labels of emotions, faults and scripts |
| `people`, `clips`, `series` | run the pipeline over labelled pictures, clips and series of shots |
| `emotions`, `faults`, `scripts` | run the scorers over labelled emotions, faults of clips, and findings in scripts |
| `report` | the tables |
"""
