/* Several recordings played as one: all run together from one position, and one of them is heard. */

const FADE_S = 0.008;

async function blobText(index) {
  if (!byId(`blob-${index}`)) await parsed; // a large page is usable before all of it is here
  return byId(`blob-${index}`).textContent;
}

async function imageUrl(recording) {
  return `data:image/webp;base64,${await blobText(recording.image)}`;
}

async function blobBytes(index) {
  const text = await blobText(index);
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/** Decode one recording at its own rate, padded with silence to `seconds`. */
async function decode(recording, seconds) {
  const bytes = await blobBytes(recording.audio);
  const decoder = new OfflineAudioContext(1, 1, recording.rate_hz);
  const decoded = await decoder.decodeAudioData(bytes.buffer);
  const samples = Math.round(seconds * recording.rate_hz);
  if (decoded.length >= samples) return decoded;
  const padded = decoder.createBuffer(1, samples, recording.rate_hz);
  padded.copyToChannel(decoded.getChannelData(0), 0);
  return padded;
}

function rootMeanSquare(buffer) {
  const wave = buffer.getChannelData(0);
  let sum = 0;
  for (const sample of wave) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, wave.length));
}

class Player extends EventTarget {
  static #context = null;
  static #players = [];
  #buffers = [];
  #gains = [];
  #sources = [];
  #levels = [];
  #loads = 0;
  #startedAt = 0;
  #offset = 0;

  constructor() {
    super();
    this.track = 0;
    this.seconds = 0;
    this.playing = false;
    this.range = null; // { from, to } in seconds, repeated
    this.repeating = false;
    this.levelled = false;
    Player.#players.push(this);
  }

  /** Take other recordings (null for a track that is not there); resolves once they can be played. */
  async load(recordings) {
    this.pause();
    this.#loads += 1;
    const load = this.#loads;
    this.#buffers = [];
    this.#offset = 0;
    this.range = null;
    this.seconds = Math.max(0, ...recordings.map((one) => (one ? one.seconds : 0)));
    if (!recordings[this.track]) this.track = recordings.findIndex(Boolean);
    this.#changed();
    const buffers = await Promise.all(recordings.map((one) => one && decode(one, this.seconds)));
    if (load !== this.#loads) return; // another one was asked for meanwhile
    this.#buffers = buffers;
    this.#levels = buffers.map((one) => (one ? rootMeanSquare(one) : 0));
    this.#changed();
  }

  get ready() {
    return this.#buffers.length > 0;
  }

  get position() {
    if (!this.playing) return this.#offset;
    const at = this.#offset + Math.max(0, Player.#context.currentTime - this.#startedAt);
    if (this.repeating && this.range && at > this.range.to) {
      return this.range.from + ((at - this.range.from) % (this.range.to - this.range.from));
    }
    if (this.repeating && !this.range) return at % this.seconds;
    return Math.min(at, this.seconds);
  }

  async play() {
    if (this.playing || !this.ready) return;
    for (const other of Player.#players) if (other !== this) other.pause();
    Player.#context ??= new AudioContext();
    if (Player.#context.state === "suspended") await Player.#context.resume();
    if (this.playing) return;
    if (this.#offset >= this.seconds - 0.01) this.#offset = 0;
    this.#start();
  }

  pause() {
    if (!this.playing) return;
    this.#offset = this.position;
    this.#stop();
    this.#changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(seconds) {
    const playing = this.playing;
    if (playing) this.#stop();
    this.#offset = Math.min(Math.max(0, seconds), this.seconds);
    if (playing) this.#start();
    else this.#changed();
  }

  /** Hear another track from the same position on. */
  choose(track) {
    if (this.ready && !this.#buffers[track]) return;
    this.track = track;
    this.#fade();
    this.#changed();
  }

  /** Repeat a stretch, or everything (null), or nothing. */
  repeat(repeating, range = this.range) {
    this.repeating = repeating;
    this.range = range;
    let at = this.position;
    if (repeating && range && (at < range.from || at > range.to)) at = range.from;
    this.seek(at);
  }

  setLevelled(levelled) {
    this.levelled = levelled;
    this.#fade();
    this.#changed();
  }

  /** Gain of a track: 1, or what brings all tracks down to the softest one. */
  gain(track) {
    if (!this.levelled || !this.#levels[track]) return 1;
    const softest = Math.min(...this.#levels.filter((level) => level > 0));
    return softest / this.#levels[track];
  }

  #start() {
    const context = Player.#context;
    const at = context.currentTime + 0.02;
    this.#gains = [];
    this.#sources = this.#buffers.map((buffer, track) => {
      const gain = context.createGain();
      gain.gain.value = track === this.track ? this.gain(track) : 0;
      gain.connect(context.destination);
      this.#gains.push(gain);
      if (!buffer) return null;
      const source = context.createBufferSource();
      source.buffer = buffer;
      source.loop = this.repeating;
      if (this.repeating && this.range) {
        source.loopStart = this.range.from;
        source.loopEnd = this.range.to;
      }
      source.connect(gain);
      source.start(at, this.#offset);
      return source;
    });
    const first = this.#sources.find(Boolean);
    first.onended = () => {
      if (!this.playing) return;
      this.#stop();
      this.#offset = this.seconds;
      this.#changed();
    };
    this.#startedAt = at;
    this.playing = true;
    this.#changed();
  }

  #stop() {
    this.playing = false;
    for (const source of this.#sources) {
      if (!source) continue;
      source.onended = null;
      source.stop();
    }
    for (const gain of this.#gains) gain.disconnect();
    this.#sources = [];
    this.#gains = [];
  }

  #fade() {
    this.#gains.forEach((gain, track) => {
      const level = track === this.track ? this.gain(track) : 0;
      gain.gain.setTargetAtTime(level, Player.#context.currentTime, FADE_S / 3);
    });
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
