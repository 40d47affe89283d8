/* The players: a list of utterances by gain, and one utterance with all its tracks. */

const CASES = 5;

class Listen {
  #set;
  #clip = null;
  #column = null;
  #system = null;
  #panels = [];
  #list = byId("case-list");
  #stage = byId("stage");

  constructor() {
    this.player = new Player();
    this.player.keyTrack = (number) => {
      const track = this.#present()[number];
      if (track !== undefined) this.player.choose(track);
    };
    this.stacked = false;
    this.player.addEventListener("change", () => this.#showState());
    this.player.addEventListener("move", () => this.#showPosition());
  }

  /** Show another test set. */
  show(set) {
    this.#set = set;
    this.#system = scoredTracks(set).find((track) => set.tracks[track].system) ?? null;
    this.#column = this.#gainColumns()[0] ?? null;
    this.#makeChoice();
    this.#makeList();
    this.player.track = Math.min(1, set.tracks.length - 1);
    if (set.clips.length) this.open(set.clips[this.#firstClip()].row, false);
    else {
      this.#clip = null;
      this.player.load([]);
      this.#stage.replaceChildren(
        make("p", { class: "remark" }, "No recordings are embedded in this page."),
      );
    }
  }

  /** Show the utterance of a row, and go there. */
  open(row, move = true) {
    const clip = this.#set.clips.find((one) => one.row === row);
    if (!clip) return;
    this.#clip = clip;
    this.#makeStage();
    this.#markCase();
    this.player.load(clip.tracks).catch((error) => {
      this.#stage.append(
        make("p", { class: "remark warning", role: "alert" }, `Cannot decode: ${error.message}`),
      );
    });
    keyPlayer = this.player;
    if (move) byId("listen").scrollIntoView({ block: "start" });
  }

  /** The next or previous utterance of the list. */
  step(by) {
    const rows = [...this.#list.querySelectorAll("button:not([aria-disabled])")].map((one) =>
      Number(one.dataset.row),
    );
    if (!rows.length) return;
    const at = rows.indexOf(this.#clip ? this.#clip.row : -1);
    this.open(rows[(at + by + rows.length) % rows.length], false);
  }

  #present() {
    return this.#clip
      ? this.#clip.tracks.map((one, track) => (one ? track : -1)).filter((track) => track >= 0)
      : [];
  }

  #gainColumns() {
    if (this.#system === null || !this.#set.tracks[0].scored) return [];
    const columns = shownColumns(this.#set);
    const first = ["PESQ", "SI_SDR", "DNSMOS_OVRL"];
    const order = (index) => {
      const place = first.indexOf(this.#set.columns[index].name);
      return place < 0 ? first.length : place;
    };
    return columns
      .filter((column) =>
        this.#set.ids.some((id, row) => gainOf(this.#set, this.#system, column, row) !== null),
      )
      .sort((one, other) => order(one) - order(other) || one - other);
  }

  #firstClip() {
    const gains = this.#set.clips.map((clip) =>
      this.#column === null ? null : gainOf(this.#set, this.#system, this.#column, clip.row),
    );
    const best = gains.reduce(
      (at, gain, index) => (gain !== null && gain > (gains[at] ?? -Infinity) ? index : at),
      0,
    );
    return best;
  }

  #makeChoice() {
    const place = byId("case-choice");
    place.replaceChildren();
    if (this.#column === null) return;
    const columns = this.#gainColumns().map((index) => [String(index), this.#set.columns[index].heading]);
    place.append(
      makeSelect("Gain in", columns, String(this.#column), (value) => {
        this.#column = Number(value);
        this.#makeList();
      }),
    );
    const systems = scoredTracks(this.#set).filter((track) => this.#set.tracks[track].system);
    if (systems.length > 1) {
      const options = systems.map((track) => [String(track), this.#set.tracks[track].name]);
      place.append(
        makeSelect("of", options, String(this.#system), (value) => {
          this.#system = Number(value);
          this.#makeList();
        }),
      );
    }
  }

  /** The largest and smallest gains of all utterances, and between them what else can be heard. */
  #makeList() {
    const set = this.#set;
    this.#list.replaceChildren();
    const heard = new Map(set.clips.map((clip) => [clip.row, clip]));
    if (this.#column === null) {
      this.#addCases(
        "With audio",
        [...heard.keys()].map((row) => [row, null]),
        heard,
        1,
      );
      this.#markCase();
      return;
    }
    const gains = set.ids
      .map((id, row) => [row, gainOf(set, this.#system, this.#column, row)])
      .filter(([, gain]) => gain !== null)
      .sort((one, other) => other[1] - one[1]);
    const count = Math.min(CASES, Math.ceil(gains.length / 2));
    const best = gains.slice(0, count);
    const worst = gains.slice(Math.max(count, gains.length - count));
    const extremes = new Set([...best, ...worst].map(([row]) => row));
    const others = gains.filter(([row]) => heard.has(row) && !extremes.has(row));
    const scored = new Set(gains.map(([row]) => row));
    for (const row of heard.keys()) if (!scored.has(row)) others.push([row, null]);
    const scale = Math.max(1e-9, ...gains.map(([, gain]) => Math.abs(gain)));
    this.#addCases("Largest gains", best, heard, scale);
    if (others.length) this.#addCases("Between", others, heard, scale);
    if (worst.length) this.#addCases("Smallest gains", worst, heard, scale);
    this.#markCase();
  }

  #addCases(title, rows, heard, scale) {
    const list = make("ol", { "aria-label": title });
    const decimals = this.#column === null ? 0 : this.#set.columns[this.#column].decimals;
    for (const [row, gain] of rows) {
      const clip = heard.get(row);
      const bar = make("i", { class: gain < 0 ? "bar loss" : "bar" });
      bar.style.width = `${(50 * Math.abs(gain ?? 0)) / scale}%`;
      const button = make(
        "button",
        {
          type: "button",
          "data-row": row,
          "aria-disabled": clip ? null : "true",
          title: clip ? clip.why.join(", ") : "without audio: --listen decides which have it",
          onclick: () => this.open(row, false),
        },
        make("span", { class: "case-id" }, this.#set.ids[row]),
        gain === null ? null : make("span", { class: "number" }, format(gain, decimals, true)),
        gain === null ? null : make("span", { class: "track-bar", "aria-hidden": "true" }, bar),
      );
      list.append(make("li", {}, button));
    }
    this.#list.append(make("h3", {}, title), list);
  }

  #markCase() {
    for (const button of this.#list.querySelectorAll("button")) {
      const current = this.#clip && Number(button.dataset.row) === this.#clip.row;
      if (current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  #makeStage() {
    const clip = this.#clip;
    const present = this.#present();
    const shared = this.#sharedRate();
    const shown = { columns: this.#panelColumns(), rate: shared === null };
    this.#panels = present.map(
      (track, place) =>
        new Panel(this.player, this.#set, clip, track, place, shown, (range) => this.#showRange(range)),
    );
    const layout = makeCheck("Stacked", this.stacked, (checked) => {
      this.stacked = checked;
      panels.classList.toggle("stacked", checked);
    });
    const level = makeCheck("Same level", this.player.levelled, (checked) =>
      this.player.setLevelled(checked),
    );
    level.title = "All tracks as soft as the softest one (root mean square)";
    const length = `${format(Math.max(...present.map((track) => clip.tracks[track].seconds)), 1)} s`;
    const panels = make("div", { class: "panels" }, ...this.#panels.map((one) => one.element));
    panels.classList.toggle("stacked", this.stacked);
    panels.classList.toggle("four", present.length === 4); // in one row where three would leave a gap
    const head = make(
      "div",
      { class: "stage-head" },
      make("h3", { "aria-live": "polite" }, this.#set.ids[clip.row]),
      make("span", { class: "rate" }, shared === null ? length : `${length}, ${rateWords(shared)}`),
      make("p", { class: "why", title: clip.why.join(", ") }, clip.why.slice(0, 2).join(" · ")),
      make(
        "div",
        { class: "steps" },
        make(
          "button",
          { type: "button", class: "quiet", title: "P", onclick: () => this.step(-1) },
          "‹ Previous",
        ),
        make(
          "button",
          { type: "button", class: "quiet", title: "N", onclick: () => this.step(1) },
          "Next ›",
        ),
      ),
    );
    const legend = make(
      "p",
      { class: "legend" },
      make("span", { class: "scale", "aria-hidden": "true" }),
      `${format(clip.top_db - 80, 0)} to ${format(clip.top_db, 0)} dB re full scale, one scale for all. `,
      "Drag over a picture to repeat a stretch.",
    );
    const keys = make("p", { class: "legend keys" });
    for (const [key, words] of [
      ["space", "play"],
      [present.length > 1 ? `1–${present.length}` : "1", "track"],
      ["← →", "1 s, with shift 0.1 s"],
      ["L", "repeat"],
      ["N P", "next, previous"],
    ]) {
      keys.append(make("kbd", {}, key), ` ${words} `);
    }
    this.#stage.replaceChildren(head, panels, makeTransport(this.player, [level, layout]), legend, keys);
  }

  /** The sampling rate of all tracks; null where they differ. */
  #sharedRate() {
    const rates = new Set(this.#clip.tracks.filter(Boolean).map((one) => one.rate_hz));
    return rates.size === 1 ? [...rates][0] : null;
  }

  #panelColumns() {
    const chosen = this.#gainColumns().slice(0, 4);
    return chosen.length ? chosen : shownColumns(this.#set).slice(0, 4);
  }

  #showState() {
    for (const panel of this.#panels) panel.showHeard(this.player.track);
    this.#showRange(this.player.range);
    this.#showPosition();
  }

  #showRange(range) {
    for (const panel of this.#panels) panel.showRange(range);
  }

  #showPosition() {
    for (const panel of this.#panels) panel.showPosition(this.player.position);
  }
}
