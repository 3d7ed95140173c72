"use strict";
(() => {
  const run = document.body.dataset.run;
  const cards = [...document.querySelectorAll("article")];
  const say = document.getElementById("say");
  let timer = 0;

  const tell = (text) => {
    say.textContent = text;
    say.classList.add("shown");
    clearTimeout(timer);
    timer = setTimeout(() => say.classList.remove("shown"), 1600);
  };

  // A page opened from the disk may be denied the clipboard interface; the old command still works there.
  const copyOld = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("aria-hidden", "true");
    area.setAttribute("readonly", "");
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyOld(text);
    }
  };
  const select = (element) => getSelection().selectAllChildren(element);

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy ?? button.dataset.all);
    const parts = button.dataset.all ? [...source.querySelectorAll("pre")] : [source];
    const done = await copy(parts.map((part) => part.textContent).join("\n\n"));
    if (!done) select(source);
    button.focus();
    tell(done ? "Copied" : "Selected: press Ctrl+C");
  });

  // What is done is remembered in this browser only, and not at all where it keeps nothing.
  const key = (code) => `workbench:${run}:${code}`;
  const recall = (code) => { try { return localStorage.getItem(key(code)) === "1"; } catch { return false; } };
  const keep = (code, done) => { try { localStorage.setItem(key(code), done ? "1" : "0"); } catch { /* fine */ } };

  const find = document.getElementById("find");
  const hide = document.getElementById("hide");
  const refresh = () => {
    const words = find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let done = 0, shown = 0;
    for (const card of cards) {
      const finished = card.querySelector("[data-done]").checked;
      done += finished;
      card.classList.toggle("finished", finished);
      card.hidden = (hide.checked && finished) || !words.every((word) => card.dataset.text.includes(word));
      shown += !card.hidden;
    }
    document.getElementById("count").textContent = `${done} of ${cards.length} done`;
    const meter = document.getElementById("meter");
    meter.setAttribute("aria-valuenow", done);
    meter.firstElementChild.style.width = `${cards.length ? (100 * done) / cards.length : 0}%`;
    document.getElementById("none").hidden = shown > 0;
  };

  for (const box of document.querySelectorAll("[data-done]")) {
    box.checked = recall(box.dataset.done);
    box.addEventListener("change", () => { keep(box.dataset.done, box.checked); refresh(); });
  }
  find.addEventListener("input", refresh);
  hide.addEventListener("change", refresh);
  refresh();
})();
