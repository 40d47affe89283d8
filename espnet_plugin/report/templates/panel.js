/* One track of an utterance: its button, its spectrogram with the position in it, its scores. */

const LEAST_RANGE_S = 0.05;

class Panel {
  #player;
  #track;
  #seconds;
  #button;
  #head = make("i", { class: "playhead" });
  #range = make("i", { class: "range", hidden: true });

  /**
   * @param place of the track among those that are there, for its key.
   * @param shown columns whose scores stand below, and whether the sampling rate is told.
   * @param ondrag called with the range that is being marked, or with that of the player.
   */
  constructor(player, set, clip, track, place, shown, ondrag) {
    this.#player = player;
    this.#track = track;
    this.#seconds = Math.max(...clip.tracks.map((one) => (one ? one.seconds : 0)));
    const recording = clip.tracks[track];
    const name = set.tracks[track].name;
    this.#button = make(
      "button",
      {
        type: "button",
        class: `track ${hueOf(set, track)}`,
        "aria-pressed": "false",
        onclick: () => player.choose(track),
      },
      make("kbd", {}, String(place + 1)),
      make("span", { class: "track-name" }, name),
      shown.rate ? make("span", { class: "rate" }, rateWords(recording.rate_hz)) : null,
    );
    const image = make("img", { alt: `Spectrogram: ${name} of ${set.ids[clip.row]}`, draggable: false });
    image.style.width = `${(100 * recording.seconds) / this.#seconds}%`;
    imageUrl(recording).then((url) => {
      image.src = url;
    });
    const marks = frequencyMarks(clip.top_hz);
    const picture = make("div", { class: "picture" }, image, this.#range, this.#head, ...marks);
    this.#letDrag(picture, ondrag);
    const scores = make("dl", { class: "panel-scores" });
    for (const column of set.tracks[track].scored ? shown.columns : []) {
      const value = format(valueOf(set, track, column, clip.row), set.columns[column].decimals);
      scores.append(make("div", {}, make("dt", {}, set.columns[column].heading), make("dd", {}, value)));
    }
    this.element = make(
      "figure",
      { class: `panel ${hueOf(set, track)}` },
      this.#button,
      picture,
      timeMarks(this.#seconds),
      scores,
    );
  }

  showHeard(track) {
    this.#button.setAttribute("aria-pressed", String(track === this.#track));
    this.element.classList.toggle("heard", track === this.#track);
  }

  showRange(range) {
    this.#range.hidden = !range;
    if (!range) return;
    this.#range.style.left = `${(100 * range.from) / this.#seconds}%`;
    this.#range.style.width = `${(100 * (range.to - range.from)) / this.#seconds}%`;
  }

  showPosition(seconds) {
    this.#head.style.left = `${(100 * seconds) / this.#seconds}%`;
  }

  /** A click goes there, a drag marks a stretch that is repeated. */
  #letDrag(picture, ondrag) {
    const player = this.#player;
    let from = null;
    const rangeTo = (event) => {
      const box = picture.getBoundingClientRect();
      const share = Math.min(Math.max(0, (event.clientX - box.left) / box.width), 1);
      const to = share * this.#seconds;
      return { from: Math.min(from ?? to, to), to: Math.max(from ?? to, to) };
    };
    const isRange = (range) => range.to - range.from > LEAST_RANGE_S;
    picture.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = rangeTo(event).from;
      picture.setPointerCapture(event.pointerId);
      keyPlayer = player;
    });
    picture.addEventListener("pointermove", (event) => {
      if (from !== null && isRange(rangeTo(event))) ondrag(rangeTo(event));
    });
    picture.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const range = rangeTo(event);
      from = null;
      if (isRange(range)) player.repeat(true, range);
      else {
        player.repeat(player.range ? false : player.repeating, null);
        player.seek(range.to);
      }
    });
    picture.addEventListener("pointercancel", () => {
      from = null;
      ondrag(player.range);
    });
  }
}

const rateWords = (rateHz) => `${Number((rateHz / 1000).toFixed(2))} kHz`;

/** Steps of 1, 2 or 5 that give at most `count` marks. */
function marks(top, count) {
  const rough = top / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough - 1e-9);
  const found = [];
  for (let at = step; at < top - 0.02 * top; at += step) found.push(Number(at.toPrecision(6)));
  return found;
}

function frequencyMarks(topHz) {
  return marks(topHz / 1000, 4).map((kilohertz) => {
    const mark = make("span", { class: "frequency", "aria-hidden": "true" }, `${kilohertz} kHz`);
    mark.style.bottom = `${(100000 * kilohertz) / topHz}%`;
    return mark;
  });
}

function timeMarks(seconds) {
  const axis = make("div", { class: "seconds", "aria-hidden": "true" });
  for (const at of marks(seconds, 5)) {
    const mark = make("span", {}, `${at} s`);
    mark.style.left = `${(100 * at) / seconds}%`;
    axis.append(mark);
  }
  return axis;
}
