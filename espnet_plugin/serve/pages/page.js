/* What holds the parts together: files, microphone, options, the recordings of this tab, keys. */

const KEPT = "urgent26-serve-jobs";
const jobs = new Set();
const options = {};

function say(words) {
  byId("problem").textContent = words;
}

/** The recordings of this tab are still there when it is loaded again. */
function keep(job) {
  if (!job.element.isConnected) jobs.delete(job);
  const kept = [...jobs].filter((one) => one.key).map((one) => [one.key, one.element.ariaLabel]);
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
}

function addJob(label) {
  const job = new Job(label, keep);
  jobs.add(job);
  byId("jobs").prepend(job.element);
  return job;
}

function sendFiles(files) {
  say("");
  for (const file of files) addJob(file.name).send(file, options);
}

byId("facts").append(
  make("span", {}, `${content.model} on ${content.device}`),
  make("span", {}, `all recordings are deleted after ${timeWords(content.keep_s)}`),
);
const most = `${content.limit_bytes / 1e6} MB and ${timeWords(content.limit_s)}`;
byId("limits").textContent = `audio or video, at most ${most}`;
for (const option of content.options) {
  options[option.name] = option.value;
  byId("options").append(
    makeSelect(option.title, Object.entries(option.choices), option.value, (value) => {
      options[option.name] = value;
    }),
  );
}

byId("files").addEventListener("change", (event) => {
  sendFiles([...event.target.files]);
  event.target.value = "";
});

// A file that misses the field must not replace the page.
for (const event of ["dragover", "drop"]) document.addEventListener(event, (one) => one.preventDefault());
document.addEventListener("dragover", () => byId("drop").classList.add("over"));
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) byId("drop").classList.remove("over");
});
document.addEventListener("drop", (event) => {
  byId("drop").classList.remove("over");
  sendFiles([...event.dataTransfer.files]);
});

const recorder = new Recorder((seconds, levelDb) => {
  byId("recorded").textContent = formatTime(seconds);
  byId("loudness").value = levelDb;
  if (seconds >= content.limit_s) finishRecording();
});

function showRecording(running) {
  byId("record").textContent = running ? "Stop" : "Record";
  byId("record").setAttribute("aria-pressed", String(running));
  byId("loudness").value = FLOOR_DB;
}

function finishRecording() {
  const file = recorder.stop();
  showRecording(false);
  sendFiles([file]);
}

byId("record").addEventListener("click", async () => {
  if (recorder.running) {
    finishRecording();
    return;
  }
  say("");
  byId("record").disabled = true;
  try {
    await recorder.start();
    showRecording(true);
  } catch (error) {
    say(`The microphone cannot be used: ${error.message}`);
  }
  byId("record").disabled = false;
});
if (!Recorder.possible) {
  byId("record").disabled = true;
  byId("record").title = "Browsers give a microphone to pages of this machine or of https only";
}

let spaceTaken = false; // some browsers press a focused button only when the key is released
document.addEventListener("keyup", (event) => {
  if (event.key === " " && spaceTaken) event.preventDefault();
  spaceTaken = false;
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keyPlayer) return;
  const target = event.target;
  if (target.closest("select, input:not([type=range]):not([type=checkbox])")) return;
  // Space presses a button that was reached by keys; after a click it belongs to the player.
  if (event.key === " " && target.closest("button, a, input") && target.matches(":focus-visible")) return;
  if (target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
  if (!playerKey(keyPlayer, event.key, event.shiftKey)) return;
  spaceTaken = event.key === " ";
  event.preventDefault();
});

for (const [key, label] of JSON.parse(sessionStorage.getItem(KEPT) ?? "[]")) addJob(label).follow(key);
