/* What came out of a blind test: who was who, how sure the lead is, and files to keep. */

/** Two-sided sign test: how likely such a lead is if both were equally good. */
function signTest(wins, losses) {
  const count = wins + losses;
  let term = 0.5 ** count;
  let tail = 0;
  for (let k = 0; k <= Math.min(wins, losses); k += 1) {
    tail += term;
    term *= (count - k) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}

/** Each trial with the names of A and B and of the preferred one. */
function recordOf(set, session) {
  const name = (track) => set.tracks[track].name;
  const answers = session.trials.map((trial, place) => {
    const [a, b] = trial.swapped ? [session.pair[1], session.pair[0]] : session.pair;
    const preferred = { a: name(a), b: name(b), same: "" }[trial.answer];
    return {
      trial: place + 1,
      utterance: set.ids[trial.row],
      a: name(a),
      b: name(b),
      answer: trial.answer,
      preferred,
      comment: trial.comment,
      answered_at: trial.at,
    };
  });
  return {
    report: content.title,
    key: content.key,
    set: set.name,
    listener: session.listener,
    seed: session.seed,
    compared: session.pair.map(name),
    reference: session.reference,
    same_level: session.levelled,
    answers,
  };
}

/** Heading, table and exports of a finished test. */
function makeResult(record, again) {
  const [one, other] = record.compared;
  const count = (name) => record.answers.filter((answer) => answer.preferred === name).length;
  const [wins, losses, same] = [count(one), count(other), count("")];
  const table = make("table", { class: "values" });
  table.append(
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        ...["trial", "utterance", "A", "B", "preferred", "comment"].map((words) =>
          make("th", { scope: "col" }, words),
        ),
      ),
    ),
    make(
      "tbody",
      {},
      ...record.answers.map((answer) =>
        make(
          "tr",
          {},
          ...[
            String(answer.trial),
            answer.utterance,
            answer.a,
            answer.b,
            answer.preferred || "no difference",
            answer.comment,
          ].map((words) => make("td", {}, words)),
        ),
      ),
    ),
  );
  const stem = `blind_${record.set}_${record.listener || "listener"}`.replace(/[^\w-]+/g, "_");
  const lead = format(100 * signTest(wins, losses), 0);
  return [
    make("h3", { tabIndex: -1 }, `${one} ${wins} : ${losses} ${other}`),
    make(
      "p",
      { class: "remark" },
      `${same} without difference. If both were equally good, such a lead would come up in `,
      `${lead} % of tests (sign test).`,
    ),
    make(
      "div",
      { class: "answers" },
      make(
        "button",
        {
          type: "button",
          class: "primary",
          onclick: () => save(`${stem}.json`, "application/json", `${JSON.stringify(record, null, 2)}\n`),
        },
        "Export JSON",
      ),
      make(
        "button",
        {
          type: "button",
          class: "primary",
          onclick: () => save(`${stem}.csv`, "text/csv", csvOf(record)),
        },
        "Export CSV",
      ),
      make("button", { type: "button", class: "quiet", onclick: again }, "New test"),
    ),
    make("div", { class: "scroll tall" }, table),
  ];
}

function csvOf(record) {
  const columns = Object.keys(record.answers[0]);
  const shared = ["set", "listener", "seed", "same_level"];
  const quote = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const lines = record.answers.map((answer) => [
    ...columns.map((name) => answer[name]),
    ...shared.map((name) => record[name]),
  ]);
  return [[...columns, ...shared], ...lines].map((line) => line.map(quote).join(",")).join("\n") + "\n";
}

function save(name, type, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
