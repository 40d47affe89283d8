/* Blind comparison of two tracks. Who is A and who is B is drawn from the seed and told at the end. */

const ANSWERS = { a: "A is better", same: "No difference", b: "B is better" };

/** Numbers from 0 to 1 that a seed determines (multiplicative congruential, modulus 2^31 - 1). */
function randomFrom(seed) {
  const modulus = 2147483647;
  let state = (seed % (modulus - 1)) + 1;
  const next = () => {
    state = (state * 48271) % modulus;
    return (state - 1) / (modulus - 1);
  };
  for (let step = 0; step < 8; step += 1) next(); // the first ones of small seeds are alike
  return next;
}

function shuffle(items, random) {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}

class Blind {
  #set;
  #index = 0;
  #session = null;
  #body = byId("blind-body");

  constructor() {
    this.player = new Player();
    this.player.keyTrack = (number) => this.player.choose(number);
    this.player.addEventListener("change", () => this.#showTrack());
  }

  /** Show another test set; a session that was begun goes on. */
  show(set, index) {
    this.#set = set;
    this.#index = index;
    this.player.pause();
    this.#session = memory.read(`blind-${index}`);
    if (this.#session) this.#showSession();
    else this.#showForm();
  }

  #clips(pair) {
    return this.#set.clips.filter((clip) => pair.every((track) => clip.tracks[track]));
  }

  #showForm() {
    const set = this.#set;
    const tracks = set.tracks.map((track, index) => [String(index), track.name]);
    if (!set.clips.length) {
      this.#body.replaceChildren(
        make("p", { class: "remark" }, "No recordings are embedded in this page."),
      );
      return;
    }
    const systems = set.tracks.map((track, index) => index).filter((index) => set.tracks[index].system);
    const [first, second] = systems.length > 1 ? systems : [0, systems[0]];
    const number = (label, value, least, most) => {
      const input = make("input", {
        type: "number",
        class: "short",
        min: least,
        max: most,
        value,
        required: true,
      });
      return make("label", {}, label, " ", input);
    };
    const chosenPair = () => [one, other].map((label) => Number(label.lastElementChild.value));
    const offerAll = () => {
      trials.lastElementChild.value = Math.max(1, this.#clips(chosenPair()).length);
    };
    const one = makeSelect("Compare", tracks, String(first), offerAll);
    const other = makeSelect("with", tracks, String(second), offerAll);
    const trials = number("Trials", 1, 1, 999);
    offerAll();
    const seed = number("Seed", content.seed, 0, 4294967295);
    const listener = make("input", { type: "text", placeholder: "optional" });
    const clean = set.tracks.findIndex((track, index) => index > 0 && !track.system);
    const reference = clean < 0 ? null : makeCheck("clean as a reference", true, () => {});
    const level = makeCheck("same level", true, () => {});
    const problem = make("p", { class: "remark warning", role: "alert" });
    const form = make(
      "form",
      {
        class: "filters",
        onsubmit: (event) => {
          event.preventDefault();
          const pair = chosenPair();
          if (pair[0] === pair[1]) problem.textContent = "Choose two different tracks.";
          else if (!this.#clips(pair).length)
            problem.textContent = "No utterance with audio has both of them.";
          else {
            this.#begin({
              pair,
              trials: Number(trials.lastElementChild.value),
              seed: Number(seed.lastElementChild.value),
              listener: listener.value,
              reference: reference !== null && reference.firstChild.checked,
              levelled: level.firstChild.checked,
            });
          }
        },
      },
      one,
      other,
      trials,
      seed,
      make("label", {}, "Listener ", listener),
      reference,
      level,
      make("button", { type: "submit", class: "primary" }, "Begin"),
    );
    this.#body.replaceChildren(
      make(
        "p",
        { class: "remark" },
        "Two tracks of the same utterance without their names. ",
        "The answers stay in this browser until you export them.",
      ),
      form,
      problem,
    );
  }

  #begin(setup) {
    const random = randomFrom(setup.seed);
    const rows = this.#clips(setup.pair).map((clip) => clip.row);
    const order = [];
    while (order.length < setup.trials) order.push(...shuffle(rows, random));
    order.length = setup.trials;
    // Each of both is A equally often, so that a habit of choosing A favours none.
    const swapped = shuffle(
      order.map((row, place) => place % 2 === 1),
      random,
    );
    this.#session = {
      ...setup,
      trials: order.map((row, place) => ({
        row,
        swapped: swapped[place],
        answer: null,
        comment: "",
        at: null,
      })),
    };
    this.#keep();
    this.#showSession();
    this.#body.querySelector("h3").focus();
  }

  #keep() {
    memory.write(`blind-${this.#index}`, this.#session);
  }

  #showSession() {
    const open = this.#session.trials.findIndex((trial) => trial.answer === null);
    if (open < 0) this.#showResult();
    else this.#showTrial(open);
  }

  #showTrial(place) {
    const session = this.#session;
    const trial = session.trials[place];
    const clip = this.#set.clips.find((one) => one.row === trial.row);
    const pair = trial.swapped ? [session.pair[1], session.pair[0]] : session.pair;
    const clean = this.#set.tracks.length - 1;
    const recordings = pair.map((track) => clip.tracks[track]);
    const labels = ["A", "B"];
    if (session.reference && clip.tracks[clean]) {
      recordings.push(clip.tracks[clean]);
      labels.push("Reference");
    }
    const tracks = labels.map((label, number) =>
      make(
        "button",
        {
          type: "button",
          class: "track",
          "aria-pressed": "false",
          "data-number": number,
          onclick: () => this.player.choose(number),
        },
        make("kbd", {}, String(number + 1)),
        make("span", { class: "track-name" }, label),
      ),
    );
    const comment = make("input", { type: "text", placeholder: "optional", value: trial.comment });
    const answers = Object.entries(ANSWERS).map(([answer, words]) =>
      make(
        "button",
        {
          type: "button",
          class: "answer",
          "data-answer": answer,
          onclick: () => {
            Object.assign(trial, { answer, comment: comment.value, at: new Date().toISOString() });
            this.#keep();
            this.player.pause();
            this.#showSession();
            this.#body.querySelector("h3").focus();
          },
        },
        words,
      ),
    );
    const steps = make("div", { class: "steps" });
    if (place > 0) {
      const back = () => {
        session.trials[place - 1].answer = null;
        this.#keep();
        this.#showSession();
      };
      steps.append(make("button", { type: "button", class: "quiet", onclick: back }, "‹ Back"));
    }
    steps.append(
      make("button", { type: "button", class: "quiet", onclick: () => this.#abandon() }, "Give up"),
    );
    this.#body.replaceChildren(
      make(
        "div",
        { class: "stage blind-stage", role: "group", "aria-label": "Blind comparison" },
        make(
          "div",
          { class: "stage-head" },
          make("h3", { tabIndex: -1 }, `Trial ${place + 1} of ${session.trials.length}`),
          make("progress", { max: session.trials.length, value: place, "aria-label": "Trials answered" }),
          steps,
        ),
        make("div", { class: "blind-tracks" }, ...tracks),
        makeTransport(this.player),
        make("div", { class: "answers", role: "group", "aria-label": "Which is better?" }, ...answers),
        make("label", { class: "comment" }, "Comment ", comment),
      ),
    );
    this.player.track = 0;
    this.player.levelled = session.levelled;
    this.player.load(recordings).catch((error) => {
      this.#body.append(
        make("p", { class: "remark warning", role: "alert" }, `Cannot decode: ${error.message}`),
      );
    });
    keyPlayer = this.player;
  }

  #abandon() {
    memory.write(`blind-${this.#index}`, null);
    this.#session = null;
    this.player.pause();
    this.#showForm();
  }

  #showTrack() {
    for (const button of this.#body.querySelectorAll(".blind-tracks .track")) {
      const heard = Number(button.dataset.number) === this.player.track;
      button.setAttribute("aria-pressed", String(heard));
    }
  }

  #showResult() {
    const record = recordOf(this.#set, this.#session);
    this.#body.replaceChildren(...makeResult(record, () => this.#abandon()));
  }
}
