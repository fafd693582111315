"use strict";
// What the page knows of sessions, read from the compact data that stands in it.

const SHARED = JSON.parse(document.getElementById("shared").textContent);
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December"];
const DAY = 86_400_000;
const NUMBERS = new Intl.NumberFormat("en-US");

/** Return every value of runs, in which [value, n] stands for n of the value. */
function expand(runs) {
  const values = [];
  for (const one of runs) {
    if (Array.isArray(one)) for (let n = 0; n < one[1]; n++) values.push(one[0]);
    else values.push(one);
  }
  return values;
}

/** Return every value of runs that hold what each value is more than the one before it. */
function summed(runs) {
  let value = 0;
  return expand(runs).map((more) => (value += more));
}

/** Return a function that gives the text of a session by its number. */
function column(packed) {
  const at = expand(packed.at);
  return (number) => packed.texts[at[number]];
}

/** Read the sessions of a series; what they are is looked up when it is shown. */
function readSeries(number) {
  const data = JSON.parse(document.getElementById(`series-${number}`).textContent);
  const read = { days: summed(SHARED.days[data.days]), kinds: expand(data.kind) };
  const bars = expand(data.bars), scopes = expand(data.scope), events = summed(data.event);
  const texts = {};
  for (const name of ["hours", "lacks", "source", "problem", "did", "by"]) {
    texts[name] = column(data[name]);
  }
  read.rows = (at) => rowsOf({
    bars: bars[at], scope: SHARED.scopes[scopes[at]], event: events[at],
    every: data.every, zone: data.zone, hours: texts.hours(at), lacks: texts.lacks(at),
    source: texts.source(at), problem: texts.problem(at), did: texts.did(at), by: texts.by(at),
  });
  return read;
}

/** Return what there is to say of a session, as pairs of a name and a text. */
function rowsOf(one) {
  const rows = [["Session", `${one.hours} (${one.zone})`], ["Bars", barsText(one)]];
  if (one.lacks) rows.push(["Lacks", one.lacks]);
  if (one.problem) rows.push(["Damage", one.problem]);
  if (one.source) rows.push(["Source", one.source]);
  rows.push(["Last event", one.event ? `${NUMBERS.format(one.event)}: ${one.did}` : "none touched it"]);
  if (one.event) rows.push(["Recorded", one.by]);
  return rows;
}

function barsText(one) {
  const number = NUMBERS.format(one.bars);
  if (!one.bars) return "none held";
  if (one.every) return one.every === "day" ? number : `${number} for the ${one.every}`;
  return number + {
    session: "",
    date: " on this date, hours before and after included",
    outside: " on this date, none of them inside its hours",
    others: " in files that hold other days too",
  }[one.scope];
}

function dateText(day) {
  const date = new Date(day * DAY);
  return `${WEEKDAYS[weekday(day)]} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** Return 0 for Monday to 6 for Sunday; 1 January 1970 was a Thursday. */
function weekday(day) {
  return (((day + 3) % 7) + 7) % 7;
}

function label(number) {
  return SHARED.labels[SHARED.kinds[number]];
}

function isWhole(number) {
  return SHARED.kinds[number] === "complete" || SHARED.kinds[number] === "confirmed_empty";
}
