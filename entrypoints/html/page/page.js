"use strict";
// Draws each map when it comes near what is seen, and forgets its cells when it is far away.

const drawn = new Map();
const NEAR = "1200px";

function drawMap(map) {
  if (drawn.has(map)) return;
  const read = readSeries(map.dataset.series);
  const at = draw(map, read);
  map.style.minHeight = "";
  drawn.set(map, { read, at });
  const gap = read.kinds.findIndex((kind) => !isWhole(kind));
  cellOf(map, map.dataset.stop ?? Math.max(gap, 0)).tabIndex = 0;
  // From now on the Tab key stops at this cell, and no more at the map itself.
  map.removeAttribute("tabindex");
}

function forget(map) {
  if (!drawn.has(map) || map.contains(document.activeElement)) return;
  map.style.minHeight = `${map.offsetHeight}px`;
  map.replaceChildren();
  map.tabIndex = 0;
  drawn.delete(map);
}

function cellOf(map, number) {
  return map.querySelector(`[data-number="${number}"]`);
}

function focusCell(map, number) {
  for (const one of map.querySelectorAll('[tabindex="0"]')) one.tabIndex = -1;
  const one = cellOf(map, number);
  one.tabIndex = 0;
  map.dataset.stop = number;
  one.focus();
}

/** Show the card of the cell with the focus, or none. */
function showFocused() {
  const one = document.activeElement?.closest?.(".map [data-number]");
  if (one) showCard(one, drawn.get(one.closest(".map")).read);
  else hideCard();
}

function listen(map) {
  // A map that is not drawn yet is a stop of the Tab key all the same.
  map.tabIndex = 0;
  map.addEventListener("focus", () => {
    drawMap(map);
    map.querySelector('[tabindex="0"]').focus();
  });
  map.addEventListener("pointerover", (event) => {
    const one = event.target.closest("[data-number]");
    if (one) showCard(one, drawn.get(map).read);
  });
  map.addEventListener("pointerleave", showFocused);
  map.addEventListener("focusin", showFocused);
  map.addEventListener("focusout", hideCard);
  map.addEventListener("click", (event) => {
    const one = event.target.closest("[data-number]");
    if (one) focusCell(map, one.dataset.number);
  });
  map.addEventListener("keydown", (event) => {
    const one = event.target.closest("[data-number]"), { read, at } = drawn.get(map) ?? {};
    const next = one && target(event, Number(one.dataset.number), at, read.kinds);
    if (next === undefined) return;
    event.preventDefault();
    focusCell(map, next);
  });
}

function watch(maps) {
  const watcher = new IntersectionObserver((entries) => {
    for (const { target: map, isIntersecting } of entries) (isIntersecting ? drawMap : forget)(map);
  }, { rootMargin: NEAR });
  for (const map of maps) {
    listen(map);
    watcher.observe(map);
  }
  window.addEventListener("beforeprint", () => {
    for (const map of maps) if (map.closest("details").open) drawMap(map);
  });
}

/** Let a reader look for series among many. */
function filter(form) {
  const all = [...document.querySelectorAll(".series")];
  const find = form.querySelector("#find"), lacking = form.querySelector("#lacking");
  const apply = () => {
    const words = find.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const one of all) {
      const fits = words.every((word) => one.dataset.name.includes(word));
      one.hidden = !fits || (lacking.checked && one.dataset.lacking === "0");
      shown += one.hidden ? 0 : 1;
    }
    form.querySelector("#found").textContent = `${shown} of ${all.length} series`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideCard();
});
// Phones change the window's size whenever their address bar comes or goes.
window.addEventListener("resize", () => card.hidden || showFocused());
// A press on the card leaves the focus, and so the card, where it is.
card.addEventListener("mousedown", (event) => event.preventDefault());
watch(document.querySelectorAll(".map"));
const form = document.querySelector(".filter");
if (form) filter(form);
