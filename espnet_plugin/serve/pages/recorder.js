/* The microphone, into a WAV file. */

const FLOOR_DB = -60;

class Recorder {
  #context = null;
  #stream = null;
  #blocks = [];
  #samples = 0;

  /** @param onlevel called with the seconds recorded so far and the level in dB. */
  constructor(onlevel) {
    this.onlevel = onlevel;
  }

  /** The browser gives a microphone to pages of this machine and of https only. */
  static get possible() {
    return Boolean(navigator.mediaDevices?.getUserMedia) && "AudioWorkletNode" in window;
  }

  get running() {
    return this.#context !== null;
  }

  async start() {
    // Whatever the browser would do about noise is the task of the model.
    const raw = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: raw });
    const context = new AudioContext();
    try {
      await context.audioWorklet.addModule("/capture.js");
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      context.close();
      throw error;
    }
    const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
    this.#stream = stream;
    this.#context = context;
    this.#blocks = [];
    this.#samples = 0;
    node.port.onmessage = (event) => this.#take(event.data);
    context.createMediaStreamSource(stream).connect(node);
  }

  /** Stop, and give the recording. */
  stop() {
    const file = wavFile(this.#blocks, this.#samples, this.#context.sampleRate);
    for (const track of this.#stream.getTracks()) track.stop();
    this.#context.close();
    this.#context = this.#stream = null;
    this.#blocks = [];
    return file;
  }

  #take(block) {
    if (!this.running) return;
    this.#blocks.push(block);
    this.#samples += block.length;
    let peak = 0;
    for (const sample of block) peak = Math.max(peak, Math.abs(sample));
    this.onlevel(this.#samples / this.#context.sampleRate, Math.max(FLOOR_DB, 20 * Math.log10(peak || 1e-9)));
  }
}

/** A WAV file of one channel with 16 bits. */
function wavFile(blocks, samples, rateHz) {
  const bytes = new DataView(new ArrayBuffer(44 + 2 * samples));
  const write = (at, text) => {
    [...text].forEach((letter, index) => bytes.setUint8(at + index, letter.charCodeAt(0)));
  };
  write(0, "RIFF");
  bytes.setUint32(4, 36 + 2 * samples, true);
  write(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rateHz, true);
  bytes.setUint32(28, 2 * rateHz, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  write(36, "data");
  bytes.setUint32(40, 2 * samples, true);
  let at = 44;
  for (const block of blocks) {
    for (const sample of block) {
      bytes.setInt16(at, Math.max(-32768, Math.min(32767, Math.round(32768 * sample))), true);
      at += 2;
    }
  }
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
  return new File([bytes], `microphone ${time}.wav`, { type: "audio/wav" });
}
