"""How well do the scorers agree with labels? Measured on folders of labelled material, printed by `workbench calibrate`.

| module | does |
|---|---|
| `folder` | reads the labels of a folder |
| `rates` | areas under the curve, error rates and rank correlations, each with a bootstrap interval over people |
| `people`, `clips`, `series` | run the pipeline over labelled pictures, clips and series of shots |
| `report` | the tables |
"""
