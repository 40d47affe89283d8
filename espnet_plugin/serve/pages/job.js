/* One recording of this tab: uploaded, waited for, compared. */

const LOOK_MS = 500;

const timeWords = (seconds) =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;

class Job {
  #name = make("button", { type: "button", class: "name", onclick: () => this.#setOpen(this.#body.hidden) });
  #state = make("span", { class: "state", role: "status" });
  #actions = make("div", { class: "steps" });
  #progress = make("progress", { max: 1, "aria-label": "Progress" });
  #body = make("div", { hidden: true });
  #remove;
  #timer = 0;
  #request = null;
  #ended = false;

  /** @param onchange called when the key or the life of the job changes. */
  constructor(label, onchange) {
    this.key = null;
    this.player = null;
    this.onchange = onchange;
    this.#remove = make("button", { type: "button", class: "quiet", onclick: () => this.remove() }, "Cancel");
    this.#name.append(label);
    this.#name.disabled = true;
    this.#actions.append(this.#remove);
    const head = make("div", { class: "stage-head" }, this.#name, this.#state, this.#actions);
    this.element = make("article", { class: "stage", "aria-label": label }, head, this.#progress, this.#body);
  }

  /** Send a file to the server. */
  send(file, options) {
    if (file.size > content.limit_bytes) {
      this.#fail(`The file is larger than ${content.limit_bytes / 1e6} MB, which is the limit here.`);
      return;
    }
    const request = new XMLHttpRequest(); // tells the progress of an upload, as fetch does not
    this.#request = request;
    request.open("POST", `/jobs?${new URLSearchParams({ ...options, name: file.name })}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      this.#show("Uploading", event.total ? event.loaded / event.total : null);
    };
    request.onerror = () => this.#fail("The server did not take the file: it is gone or refused it.");
    request.onload = () => {
      if (request.status !== 201) this.#fail(request.responseText);
      else this.follow(JSON.parse(request.responseText).key);
    };
    this.#show("Uploading", 0);
    request.send(file);
  }

  /** Follow a recording that the server has. */
  follow(key) {
    this.key = key;
    this.onchange(this);
    this.#look();
  }

  /** Delete it here and on the server, finished or not. */
  remove() {
    this.#ended = true;
    this.#request?.abort();
    clearTimeout(this.#timer);
    this.player?.close();
    if (this.key) fetch(`/jobs/${this.key}`, { method: "DELETE" }).catch(() => {});
    this.key = null;
    this.element.remove();
    this.onchange(this);
  }

  async #look() {
    let response;
    try {
      response = await fetch(`/jobs/${this.key}`);
    } catch {
      if (!this.#ended) this.#fail("The server is gone; start it again and send the recording once more.");
      return;
    }
    if (this.#ended) return;
    if (!response.ok) {
      this.#fail(response.status === 404 ? "It was deleted on the server." : await response.text());
      return;
    }
    const about = await response.json();
    if (this.#ended) return;
    if (about.state === "failed") this.#fail(about.reason);
    else if (about.state === "done") this.#finish(about);
    else {
      if (about.state === "waiting") {
        const others = about.ahead === 1 ? "1 recording" : `${about.ahead} recordings`;
        this.#show(about.ahead ? `Waiting for ${others} before it` : "Next", null);
      } else if (about.state === "working") {
        const share = about.audio_s ? about.done_s / about.audio_s : 0;
        const left = share > 0 ? `, about ${timeWords((about.elapsed_s * (1 - share)) / share)} left` : "";
        this.#show(`Enhancing${left}`, share || null);
      }
      this.#timer = setTimeout(() => this.#look(), LOOK_MS);
    }
  }

  #show(words, share) {
    this.#state.textContent = words;
    if (share === null) this.#progress.removeAttribute("value");
    else this.#progress.value = share;
  }

  #finish(about) {
    this.#progress.remove();
    this.#remove.textContent = "Delete";
    const chosen = content.options
      .filter((option) => option.name in about.options)
      .map((option) => option.choices[about.options[option.name]]);
    const facts = [
      formatTime(about.seconds),
      rateWords(about.rate_hz),
      `${about.channels} channel${about.channels === 1 ? "" : "s"}`,
      about.level_change_db === null ? null : `level ${format(about.level_change_db, 1, true)} dB`,
      about.clipped ? `${about.clipped} samples clipped` : null,
    ];
    this.#state.textContent = facts.filter(Boolean).join(" · ");
    this.element.title = chosen.join(", ");
    const href = `/jobs/${this.key}/result`;
    this.#actions.prepend(make("a", { class: "primary", href, download: about.download }, "Download"));
    this.player = new Comparison(`/jobs/${this.key}/sound`, about.seconds, about.rms);
    this.player.addEventListener("error", () => {
      const words = "The browser cannot play it; download it.";
      this.#body.append(make("p", { class: "remark warning", role: "alert" }, words));
    });
    this.#body.append(makeComparison(this.player, this.key, about));
    this.#name.disabled = false;
    this.element.addEventListener("focusin", () => (keyPlayer = this.player));
    this.#setOpen(true);
    if (!keyPlayer?.playing) keyPlayer = this.player;
    // When the server has deleted it, so does the page.
    this.#timer = setTimeout(() => this.remove(), 1000 * about.left_s);
    this.onchange(this);
  }

  #fail(words) {
    this.#ended = true;
    this.key = null;
    this.#progress.remove();
    this.#remove.textContent = "Dismiss";
    this.#state.classList.add("warning");
    this.#state.textContent = words.trim();
    this.onchange(this);
  }

  #setOpen(open) {
    if (!open) this.player.pause();
    this.#body.hidden = !open;
    this.#name.setAttribute("aria-expanded", String(open));
  }
}
