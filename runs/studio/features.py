"""Eyes, brows and mouth: the moving parts, each drawn within its own window of the grid."""

from __future__ import annotations

import numpy as np

from runs.studio.expression import Units
from runs.studio.face import Jaw, jaw_of
from runs.studio.geometry import Geometry
from runs.studio.numeric import Array, bell, blur, paint, step
from runs.studio.surface import Grid, Surface

_LASH = (0.05, 0.035, 0.035)
_INSIDE = (0.16, 0.04, 0.045)
_TEETH = (0.90, 0.87, 0.82)


def _lids(g: Geometry, e: Units, across: Array) -> tuple[Array, Array, Array]:
    """Return the edges of the upper and lower lid over `across` (-1 inner to 1 outer corner), and where the upper would be when open."""
    arch = np.clip(1 - across * across, 0, 1)
    middle = np.float32(g.eye_y) + np.float32(g.eye_t) * across
    open_upper = g.eye_o * (1 + 0.42 * e.wide - 0.36 * e.squint - 0.12 * e.brow_in)
    open_lower = 0.60 * g.eye_o * (1 + 0.15 * e.wide - 0.45 * e.squint - 0.25 * e.smile)
    upper = middle + open_upper * arch**0.62 * (1 - 0.16 * across)
    lower = middle - open_lower * arch**0.85 * (1 + 0.22 * across)
    lower = lower + 0.10 * e.blink * (upper - lower)
    return np.asarray(upper + (lower - 0.006 * arch - upper) * min(1.0, e.blink), dtype=np.float32), lower, upper


def draw_lids(g: Geometry, e: Units, grid: Grid, surface: Surface) -> None:
    """Draw the skin around the eye on the right half: ball, lids, fold, lashes, the shade under the eye."""
    r, c = grid.rows(g.eye_y - 0.24, g.eye_y + 0.24), grid.columns(g.eye_x - g.eye_w - 0.09, g.eye_x + g.eye_w + 0.11)
    x, y = grid.x[:, c] - np.float32(g.eye_x), grid.y[r]
    across = x / np.float32(g.eye_w)
    upper, lower, rest = _lids(g, e, across)
    height, albedo = surface.height[r, c], surface.albedo[:, r, c]
    distance = np.hypot(x, y - g.eye_y)
    height += 0.22 * np.sqrt(np.clip(0.20**2 - distance**2, 0, None)) * step(0.20, 0.06, distance)
    within = step(1.18, 0.85, np.abs(across))
    crease_y = rest + 0.020 + 0.020 * g.fold - 0.012 * e.wide + 0.006 * across
    crease = bell(y - crease_y, 0.0085 + 0.003 * g.age) * within * (0.15 + 0.85 * g.fold) * (1 - 0.5 * e.blink)
    lid = step(-0.004, 0.006, y - upper) * step(0.006, -0.01, y - crease_y) * within
    bag = bell(y - (lower - 0.052 - 0.008 * e.smile), 0.014) * step(1.1, 0.5, np.abs(across)) * (0.10 + 1.5 * g.age**2.5 + 0.45 * e.squint)
    height -= 0.010 * crease + 0.006 * bag
    albedo *= 1 - 0.34 * crease - 0.07 * lid * (1 + 0.6 * (1 - g.male)) - 0.13 * bag
    rim = bell(y - (lower - 0.008), 0.008) * step(1.05, 0.8, np.abs(across))
    albedo[0] += 0.03 * rim
    paint(surface.albedo, g.skin * np.array([1.0, 0.80, 0.76], dtype=np.float32), 0.35 * rim, (r, c))
    soft = (1 - 0.45 * g.male) * (1 - 0.35 * g.child)
    wing = 0.022 * soft * np.clip(across - 0.55, 0, 1) * (across < 1.25)
    thick = (0.0085 + 0.006 * soft) * (0.75 + 0.35 * np.clip(across + 0.3, 0, 1))
    lash = np.exp(-0.5 * ((y - upper - 0.003 - wing) / thick) ** 2) * step(1.16 + 0.08 * soft, 0.90, np.abs(across)) * (0.78 + 0.17 * soft)
    paint(surface.albedo, _LASH, lash, (r, c))
    under = bell(y - lower, 0.0060) * step(1.08, 0.75, np.abs(across)) * (0.26 + 0.16 * np.clip(across, -1, 1))
    paint(surface.albedo, _LASH, under, (r, c))


def draw_eyeball(g: Geometry, e: Units, grid: Grid, surface: Surface, side: int) -> None:
    """Draw one eye between its lids on the whole grid; `side` is 1 for the picture's right, -1 for its left."""
    if e.blink > 0.97:
        return
    centre = side * g.eye_x
    r, c = grid.rows(g.eye_y - 0.16, g.eye_y + 0.17), grid.columns(centre - g.eye_w - 0.02, centre + g.eye_w + 0.02)
    x, y = grid.x[:, c] - np.float32(centre), grid.y[r]
    across = x * np.float32(side / g.eye_w)
    upper, lower, _ = _lids(g, e, across)
    edge = 1.1 / grid.ppu
    seen = step(edge, -edge, y - upper) * step(-edge, edge, y - lower) * (np.abs(across) < 1)
    radius = 0.0655 * (1 + 0.10 * g.child)
    ix, iy = x - np.float32(0.05 * e.gaze_x), y - np.float32(g.eye_y + 0.014 + 0.03 * e.gaze_y)
    d = np.hypot(ix, iy)
    iris = step(radius + edge * 0.8, radius - edge * 0.8, d)
    pupil = step(radius * 0.44 + edge, radius * 0.44 - edge, d)
    shade = (1 - 0.22 * np.clip(np.abs(across), 0, 1) ** 2) * (1 - 0.42 * step(-0.045, 0.0, y - upper))
    ball = np.empty((3, *d.shape), dtype=np.float32)
    ball[:] = np.array([0.87, 0.845, 0.83], dtype=np.float32)[:, None, None]
    corner = step(-0.72, -0.98, across)
    paint(ball, (0.80, 0.50, 0.47), 0.7 * corner)
    glow = 0.62 + 0.85 * step(0.2 * radius, radius, d) * step(0.02, -0.05, iy)
    for k in range(3):
        ball[k] += (g.iris[k] * glow - ball[k]) * iris
    ball *= 1 - 0.62 * bell(d - radius, 0.0095) * iris
    paint(ball, (0.02, 0.016, 0.016), pupil)
    ball *= shade
    for k in range(3):
        plane = surface.albedo[k, r, c]
        plane += (ball[k] - plane) * seen
    catch = step(0.0205, 0.010, np.hypot(ix + 0.024, iy - 0.026)) + 0.35 * step(0.016, 0.006, np.hypot(ix - 0.026, iy + 0.026))
    surface.glow[r, c] += 0.85 * catch * seen
    surface.gloss[r, c] += (0.55 - surface.gloss[r, c]) * seen


def draw_brows(g: Geometry, e: Units, grid: Grid, surface: Surface, strands: Array) -> None:
    """Draw the brow on the right half; `strands` is unit noise [H, W] along the hairs."""
    r, c = grid.rows(g.brow_y - 0.22, g.brow_y + 0.26), grid.columns(0.0, g.eye_x + g.brow_l + 0.12)
    x, y = grid.x[:, c] - np.float32(g.eye_x - 0.02 - 0.045 * e.brow_in), grid.y[r]
    along = x / np.float32(g.brow_l)
    inner = step(0.5, -0.9, along)
    middle = g.brow_y + g.brow_arch * (0.45 - (along - 0.30) ** 2 * np.where(along < 0.30, 0.48, 0.95)) + g.brow_tilt * along
    middle = (
        middle
        + 0.120 * e.brow_up * (1 - 0.12 * along)
        + (0.098 * e.brow_inner - 0.088 * e.brow_in) * inner
        - 0.034 * e.brow_in
        - 0.02 * e.sneer
    )
    thick = g.brow_h * (1.0 - 0.42 * np.clip(along, -1, 1)) * (1 - 0.15 * np.clip(-along, 0, 1))
    body = np.exp(-0.5 * ((y - middle) / (thick * 0.62)) ** 2 * (1.0 + 0.25 * np.sign(middle - y)))
    body = body * step(-1.18, -0.55, along) * step(1.10, 0.60, along)
    alpha = np.clip(body * (0.90 + 0.13 * blur(strands[r, c], 0.9) / 0.5), 0, 0.93) * (0.72 + 0.28 * g.male) * (0.95 - 0.25 * g.child)
    grey = np.float32(0.35 * max(0.0, g.age - 0.6))
    tone = g.hair * np.float32(0.55) * (1 - grey) + np.array([0.06, 0.045, 0.04], dtype=np.float32) + np.float32(0.7) * grey
    surface.height[r, c] += 0.012 * body
    paint(surface.albedo, tone, alpha, (r, c))
    frown = e.brow_in * bell(grid.x[:, c] - 0.052, 0.014) * bell(y - (g.brow_y - 0.015), 0.065)
    surface.height[r, c] -= 0.013 * frown
    surface.albedo[:, r, c] *= 1 - 0.22 * frown


def draw_mouth(g: Geometry, e: Units, grid: Grid, surface: Surface) -> None:
    """Draw lips, the mouth's inside and teeth on the right half."""
    j: Jaw = jaw_of(g, e)
    width = g.mouth_w * (1 + 0.23 * e.smile - 0.06 * e.frown - 0.30 * e.pucker + 0.03 * e.jaw + 0.06 * e.press)
    r, c = grid.rows(j.mouth_y - 0.36, j.mouth_y + 0.24), grid.columns(0, width * 1.25 + 0.05)
    x, y = grid.x[:, c], grid.y[r]
    u = np.clip(x / np.float32(width), 0, 1.4)
    arch = np.clip(1 - u * u, 0, 1)
    corner = (0.108 * e.smile - 0.096 * e.frown) * u**2.1 + 0.016 * e.sneer * bell(u - 0.55, 0.3)
    line = j.mouth_y + corner - 0.006 * bell(u, 0.18)
    gap = (0.185 * e.jaw + 0.030 * e.smile * min(1.0, 8 * e.jaw)) * np.clip(1 - u**2.6, 0, 1)
    firm = (1 - 0.52 * e.press) * (1 + 0.35 * e.pucker)
    bow = 1 - 0.26 * bell(x, 0.030) + 0.10 * bell(x - 0.062, 0.035)
    up = g.lip_u * firm * (1 - 0.22 * e.smile) * arch**0.80 * bow
    low = g.lip_l * firm * (1 - 0.18 * e.smile) * arch**0.62
    up_low = line + 0.22 * gap
    low_up = line - 0.78 * gap
    edge = max(0.009, 1.0 / grid.ppu)
    upper = step(edge, -edge, y - up_low - up) * step(-edge, edge, y - up_low) * (u < 1.03)
    lower = step(edge, -edge, y - low_up) * step(-edge * 1.5, edge * 1.5, y - low_up + low) * (u < 1.03)
    inside = step(edge, -edge, y - up_low) * step(-edge, edge, y - low_up) * (u < 1.0) * np.clip(gap / 0.012, 0, 1)
    v_up = np.clip((y - up_low) / (up + 2e-3), 0, 1)
    v_low = np.clip((y - low_up + low) / (low + 2e-3), 0, 1)
    height = surface.height[r, c]
    height += 0.036 * np.sin(np.pi * np.clip(v_up * 0.9 + 0.05, 0, 1)) * upper + 0.055 * np.sin(np.pi * v_low) * lower - 0.08 * inside
    paint(surface.albedo, g.lips * np.float32(0.90), 0.88 * upper, (r, c))
    paint(surface.albedo, g.lips, 0.84 * lower * (1 - 0.35 * u**3), (r, c))
    paint(surface.albedo, _INSIDE, inside, (r, c))
    shown = inside * step(-0.070, -0.052, y - up_low) * step(0.97, 0.70, u)
    paint(surface.albedo, _TEETH, shown * (0.95 - 0.35 * u), (r, c))
    tongue = inside * step(0.10, 0.02, y - low_up) * step(0.8, 0.4, u) * (1 - shown) * min(1.0, 2 * e.jaw)
    paint(surface.albedo, (0.55, 0.22, 0.22), 0.6 * tongue, (r, c))
    seam = bell(y - up_low, 0.0085) * step(1.10, 0.90, u) * (1 - 0.55 * min(1.0, 8 * e.jaw)) * (0.75 - 0.25 * u)
    end = bell(np.hypot(x - width * 0.99, (y - j.mouth_y - (0.108 * e.smile - 0.096 * e.frown)) * 1.2), 0.024)
    surface.albedo[:, r, c] *= 1 - 0.62 * seam
    surface.albedo[:, r, c] *= 1 - 0.34 * end
    height -= 0.012 * seam + 0.020 * end
    shadow = bell(y - (low_up - low - 0.030), 0.022) * step(0.95, 0.2, u)
    surface.albedo[:, r, c] *= 1 - 0.10 * shadow
    surface.gloss[r, c] += (0.30 + 0.25 * (1 - g.male)) * (lower + 0.4 * upper)


def draw_beard(g: Geometry, e: Units, grid: Grid, surface: Surface, strands: Array, amount: float) -> None:
    """Draw stubble to full beard (`amount` 0-1) on the right half: cheeks below the ear, chin, moustache."""
    if amount < 0.02:
        return
    j = jaw_of(g, e)
    x, y = grid.x, grid.y
    r = grid.rows(-j.length - 0.05, -0.20)
    mouth = np.hypot(x / (g.mouth_w * 1.12), (y[r] - j.mouth_y + 0.035 * (1 + 2 * e.jaw)) / (0.125 + 0.09 * e.jaw))
    cheek = step(-0.36, -0.66, y[r] - 0.55 * np.clip(x - 0.30, 0, 1))
    soft = cheek * step(0.86, 1.22, mouth)
    lip_top = j.mouth_y + g.lip_u + 0.055
    moustache = bell(y[r] - lip_top + 0.06 * x, 0.034) * step(g.mouth_w * 1.20, g.mouth_w * 0.85, x) * (1 - 0.5 * bell(x, 0.02))
    hair = np.clip(np.maximum(soft, moustache) * (0.86 + 0.13 * strands[r]), 0, 1)
    alpha = hair * np.float32(min(1.0, 0.28 + 0.75 * amount) * min(1.0, amount * 3)) * (surface.cover[r] > 0)
    surface.height[r] += 0.035 * amount * hair
    surface.gloss[r] *= 1 - 0.8 * alpha
    for k in range(3):
        plane = surface.albedo[k, r]
        plane += (g.hair[k] * 0.8 - plane) * alpha
