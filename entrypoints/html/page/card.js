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
  place(one);
}

/** Put the card under the cell, or above it where there is no room, and never out of sight. */
function place(one) {
  card.style.left = "0";
  const cell = one.getBoundingClientRect(), size = card.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  const left = Math.max(MARGIN, Math.min(cell.left - 12, width - size.width - MARGIN));
  const below = cell.bottom + MARGIN;
  const fits = below + size.height <= window.innerHeight || cell.top < size.height + MARGIN;
  const top = fits ? below : cell.top - size.height - MARGIN;
  card.style.left = `${left + window.scrollX}px`;
  card.style.top = `${top + window.scrollY}px`;
}

function hideCard() {
  card.hidden = true;
}
