/* Before and after as one sound file, left and right: whichever is heard, both are at the same position. */

const FADE_S = 0.008;
const BEFORE = 0;
const AFTER = 1;

class Comparison extends EventTarget {
  static #context = null;
  static #all = new Set();
  #audio = make("audio", { preload: "metadata" });
  #gains = null;
  #rms;

  constructor(url, seconds, rms) {
    super();
    this.seconds = seconds;
    this.track = AFTER;
    this.range = null; // { from, to } in seconds, repeated
    this.repeating = false;
    this.levelled = false;
    this.#rms = rms;
    Comparison.#all.add(this);
    for (const event of ["loadedmetadata", "play", "pause", "seeked", "ended"]) {
      this.#audio.addEventListener(event, () => this.#changed());
    }
    this.#audio.addEventListener("error", () => {
      if (this.#audio.hasAttribute("src")) this.dispatchEvent(new Event("error"));
    });
    this.addEventListener("move", () => this.#turnBack());
    this.#audio.src = url;
  }

  get ready() {
    return this.#audio.readyState > 0;
  }

  get playing() {
    return !this.#audio.paused;
  }

  get position() {
    return Math.min(this.#audio.currentTime, this.seconds);
  }

  async play() {
    for (const other of Comparison.#all) if (other !== this) other.pause();
    this.#connect();
    if (Comparison.#context.state === "suspended") await Comparison.#context.resume();
    await this.#audio.play();
  }

  pause() {
    this.#audio.pause();
  }

  toggle() {
    if (this.playing) this.pause();
    else if (this.ready) this.play().catch(() => this.#changed());
  }

  seek(seconds) {
    this.#audio.currentTime = Math.min(Math.max(0, seconds), this.seconds);
    this.#changed();
  }

  /** Hear the other one from the same position on. */
  choose(track) {
    this.track = track;
    this.#fade();
    this.#changed();
  }

  keyTrack(number) {
    if (number <= AFTER) this.choose(number);
  }

  /** Repeat a stretch, or everything (null), or nothing. */
  repeat(repeating, range = this.range) {
    this.repeating = repeating;
    this.range = range;
    this.#audio.loop = repeating && !range;
    if (repeating && range && (this.position < range.from || this.position > range.to)) this.seek(range.from);
    else this.#changed();
  }

  setLevelled(levelled) {
    this.levelled = levelled;
    this.#fade();
    this.#changed();
  }

  /** Forget the sound. */
  close() {
    this.pause();
    Comparison.#all.delete(this);
    this.#audio.removeAttribute("src");
    this.#audio.load();
  }

  /** Gain of a track: what is heard alone, and no louder than the softer one if levels are made equal. */
  #gain(track) {
    if (track !== this.track) return 0;
    const softest = Math.min(...this.#rms);
    return this.levelled && softest > 0 ? softest / this.#rms[track] : 1;
  }

  /** From the file to the ear; a browser allows it from the first click on. */
  #connect() {
    if (this.#gains) return;
    Comparison.#context ??= new AudioContext();
    const context = Comparison.#context;
    const splitter = context.createChannelSplitter(2);
    context.createMediaElementSource(this.#audio).connect(splitter);
    this.#gains = [BEFORE, AFTER].map((track) => {
      const gain = context.createGain();
      gain.gain.value = this.#gain(track);
      splitter.connect(gain, track).connect(context.destination);
      return gain;
    });
  }

  #fade() {
    this.#gains?.forEach((gain, track) => {
      gain.gain.setTargetAtTime(this.#gain(track), Comparison.#context.currentTime, FADE_S / 3);
    });
  }

  #turnBack() {
    if (this.playing && this.repeating && this.range && this.#audio.currentTime >= this.range.to) {
      this.#audio.currentTime = this.range.from;
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Where a panel finds its picture. */
const imageUrl = async (recording) => recording.url;

/** Two spectrograms and the buttons of a player; `about` is what the server tells of a finished recording. */
function makeComparison(player, key, about) {
  const set = {
    tracks: [
      { name: "before", system: false, scored: false },
      { name: "after", system: true, scored: false },
    ],
    ids: [about.label],
  };
  const tracks = ["before", "after"].map((name) => ({
    seconds: about.seconds,
    rate_hz: about.rate_hz,
    url: `/jobs/${key}/${name}.webp`,
  }));
  const clip = { row: 0, tracks, top_hz: about.rate_hz / 2 };
  const shown = { columns: [], rate: false };
  const panels = tracks.map(
    (_, track) =>
      new Panel(player, set, clip, track, track, shown, (range) => {
        for (const panel of panels) panel.showRange(range);
      }),
  );
  player.addEventListener("change", () => {
    for (const panel of panels) {
      panel.showHeard(player.track);
      panel.showRange(player.range);
      panel.showPosition(player.position);
    }
  });
  player.addEventListener("move", () => panels.forEach((panel) => panel.showPosition(player.position)));
  const level = makeCheck("Same level", false, (checked) => player.setLevelled(checked));
  const legend = make(
    "p",
    { class: "legend" },
    make("span", { class: "scale", "aria-hidden": "true" }),
    `${format(about.top_db - 80, 0)} to ${format(about.top_db, 0)} dB re full scale. `,
    about.channels > 1 ? `Heard and seen here: the mean of ${about.channels} channels. ` : "",
    "Drag over a picture to repeat a stretch.",
  );
  const keys = make("p", { class: "legend keys" });
  for (const [name, words] of [
    ["space", "play"],
    ["1 2", "before, after"],
    ["← →", "1 s, with shift 0.1 s"],
    ["L", "repeat"],
  ]) {
    keys.append(make("kbd", {}, name), ` ${words} `);
  }
  const pair = make("div", { class: "panels" }, ...panels.map((panel) => panel.element));
  const body = make("div", { class: "body" }, pair, makeTransport(player, [level]), legend, keys);
  player.dispatchEvent(new Event("change"));
  return body;
}
