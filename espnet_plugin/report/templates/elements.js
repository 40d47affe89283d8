/* Content of the page, and small means to show it. Names are user data: they become text, never markup. */

const content = JSON.parse(document.getElementById("content").textContent);
const parsed = new Promise((resolve) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve);
  else resolve();
});

const byId = (id) => document.getElementById(id);

/** An element with properties, attributes (`aria-*`, `data-*`, `class`, ...) and children. */
function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A drop-down list; `options` are [value, words] or [heading, [[value, words], ...]]. */
function makeSelect(label, options, value, onchange) {
  const select = make("select", { onchange: () => onchange(select.value) });
  for (const [first, second] of options) {
    if (Array.isArray(second)) {
      const group = make("optgroup", { label: first });
      for (const [key, words] of second) group.append(make("option", { value: key }, words));
      select.append(group);
    } else select.append(make("option", { value: first }, second));
  }
  if (value !== null && value !== undefined) select.value = value;
  return make("label", {}, label, " ", select);
}

function makeCheck(label, checked, onchange) {
  const box = make("input", { type: "checkbox", checked, onchange: () => onchange(box.checked) });
  return make("label", { class: "check" }, box, " ", label);
}

/** A number as in the tables of the package: fixed decimals, a true minus, a dash for none. */
function format(value, decimals, sign = false) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  let text = value.toFixed(decimals);
  if (Number(text) === 0) text = text.replace("-", "");
  else if (sign && value > 0) text = `+${text}`;
  return text.replace("-", "−");
}

function formatTime(seconds) {
  const whole = Math.max(0, seconds);
  const minutes = Math.floor(whole / 60);
  return `${minutes}:${(whole - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

const headingOf = (column) =>
  `${column.heading}${column.unit ? ` [${column.unit}]` : ""} ${column.better === "higher" ? "↑" : "↓"}`;

/** The colour of a track: grey for noisy, one of its own for each system, green for clean. */
function hueOf(set, track) {
  if (set.tracks[track].system) return `hue-${((track - 1) % 6) + 1}`;
  return track === 0 ? "hue-noisy" : "hue-clean";
}

/** Value of a track, or null. */
function valueOf(set, track, column, row) {
  const values = set.values[track];
  return values ? values[column][row] : null;
}

/** How much better than noisy: positive is better. Null where one of both is missing. */
function gainOf(set, track, column, row) {
  const before = valueOf(set, 0, column, row);
  const after = valueOf(set, track, column, row);
  if (before === null || after === null) return null;
  return set.columns[column].better === "higher" ? after - before : before - after;
}

const shownColumns = (set) =>
  set.columns.map((column, index) => index).filter((index) => set.columns[index].shown);
const scoredTracks = (set) =>
  set.tracks.map((track, index) => index).filter((index) => set.tracks[index].scored);

/** What the browser keeps for this page; nothing where it refuses to. */
const memory = {
  read(name) {
    try {
      return JSON.parse(localStorage.getItem(`urgent26-report:${content.key}:${name}`));
    } catch {
      return null;
    }
  },
  write(name, value) {
    try {
      localStorage.setItem(`urgent26-report:${content.key}:${name}`, JSON.stringify(value));
    } catch {
      return; // the page works without
    }
  },
};
