"use strict";
// Draws the sessions of a series: a block for each year, a column for each week.

const FRIDAY = 4;

/** Return where each session stands: its year, and its column and row in that year's block. */
function places(days) {
  return days.map((day) => {
    const year = new Date(day * DAY).getUTCFullYear();
    const first = Date.UTC(year, 0, 1) / DAY;
    return { year, row: weekday(day), week: Math.floor((day - first + weekday(first)) / 7) };
  });
}

/** Fill a map with its cells; `read` is what readSeries returns. */
function draw(map, read) {
  const at = places(read.days);
  const years = byYear(at);
  const last = Math.max(FRIDAY, ...new Set(at.map((one) => one.row)));
  const alone = years.size === 1;
  const skipped = alone ? Math.min(...at.map((one) => one.week)) : 0;
  map.classList.add(sizeOf(years.size, at, skipped));
  const blocks = [...years].map(([year, numbers]) =>
    yearBlock(year, numbers, { read, at, last, skipped }));
  map.setAttribute("aria-colcount", Math.max(...at.map((one) => one.week)) - skipped + 1);
  map.replaceChildren(...blocks);
  return at;
}

/** Return the numbers of the sessions of each year. */
function byYear(at) {
  const years = new Map();
  at.forEach(({ year }, number) => {
    if (!years.has(year)) years.set(year, []);
    years.get(year).push(number);
  });
  return years;
}

/** Return the class that makes cells larger where there are few. */
function sizeOf(years, at, skipped) {
  if (years > 1) return years > 2 ? "many" : "two";
  return Math.max(...at.map((one) => one.week)) - skipped < 18 ? "few" : "one";
}

function yearBlock(year, numbers, { read, at, last, skipped }) {
  const whole = numbers.filter((n) => isWhole(read.kinds[n])).length;
  const block = element("div", "year", { role: "rowgroup" });
  block.setAttribute("aria-label", `${year}: ${whole} of ${numbers.length} sessions complete`);
  const name = element("div", "year-name", { role: "presentation" }, `${year}`);
  name.append(element("span", "", {}, whole === numbers.length ? `${whole} sessions` : `${whole} of ${numbers.length} complete`));
  const weeks = element("div", "weeks", { role: "presentation" });
  weeks.style.gridTemplateColumns = "14px";
  weeks.style.gridTemplateRows = "13px";
  weeks.append(...months(numbers.map((n) => [read.days[n], at[n].week - skipped])), ...weekdays(last));
  for (let row = 0; row <= last; row++) {
    const line = element("div", "row", { role: "row", "aria-label": `${WEEKDAYS[row]}s` });
    line.append(...numbers.filter((n) => at[n].row === row).map((n) => cell(n, read, row, at[n].week - skipped)));
    if (line.childElementCount) weeks.append(line);
  }
  block.append(name, weeks);
  return block;
}

function cell(number, read, row, week) {
  const kind = read.kinds[number];
  const one = element("span", `mark ${SHARED.kinds[kind]}`, {
    role: "gridcell", tabindex: "-1", "aria-colindex": week + 1,
  });
  one.dataset.number = number;
  one.style.gridArea = `${row + 2} / ${week + 2}`;
  const said = read.rows(number).map(([name, text]) => `${name}: ${text}`).join(". ");
  one.setAttribute("aria-label", `${dateText(read.days[number])}: ${label(kind)}. ${said}.`);
  return one;
}

/** Return a label where the first session of a month stands, if there is room before the next. */
function months(dated) {
  const labels = [];
  let month = -1, free = 0;
  for (const [day, week] of dated) {
    const now = new Date(day * DAY).getUTCMonth();
    if (now !== month && week >= free) {
      const one = element("span", "month", { "aria-hidden": "true" }, MONTHS[now].slice(0, 3));
      one.style.gridArea = `1 / ${week + 2}`;
      labels.push(one);
      free = week + 3;
    }
    month = now;
  }
  return labels;
}

function weekdays(last) {
  return [0, 2, 4, 6].filter((row) => row <= last).map((row) => {
    const one = element("span", "weekday", { "aria-hidden": "true" }, WEEKDAYS[row].slice(0, 1));
    one.style.gridArea = `${row + 2} / 1`;
    return one;
  });
}

function element(name, classes, attributes = {}, text = "") {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}
