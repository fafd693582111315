"use strict";
// Keys that move the focus in a map, which is one stop of the Tab key.

/** Return the number of the session that a key leads to, or undefined. */
function target(event, from, at, kinds) {
  const here = at[from], end = at.length - 1;
  const steps = {
    ArrowDown: () => Math.min(from + 1, end),
    ArrowUp: () => Math.max(from - 1, 0),
    ArrowRight: () => search(at, from, 1, (one) => one.row === here.row),
    ArrowLeft: () => search(at, from, -1, (one) => one.row === here.row),
    Home: () => (event.ctrlKey ? 0 : edge(at, from, -1)),
    End: () => (event.ctrlKey ? end : edge(at, from, 1)),
    PageDown: () => search(at, from, 1, (one) => one.year > here.year && near(one, here)),
    PageUp: () => search(at, from, -1, (one) => one.year < here.year && near(one, here)),
    n: () => search(at, from, 1, (_, n) => !isWhole(kinds[n])),
    p: () => search(at, from, -1, (_, n) => !isWhole(kinds[n])),
  };
  if (event.altKey || event.metaKey) return undefined;
  if (event.ctrlKey && !["Home", "End"].includes(event.key)) return undefined;
  return steps[event.key.length === 1 ? event.key.toLowerCase() : event.key]?.();
}

/** Return the next session, in steps of 1 or -1, that fits; where none does, the same one. */
function search(at, from, step, fits) {
  for (let n = from + step; n >= 0 && n < at.length; n += step) if (fits(at[n], n)) return n;
  return from;
}

/** Return the first or the last session of a row: of one weekday in one year. */
function edge(at, from, step) {
  let found = from;
  for (let n = from; at[n]?.year === at[from].year; n += step) if (at[n].row === at[from].row) found = n;
  return found;
}

/** Whether a session stands in the same row, and at most a week away. */
function near(one, here) {
  return one.row === here.row && Math.abs(one.week - here.week) <= 1;
}
