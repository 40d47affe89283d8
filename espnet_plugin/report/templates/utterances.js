/* The table of all utterances: sorted, filtered, and filled as it is scrolled. */

const ROWS_AT_ONCE = 120;

class Utterances {
  #set;
  #open;
  #view = "";
  #sort = { cell: null, down: false };
  #filter = {};
  #rows = [];
  #filled = 0;
  #table = byId("table");
  #observer;

  /** @param open called with a row that has audio. */
  constructor(open) {
    this.#open = open;
    this.#observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) this.#fill();
      },
      { root: this.#table.parentElement, rootMargin: "600px" },
    );
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
  }

  /** Show another test set. */
  show(set) {
    this.#set = set;
    this.#filter = { text: "", group: "", heard: false, cell: "0", from: "", to: "" };
    this.#sort = { cell: null, down: false };
    this.#view = this.#views()[0]?.[1][0][0] ?? "";
    this.#makeFilters();
    this.#refresh();
  }

  /** [heading, [[key, words], ...]]: one metric of all tracks, or all metrics of one track. */
  #views() {
    const set = this.#set;
    const tracks = scoredTracks(set);
    if (!tracks.length) return [];
    const metrics = shownColumns(set).map((column) => [`metric ${column}`, headingOf(set.columns[column])]);
    const whole = tracks.map((track) => [`track ${track}`, set.tracks[track].name]);
    const gains = set.tracks[0].scored
      ? tracks
          .filter((track) => set.tracks[track].system)
          .map((track) => [`gain ${track}`, set.tracks[track].name])
      : [];
    const views = [
      ["One metric, all systems", metrics],
      ["All scores of", whole],
    ];
    if (gains.length) views.push(["All gains of", gains]);
    return views;
  }

  /** The cells of a row in this view: heading, decimals, weight, value(row), whether it is a gain. */
  #cells() {
    const set = this.#set;
    const [kind, number] = this.#view.split(" ");
    const index = Number(number);
    if (!kind) return [];
    const columns = shownColumns(set);
    const cell = (heading, column, track, gain) => ({
      heading,
      gain,
      track,
      decimals: set.columns[column].decimals,
      weight: set.columns.findIndex((one) => one.name === set.columns[column].weight),
      value: (row) => (gain ? gainOf(set, track, column, row) : valueOf(set, track, column, row)),
    });
    if (kind === "track")
      return columns.map((column) => cell(headingOf(set.columns[column]), column, index, false));
    if (kind === "gain")
      return columns.map((column) => cell(set.columns[column].heading, column, index, true));
    const cells = [];
    for (const track of scoredTracks(set)) {
      cells.push(cell(set.tracks[track].name, index, track, false));
      if (set.tracks[track].system && set.tracks[0].scored) cells.push(cell("gain", index, track, true));
    }
    return cells;
  }

  #makeFilters() {
    const change = (name) => (value) => {
      this.#filter[name] = value;
      this.#refresh();
    };
    const text = make("input", {
      type: "search",
      placeholder: "part of a name",
      oninput: () => change("text")(text.value),
    });
    const range = (name, words) => {
      const input = make("input", {
        type: "number",
        step: "any",
        class: "short",
        "aria-label": words,
        oninput: () => change(name)(input.value),
      });
      return input;
    };
    const filters = byId("filters");
    filters.replaceChildren();
    const views = this.#views();
    if (views.length) {
      filters.append(
        makeSelect("Show", views, this.#view, (value) => {
          this.#view = value;
          this.#filter.cell = "0";
          this.#sort = { cell: null, down: false };
          this.#makeRange();
          this.#refresh();
        }),
      );
    }
    filters.append(make("label", {}, "Name ", text));
    const groups = Object.entries(this.#set.groups).map(([heading, of]) => [
      heading,
      Object.keys(of).map((label) => [JSON.stringify([heading, label]), label]),
    ]);
    if (groups.length) filters.append(makeSelect("Group", [["", "all"], ...groups], "", change("group")));
    if (views.length) {
      filters.append(
        make("span", { class: "between", id: "range-cell" }),
        make("label", {}, "from ", range("from", "smallest value")),
        make("label", {}, "to ", range("to", "largest value")),
      );
    }
    if (this.#set.clips.length) filters.append(makeCheck("with audio", false, change("heard")));
    this.#makeRange();
  }

  #makeRange() {
    const place = byId("range-cell");
    if (!place) return;
    const cells = this.#cells().map((cell, index) => [String(index), this.#title(cell)]);
    place.replaceChildren(
      makeSelect("Where", cells, this.#filter.cell, (value) => {
        this.#filter.cell = value;
        this.#refresh();
      }),
    );
  }

  #title(cell) {
    const metric = this.#view.startsWith("metric");
    return metric && cell.gain ? `gain of ${this.#set.tracks[cell.track].name}` : cell.heading;
  }

  #refresh() {
    const set = this.#set;
    const cells = this.#cells();
    const heard = new Set(set.clips.map((clip) => clip.row));
    const filter = this.#filter;
    const text = filter.text.trim().toLowerCase();
    const [heading, label] = filter.group ? JSON.parse(filter.group) : [];
    const members = heading ? new Set(set.groups[heading][label]) : null;
    const ranged = cells[Number(filter.cell)];
    const [from, to] = [filter.from, filter.to].map((edge) => (edge === "" ? null : Number(edge)));
    this.#rows = set.ids
      .map((id, row) => row)
      .filter((row) => {
        if (text && !set.ids[row].toLowerCase().includes(text)) return false;
        if (members && !members.has(row)) return false;
        if (filter.heard && !heard.has(row)) return false;
        if (from === null && to === null) return true;
        const value = ranged.value(row);
        return value !== null && (from === null || value >= from) && (to === null || value <= to);
      });
    this.#sortRows(cells);
    byId("count").textContent = `${this.#rows.length} of ${set.ids.length} utterances`;
    this.#makeHead(cells);
    this.#makeFoot(cells);
    this.#table.tBodies[0].replaceChildren();
    this.#filled = 0;
    this.#fill();
  }

  #sortRows(cells) {
    const { cell, down } = this.#sort;
    if (cell === null) return;
    if (cell === "name") {
      const compare = new Intl.Collator("en", { numeric: true }).compare;
      this.#rows.sort((one, other) => compare(this.#set.ids[one], this.#set.ids[other]));
      if (down) this.#rows.reverse();
      return;
    }
    const values = new Map(this.#rows.map((row) => [row, cells[cell].value(row)]));
    const sign = down ? -1 : 1;
    this.#rows.sort((one, other) => {
      const [first, second] = [values.get(one), values.get(other)];
      if (first === null || second === null) return (first === null) - (second === null) || one - other;
      return sign * (first - second) || one - other;
    });
  }

  #makeHead(cells) {
    const head = make("tr");
    const add = (key, words, classes) => {
      const sorted = this.#sort.cell === key;
      const direction = sorted ? (this.#sort.down ? "descending" : "ascending") : "none";
      const button = make(
        "button",
        {
          type: "button",
          "data-sort": key,
          onclick: () => {
            // The first click brings large values up, names from A on.
            const down = sorted ? !this.#sort.down : key !== "name";
            this.#sort = { cell: key, down };
            this.#refresh();
            this.#table.querySelector(`[data-sort="${key}"]`).focus();
          },
        },
        words,
        make(
          "span",
          { class: "arrow", "aria-hidden": "true" },
          sorted ? (this.#sort.down ? " ▾" : " ▴") : "",
        ),
      );
      head.append(make("th", { scope: "col", class: classes, "aria-sort": direction }, button));
    };
    add("name", "utterance", "");
    cells.forEach((cell, index) => {
      const hue = this.#view.startsWith("metric") ? ` ${hueOf(this.#set, cell.track)}` : "";
      add(index, cell.heading, `number${cell.gain ? " gain" : ""}${hue}`);
    });
    this.#table.tHead.replaceChildren(head);
  }

  /** Means of the rows that passed the filter. */
  #makeFoot(cells) {
    const foot = make("tr", {}, make("th", { scope: "row" }, "mean of these"));
    for (const cell of cells) {
      let [sum, weights] = [0, 0];
      for (const row of this.#rows) {
        const value = cell.value(row);
        const weight = cell.weight < 0 ? 1 : (valueOf(this.#set, cell.track, cell.weight, row) ?? 0);
        if (value === null) continue;
        sum += weight * value;
        weights += weight;
      }
      foot.append(
        make("td", { class: "number" }, format(weights ? sum / weights : null, cell.decimals, cell.gain)),
      );
    }
    this.#table.tFoot.replaceChildren(foot);
  }

  #fill() {
    const set = this.#set;
    const cells = this.#cells();
    const heard = new Set(set.clips.map((clip) => clip.row));
    const rows = this.#rows.slice(this.#filled, this.#filled + ROWS_AT_ONCE);
    const piece = document.createDocumentFragment();
    for (const row of rows) {
      const name = heard.has(row)
        ? make(
            "button",
            { type: "button", class: "hear", onclick: () => this.#open(row) },
            make("span", { "aria-hidden": "true" }, "▶ "),
            set.ids[row],
          )
        : set.ids[row];
      const line = make("tr", {}, make("th", { scope: "row" }, name));
      for (const cell of cells) {
        const value = cell.value(row);
        const tone = cell.gain && value !== null ? (value < 0 ? " loss" : " won") : "";
        line.append(
          make(
            "td",
            { class: `number${cell.gain ? " gain" : ""}${tone}` },
            format(value, cell.decimals, cell.gain),
          ),
        );
      }
      piece.append(line);
    }
    this.#table.tBodies[0].append(piece);
    this.#filled += rows.length;
    this.#observer.disconnect();
    if (this.#filled < this.#rows.length) this.#observer.observe(this.#table.tBodies[0].lastElementChild);
  }
}
