"""Two outputs side by side: pictures at the same zoom, clips and sounds played in step with a frame stepper.

The browser does it all, so that stepping a frame costs no run of the page. Of what has sound one is heard at a time, the other goes on
unheard: a click lets the other one be heard at the same place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import streamlit as st

SOUND = 120
"""Height of what cannot be seen."""
HTML = """
<div class="pair" role="group" aria-label="Outputs side by side">
  <div class="sides"></div>
  <div class="controls" hidden>
    <button type="button" data-do="back" aria-label="One frame back">◀ frame</button>
    <button type="button" data-do="play" aria-label="Play or pause both">play / pause</button>
    <button type="button" data-do="next" aria-label="One frame on">frame ▶</button>
    <input type="range" min="0" max="1000" value="0" aria-label="Position in both">
    <output aria-live="off">0.00 s</output>
  </div>
</div>
"""

CSS = """
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(0, 1fr)); gap: 1rem; grid-auto-flow: column; }
figure { margin: 0; min-width: 0; }
.frame { background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius);
  display: flex; align-items: center; justify-content: center; height: var(--pair-height, 26rem); overflow: hidden; }
img, video { max-width: 100%; max-height: 100%; width: 100%; height: 100%; object-fit: contain; display: block; }
.frame.zoomed { overflow: auto; align-items: flex-start; justify-content: flex-start; }
.frame.zoomed img { width: auto; height: auto; max-width: none; max-height: none; cursor: zoom-out; }
.frame img { cursor: zoom-in; }
.frame p { color: var(--st-text-color); padding: 1rem; text-align: center; white-space: pre-line; overflow-wrap: anywhere; }
.frame .note { font-size: 2rem; }
.frame p::first-line { font-weight: 600; }
figcaption button { font: 0.8rem var(--st-font); padding: 0 0.5rem; margin-left: 0.5rem; }
button[aria-pressed=true] { border-color: var(--st-primary-color); color: var(--st-primary-color); }
figcaption { font: 600 0.875rem/1.5 var(--st-font); color: var(--st-text-color); padding-bottom: 0.25rem;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.controls { display: flex; gap: 0.5rem; align-items: center; padding-top: 0.5rem;
  font: 0.875rem var(--st-font); color: var(--st-text-color); }
.controls[hidden] { display: none; }
input[type=range] { flex: 1; accent-color: var(--st-primary-color); }
button { font: inherit; color: inherit; background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius); padding: 0.25rem 0.6rem; cursor: pointer; }
button:focus-visible, input:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
img:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: -3px; }
output { min-width: 4.5rem; text-align: right; font-variant-numeric: tabular-nums; }
"""

JS = """
export default function ({ data, parentElement: root }) {
  const sides = root.querySelector('.sides'), controls = root.querySelector('.controls');
  const heard = data.sides.every(side => side.kind === 'audio' || side.kind === 'none');
  const fps = heard ? 1 : data.fps || 12;  // sounds have no frames: they are stepped by the second
  sides.style.setProperty('--pair-height', data.height + 'px');
  sides.replaceChildren(...data.sides.map(side => {
    const figure = document.createElement('figure'), caption = document.createElement('figcaption'), frame = document.createElement('div');
    frame.className = 'frame';
    caption.textContent = caption.title = side.label;
    let inner;
    if (side.kind === 'image') {
      inner = Object.assign(document.createElement('img'), { src: side.url, alt: side.alt, tabIndex: 0, role: 'button', title: 'Zoom' });
      const zoom = () => sides.querySelectorAll('.frame').forEach(f => f.classList.toggle('zoomed'));
      inner.addEventListener('click', zoom);
      inner.addEventListener('keydown', e => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); zoom(); } });
    } else if (side.kind === 'video') {
      inner = Object.assign(document.createElement('video'), {
        src: side.url, muted: true, loop: true, playsInline: true, preload: 'auto' });
      inner.setAttribute('aria-label', side.alt);
    } else if (side.kind === 'audio') {
      inner = Object.assign(document.createElement('audio'), { src: side.url, muted: true, loop: true, preload: 'auto' });
      inner.setAttribute('aria-label', side.alt);
      frame.append(Object.assign(document.createElement('p'), { className: 'note', textContent: '♪', ariaHidden: 'true' }));
    } else {
      inner = Object.assign(document.createElement('p'), { textContent: side.alt });
    }
    frame.append(inner);
    if (side.kind === 'audio' || side.kind === 'video') {
      const hear = Object.assign(document.createElement('button'), { type: 'button', textContent: 'hear', hidden: side.kind === 'video' });
      hear.setAttribute('aria-label', 'Hear ' + side.label.slice(0, 1));
      hear.setAttribute('aria-pressed', 'false');
      hear.onclick = () => listen(inner.muted ? inner : null);
      inner.addEventListener('volumechange', () => hear.setAttribute('aria-pressed', String(!inner.muted)));
      // A clip says only when it plays whether it has a sound.
      inner.addEventListener('timeupdate', () => { if (inner.webkitAudioDecodedByteCount > 0) hear.hidden = false; });
      caption.append(hear);
    }
    figure.append(caption, frame);
    return figure;
  }));
  function listen(to) { clips.forEach(clip => { clip.muted = clip !== to; }); }
  const zoomed = () => [...sides.querySelectorAll('.frame.zoomed')];
  let following = false;
  sides.querySelectorAll('.frame').forEach(frame => frame.addEventListener('scroll', () => {
    if (following) return;
    following = true;
    zoomed().forEach(other => { other.scrollTop = frame.scrollTop; other.scrollLeft = frame.scrollLeft; });
    requestAnimationFrame(() => { following = false; });
  }));
  const clips = [...sides.querySelectorAll('video, audio')], sounds = clips.filter(clip => clip.localName === 'audio');
  controls.hidden = clips.length === 0;
  if (heard) {
    for (const [what, text, name] of [['back', '◀ 1 s', 'One second back'], ['next', '1 s ▶', 'One second on']]) {
      const button = controls.querySelector(`[data-do=${what}]`);
      button.textContent = text;
      button.setAttribute('aria-label', name);
    }
  }
  if (!clips.length) return;
  const slider = controls.querySelector('input'), time = controls.querySelector('output'), lead = clips[0];
  const length = () => Math.min(...clips.map(clip => clip.duration || 1e9));
  const seek = t => clips.forEach(clip => { clip.currentTime = Math.max(0, Math.min(t, (clip.duration || t) - 1e-3)); });
  const pause = () => clips.forEach(clip => clip.pause());
  const show = () => { time.textContent = lead.currentTime.toFixed(2) + ' s'; slider.value = 1000 * lead.currentTime / length() || 0; };
  const step = n => { pause(); seek((Math.round(lead.currentTime * fps) + n) / fps); };
  const actions = {
    play: () => {
      if (!lead.paused) { pause(); return; }
      if (sounds.length === clips.length && clips.every(clip => clip.muted)) listen(lead);  // what is only a sound is to be heard
      seek(lead.currentTime);
      clips.forEach(clip => clip.play());
    },
    back: () => step(-1),
    next: () => step(1),
  };
  controls.querySelectorAll('button').forEach(button => { button.onclick = actions[button.dataset.do]; });
  slider.oninput = () => { pause(); seek(slider.value / 1000 * length()); };
  lead.addEventListener('timeupdate', show);
  lead.addEventListener('seeked', show);
  const drift = setInterval(() => {
    const far = clip => Math.abs(clip.currentTime - lead.currentTime) > 1.5 / fps;
    if (!lead.paused) clips.filter(far).forEach(clip => { clip.currentTime = lead.currentTime; });
  }, 250);
  // Clips begin by themselves, unheard; a page that begins to sing is a nuisance.
  if (!sounds.length && !matchMedia('(prefers-reduced-motion: reduce)').matches) clips.forEach(clip => clip.play().catch(() => {}));
  return () => { clearInterval(drift); pause(); };
}
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One output: where the browser gets it, what it is called, and what it shows in words (or why there is nothing)."""

    label: str
    kind: Literal["image", "video", "audio", "none"]
    url: str
    alt: str


@cache
def _component() -> Any:
    return st.components.v2.component("workbench_pair", html=HTML, css=CSS, js=JS)


def pair(sides: Sequence[Side], *, key: str, height: int = 400, fps: float = 12.0) -> None:
    """Draw one to four outputs next to each other.

    Args:
        sides: From left to right.
        key: Stable across runs of the page, from the case's id.
        height: Of the pictures, in CSS pixels.
        fps: Frames a second of the clips, the size of one step.
    """
    if {side.kind for side in sides} <= {"audio", "none"} and any(side.kind == "audio" for side in sides):
        height = min(height, SOUND)
    data: Mapping[str, Any] = {"sides": [asdict(side) for side in sides], "height": height, "fps": fps}
    _component()(key=key, data=data)
