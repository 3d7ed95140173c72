"""What a clip looks like from frame to frame, as a few numbers a frame: what the scorers of pictures as such share.

    footage = look(media)   ->  Footage(seconds=5.0, fps=25.0, frames=(Seen(time=0.0, …), Seen(time=0.04, …), …))

| module | does |
|---|---|
| `motion` | how one frame came out of the one before: shift of the camera, gain of the light, flow of 16-pixel blocks |
| `signals` | reads a clip once and keeps these numbers of each frame, remembered by content |
| `runs` | from when to when something goes on |
| `text` | where text stands in a picture |
| `scorer` | what all scorers of pictures as such have in common |
"""
