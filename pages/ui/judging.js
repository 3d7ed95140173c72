// The queue in the browser: every key counts at once, and every vote is sent until the server says that it is on disk.
const AHEAD = 3, STEP_S = 1 / 12, RESEND_MS = 3000;
const KEYS = { 1: 'left', 2: 'tie', 3: 'right', 4: 'both_bad', u: 'undo', f: 'flag', '?': 'help', a: 'hear-left', d: 'hear-right', ' ': 'play', m: 'mark' };
const SIDES = ['left', 'right'];
const sittings = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  let sitting = sittings.get(root);
  if (!sitting) sittings.set(root, (sitting = begin(root, component)));
  sitting.hear(component);
  return () => { sitting.end(); sittings.delete(root); };
}

function element(tag, more = {}, ...children) {
  const made = Object.assign(document.createElement(tag), more);
  made.append(...children);
  return made;
}

/** Words of a model, as text: a script is set as people read one, anything else as it came. */
function words(text) {
  const box = element('div', { className: 'words', tabIndex: 0 });
  let script = null;
  try { script = JSON.parse(text); } catch { /* not JSON: plain words */ }
  if (!script || !Array.isArray(script.scenes)) { box.textContent = text; return box; }
  for (const scene of script.scenes) {
    box.append(element('h4', { textContent: [scene.id, scene.location, scene.daypart].filter(Boolean).join(' · ') }));
    for (const beat of scene.beats || []) {
      box.append(element('p', { textContent: String(beat.action || '') }));
      for (const line of beat.lines || []) {
        const who = element('b', { textContent: `${line.speaker || 'narration'}: ` });
        box.append(element('p', { className: 'line' }, who, String(line.text || '')));
      }
    }
  }
  return box;
}

/** One side of a pair, not yet shown: it loads meanwhile. `ready` tells whether a person could see it. */
function load(media, side) {
  const name = `${side === 'left' ? 'Left' : 'Right'} candidate`;
  if (media.kind === 'image') {
    const node = element('img', { src: media.url, alt: name });
    if (node.decode) node.decode().catch(() => {});
    return { node, ready: () => node.complete };
  }
  if (media.kind === 'video' || media.kind === 'audio') {
    const node = element(media.kind, { src: media.url, muted: true, preload: 'auto', playsInline: true });
    node.setAttribute('aria-label', name);
    return { node, clip: node, moving: media.kind === 'video', ready: () => node.readyState >= 2 };
  }
  if (media.kind === 'text') {
    const node = element('div', { className: 'words', tabIndex: 0, textContent: '…' });
    let ready = false;
    fetch(media.url).then(answer => answer.text()).then(text => {
      node.replaceChildren(...words(text).childNodes);
      ready = true;
    }).catch(() => { node.textContent = 'This text could not be loaded.'; });
    return { node, ready: () => ready };
  }
  return { node: element('p', { textContent: 'Nothing that can be shown.' }), ready: () => true };
}

function begin(root, first) {
  const $ = selector => root.querySelector(selector);
  let { data, setStateValue, setTriggerValue } = first;
  const items = data.items, place = new Map(items.map((item, i) => [item.id, i]));
  const tab = Math.random().toString(36).slice(2, 10), kept = `review/${data.queue}/${data.rater}`;
  const said = new Map(Object.entries(data.said)), past = [...said.keys()], loaded = new Map();
  let n = 0, at = -1, pending = [], marks = {}, shownAt = 0, readyAt = 0, sentAt = 0, heard = null;

  // What a closed or broken page had not been told is safe is said again; saying it twice changes nothing.
  for (const command of unsent()) { apply(command); push(command); }

  function unsent() {
    try { return JSON.parse(sessionStorage.getItem(kept)) || []; } catch { return []; }
  }
  function apply({ item, do: what }) {
    const i = past.indexOf(item);
    if (i >= 0) past.splice(i, 1);
    said.delete(item);
    if (what !== 'undo') { said.set(item, what); past.push(item); }
  }
  function push(command) {
    pending.push({ ...command, tab, n: ++n });
    send();
  }
  function send() {
    sentAt = performance.now();
    keep();
    setStateValue('commands', { at: Date.now(), list: pending.slice() });
    status();
  }
  function keep() {
    try { sessionStorage.setItem(kept, JSON.stringify(pending.map(({ tab, n, ...rest }) => rest))); } catch { /* private mode: no more than this page */ }
  }
  function status() {
    const saved = $('.saved');
    saved.textContent = data.problem ? `Not saved: ${data.problem}` : pending.length ? `saving ${pending.length} …` : 'saved';
    saved.classList.toggle('problem', Boolean(data.problem));
    const flagged = [...said.values()].filter(what => what === 'flag').length, judged = said.size - flagged;
    $('.progress').textContent = `${judged} of ${items.length} judged${flagged ? ` · ${flagged} flagged` : ''}`;
    $('progress').value = items.length ? said.size / items.length : 1;
  }
  function next() { return items.findIndex(item => !said.has(item.id)); }

  function get(i) {
    const item = items[i];
    if (!loaded.has(item.id)) loaded.set(item.id, Object.fromEntries(SIDES.map(side => [side, load(item[side], side)])));
    return loaded.get(item.id);
  }
  function show(i) {
    if (at >= 0 && loaded.has(items[at].id)) clips().forEach(clip => clip.pause());
    at = i;
    heard = null;
    marks = {};
    const over = at < 0;
    ['.pair', '.keys', '.below'].forEach(part => { $(part).hidden = over; });
    $('.end').hidden = !over;
    $('.marks').hidden = over || !data.rubric.length;
    status();
    if (over) return end();
    const soon = items.map((item, k) => k).filter(k => k >= at && !said.has(items[k].id)).slice(0, AHEAD + 1);
    for (const k of [at, ...soon]) get(k);
    const near = new Set([at, ...soon].map(k => items[k].id));
    [...loaded.keys()].filter(id => !near.has(id)).forEach(id => loaded.delete(id));
    const pair = get(at);
    SIDES.forEach(side => $(`.${side} .frame`).replaceChildren(pair[side].node));
    SIDES.forEach(side => { $(`.${side} .frame`).scrollTop = 0; });
    explain(items[at]);
    listen(null);
    grade();
    shownAt = performance.now();
    readyAt = 0;
    start(at);
  }
  function end() {
    const flagged = [...said.values()].filter(what => what === 'flag').length;
    $('.told').textContent = `All ${items.length} judged${flagged ? `, ${flagged} of them flagged` : ''}. Nothing can be changed once it is shown who won.`;
  }
  function explain(item) {
    $('.references').replaceChildren(...item.references.map(({ who, small, whole }) => {
      const link = element('a', { href: whole, target: '_blank', rel: 'noopener' }, element('img', { src: small, alt: `reference picture of ${who}` }));
      return link;
    }));
    $('.brief').replaceChildren(...item.brief.flatMap(([label, told]) => [element('dt', { textContent: label }), element('dd', { textContent: told })]));
  }

  // Clips: the same start, in step, again together when the longer one has ended
  function sides() { return at < 0 ? {} : get(at); }
  function clips() { return SIDES.map(side => sides()[side]).filter(one => one && one.clip).map(one => one.clip); }
  function start(i) {
    const both = clips();
    if (!both.length || !SIDES.some(side => sides()[side].moving) || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const together = () => { if (at === i && both.every(clip => clip.readyState >= 3)) { both.forEach(clip => { if (clip.currentTime) clip.currentTime = 0; clip.oncanplay = null; }); play(); } };
    both.forEach(clip => { clip.oncanplay = together; });
    together();
  }
  function play() {
    const both = clips();
    both.forEach(clip => {
      clip.onended = () => { if (both.every(other => other.ended)) { both.forEach(other => { other.currentTime = 0; }); both.forEach(other => other.play().catch(() => {})); } };
      clip.play().catch(() => {});
    });
  }
  function toggle() {
    const both = clips();
    if (both.some(clip => !clip.paused && !clip.ended)) both.forEach(clip => clip.pause());
    else { both.forEach(clip => { if (clip.ended) clip.currentTime = 0; }); play(); }
  }
  function listen(side) {
    heard = side;
    SIDES.forEach(name => {
      const clip = sides()[name] && sides()[name].clip;
      if (clip) clip.muted = name !== heard;
      $(`.${name} .heard`).textContent = clip && name === heard ? '🔊' : '';
    });
  }
  function hear(side) {
    if (!clips().length) return;
    listen(heard === side ? null : side);
    if (heard && clips().every(clip => clip.paused || clip.ended)) toggle();
  }

  // Marks: a row a criterion, a group a side
  function grade() {
    $('.marks').replaceChildren(...data.rubric.flatMap(criterion => {
      const [left, right] = SIDES.map(side => group(criterion, side));
      return [left, element('div', { className: 'name', textContent: criterion }), right];
    }));
  }
  function group(criterion, side) {
    const box = element('div', { className: 'group', tabIndex: 0 });
    box.setAttribute('role', 'slider');
    box.setAttribute('aria-valuemin', 1);
    box.setAttribute('aria-valuemax', 5);
    box.setAttribute('aria-valuetext', 'no mark');
    box.setAttribute('aria-label', `${criterion}, ${side}`);
    box.append(...[1, 2, 3, 4, 5].map(mark => element('span', { textContent: mark, onclick: () => give(box, criterion, side, mark) })));
    box.onkeydown = event => {
      const now = (marks[criterion] || {})[side] || 0, step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if ('12345'.includes(event.key) && event.key) { give(box, criterion, side, Number(event.key)); following(box).focus(); }
      else if (step) give(box, criterion, side, Math.min(5, Math.max(1, now + step)));
      else if (event.key === 'Enter' || event.key === 'Escape') box.blur();
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    return box;
  }
  function following(box) {
    const all = [...root.querySelectorAll('.group')];
    return all[all.indexOf(box) + 1] || root.querySelector('.keys button');
  }
  function give(box, criterion, side, mark) {
    (marks[criterion] = marks[criterion] || {})[side] = mark;
    [...box.children].forEach(span => span.classList.toggle('on', Number(span.textContent) === mark));
    box.setAttribute('aria-valuenow', mark);
    box.setAttribute('aria-valuetext', String(mark));
  }

  const actions = {
    undo: () => {
      const item = past[past.length - 1];
      if (item === undefined) return;
      apply({ item, do: 'undo' });
      push({ item, do: 'undo' });
      show(place.get(item));
    },
    help: () => { const help = $('dialog'); if (help.open) help.close(); else help.showModal(); },
    reveal: () => { if (at < 0 && !pending.length) setTriggerValue('reveal', true); },
    'hear-left': () => hear('left'),
    'hear-right': () => hear('right'),
    play: toggle,
    mark: () => { const box = $('.group'); if (box) box.focus(); },
  };
  for (const what of ['left', 'tie', 'right', 'both_bad', 'flag']) {
    actions[what] = () => {
      if (at < 0) return;
      const ms = readyAt ? Math.round(performance.now() - readyAt) : 0;
      const command = { item: items[at].id, do: what, ms, ...(Object.keys(marks).length && what !== 'flag' ? { marks } : {}) };
      apply(command);
      push(command);
      show(next());
    };
  }
  function blink(what) {
    const button = $(`button[data-do="${what}"]`);
    if (!button) return;
    button.classList.add('hit');
    setTimeout(() => button.classList.remove('hit'), 120);
  }
  function pressed(event) {
    const target = event.composedPath()[0];
    const typing = target instanceof Element && (target.matches('input, textarea, select, [role=combobox]') || target.isContentEditable);
    if (typing || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if ($('dialog').open && event.key !== '?') return;
    if (target instanceof Element && target.matches('[role=slider]') && /^([1-5]|Enter|Escape)$/.test(event.key)) return;
    const what = event.key === 'Enter' && at < 0 && !(target instanceof Element && target.matches('button, a')) ? 'reveal' : KEYS[event.key.toLowerCase()];
    if (!what || (event.key === ' ' && target instanceof Element && target.matches('button, a, audio'))) return;
    event.preventDefault();
    event.stopPropagation();
    blink(what);
    actions[what]();
  }
  root.querySelectorAll('button[data-do]').forEach(button => { button.onclick = () => actions[button.dataset.do](); });
  $('.question').textContent = data.question;
  $('.marking').hidden = !data.rubric.length;
  document.addEventListener('keydown', pressed, true);
  const clock = setInterval(() => {
    if (at >= 0 && !readyAt && SIDES.every(side => sides()[side].ready())) readyAt = Math.max(shownAt, performance.now());
    if (pending.length && performance.now() - sentAt > RESEND_MS) send();
    const both = clips(), [lead, other] = both;
    if (other && !lead.paused && !lead.ended && !other.ended && Math.abs(lead.currentTime - other.currentTime) > 1.5 * STEP_S) other.currentTime = lead.currentTime;
  }, 50);
  show(next());

  return {
    hear(component) {
      ({ data, setStateValue, setTriggerValue } = component);
      const upto = data.heard[tab] || 0;
      pending = pending.filter(command => command.n > upto);
      keep();
      status();
    },
    end() {
      clearInterval(clock);
      document.removeEventListener('keydown', pressed, true);
      loaded.forEach(pair => SIDES.forEach(side => { if (pair[side].clip) pair[side].clip.pause(); }));
    },
  };
}
