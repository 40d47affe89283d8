/* What holds the parts together: the chosen set, the theme, and the keys. */

const listen = new Listen();
const utterances = new Utterances((row) => listen.open(row));
const blind = new Blind();

function showSet(index) {
  const set = content.sets[index];
  for (const part of document.querySelectorAll(".set")) part.hidden = Number(part.dataset.set) !== index;
  listen.show(set);
  utterances.show(set);
  blind.show(set, index);
  keyPlayer = listen.player;
}

for (const part of document.querySelectorAll(".set")) {
  const set = content.sets[Number(part.dataset.set)];
  for (const mark of part.querySelectorAll("[data-track]"))
    mark.classList.add(hueOf(set, Number(mark.dataset.track)));
}

byId("set-choice")?.addEventListener("change", (event) => showSet(Number(event.target.value)));

const THEMES = { "": "Theme: system", light: "Theme: light", dark: "Theme: dark" };
function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = THEMES[theme];
}
byId("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  memory.write("theme", next);
  showTheme(next);
});
showTheme(memory.read("theme") ?? "");

document.addEventListener("focusin", (event) => {
  if (event.target.closest("#blind .stage")) keyPlayer = blind.player;
  else if (event.target.closest("#listen")) keyPlayer = listen.player;
});

let reachedByKeys = false; // whether the focus was moved with the tabulator and not by a click
document.addEventListener("pointerdown", () => {
  reachedByKeys = false;
});

let spaceTaken = false; // some browsers press a focused button only when the key is released

document.addEventListener("keyup", (event) => {
  if (event.key === " " && spaceTaken) event.preventDefault();
  spaceTaken = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Tab") reachedByKeys = true;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target;
  if (target.closest("select, textarea, input:not([type=range]):not([type=checkbox])")) return;
  // Space presses a button that was reached by keys; after a click it belongs to the player.
  if (event.key === " " && reachedByKeys && target.closest("button, a, input[type=checkbox]")) return;
  if (target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
  // The arrows scroll wide tables.
  if (target.closest(".scroll") && event.key !== " " && !/^[1-9]$/.test(event.key)) return;
  if ((event.key === "n" || event.key === "p") && keyPlayer === listen.player)
    listen.step(event.key === "n" ? 1 : -1);
  else if (!playerKey(keyPlayer, event.key, event.shiftKey)) return;
  spaceTaken = event.key === " ";
  event.preventDefault();
});

showSet(0);
document.documentElement.dataset.usable = String(Math.round(performance.now()));
