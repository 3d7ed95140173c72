"""Read pictures and clips that come from anywhere: within bounds, upright, as RGB, or with one clear error.

    frames, fps = read_clip(Path("ep1_s3.mp4"))      ->  uint8 of 125 x 1280 x 720 x 3, 25.0
    for frame in clip_frames(Path("ep1_s3.mp4")):    ->  Frame(time=0.04, pixels=<1280 x 720 x 3>, stretch=0), one at a time
    picture = read_picture(Path("ep1_s3.png"))       ->  Picture(image=<1152 x 2048>, width=4320, height=7680, scale=3.75)

A file is believed by its first bytes, never by its name, and only known kinds are handed to a decoder: FFmpeg would otherwise
follow playlists to other files and machines. Everything else of the project that looks at pictures reads them here.

| bound | value |
|---|---|
| file | 400 MB |
| picture | 50 megapixels (more than 8K), analysed at 2048 pixels on the longer side |
| frame of a clip | 9 megapixels (more than 4K), analysed at 1280 pixels on the longer side |
| frames a second | 30; more are thinned out by their time stamps |
| long clips | over 30 s (and 240 frames): the first, the middle and the last 10 s; see `sampling` |
| memory of `read_clip` | 512 MB; frames are made smaller to fit |
"""

from evals.media.arrays import read_clip
from evals.media.bounds import TooLarge
from evals.media.clip import Frame, clip_frames, is_clip
from evals.media.picture import Picture, read_picture

__all__ = ["Frame", "Picture", "TooLarge", "clip_frames", "is_clip", "read_clip", "read_picture"]
