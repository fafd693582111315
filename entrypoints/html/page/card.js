"use strict";
// The card with the details of the session that is pointed at, or else of the one with the focus.

const card = document.getElementById("card");
const MARGIN = 8;

/** Show what there is to say of a cell's session beside the cell. */
function showCard(one, read) {
  const number = Number(one.dataset.number), kind = read.kinds[number];
  const status = element("p", "kind", {}, label(kind));
  status.prepend(element("span", `mark ${SHARED.kinds[kind]}`));
  const list = element("dl", "");
  for (const [name, text] of read.rows(number)) {
    list.append(element("dt", "", {}, name), element("dd", "", {}, text));
  }
  card.replaceChildren(element("p", "date", {}, dateText(read.days[number])), status, list);
  card.hidden = false;
  card.scrollTop = 0;
  place(one);
}

/** Put the card under the cell or above it; where there is no room, over it, but all in sight. */
function place(one) {
  card.style.left = "0";
  const cell = one.getBoundingClientRect(), size = card.getBoundingClientRect();
  const right = document.documentElement.clientWidth - size.width - MARGIN;
  const lowest = window.innerHeight - size.height - MARGIN;
  const below = cell.bottom + MARGIN, above = cell.top - size.height - MARGIN;
  const top = below > lowest && above >= MARGIN ? above : between(below, lowest);
  card.style.left = `${between(cell.left - 12, right) + window.scrollX}px`;
  card.style.top = `${top + window.scrollY}px`;
  // What is too high for the screen scrolls, but only where that takes no cell from the pointer.
  card.classList.toggle("high", card.scrollHeight > card.clientHeight && one === document.activeElement);
}

/** Return a place that is neither out of sight nor, if that can be, beyond the last one. */
function between(place, last) {
  return Math.max(MARGIN, Math.min(place, last));
}

function hideCard() {
  card.hidden = true;
}
