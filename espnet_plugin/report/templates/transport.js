/* Buttons, slider and keys of a player. */

// Keys go to the player that was used last.
let keyPlayer = null;

/** What a key does with a player; true if it was one of its keys. */
function playerKey(player, key, shift) {
  const step = shift ? 0.1 : 1;
  if (key === " ") player.toggle();
  else if (key === "ArrowLeft") player.seek(player.position - step);
  else if (key === "ArrowRight") player.seek(player.position + step);
  else if (key === "Home") player.seek(0);
  else if (key === "l" || key === "L") player.repeat(!player.repeating);
  else if (/^[1-9]$/.test(key)) player.keyTrack(Number(key) - 1);
  else return false;
  return true;
}

/** Play button, time, slider and switches of a player; it forgets those of the transport before. */
function makeTransport(player, extra = []) {
  const play = make("button", { type: "button", class: "play", onclick: () => player.toggle() });
  const time = make("output", { class: "time" });
  const slider = make("input", {
    type: "range",
    min: 0,
    step: 0.01,
    "aria-label": "Position",
    oninput: () => player.seek(Number(slider.value)),
  });
  const loop = makeCheck("Repeat", false, (checked) => player.repeat(checked));
  const show = () => {
    const at = player.position;
    slider.max = player.seconds;
    slider.value = at;
    slider.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${player.seconds.toFixed(1)} seconds`);
    time.textContent = `${formatTime(at)} / ${formatTime(player.seconds)}`;
  };
  let frame = 0;
  const follow = () => {
    show();
    player.dispatchEvent(new Event("move"));
    frame = player.playing ? requestAnimationFrame(follow) : 0;
  };
  player.transport?.abort();
  player.transport = new AbortController();
  player.addEventListener(
    "change",
    () => {
      play.textContent = player.playing ? "❚❚" : "▶";
      play.setAttribute("aria-label", player.playing ? "Pause" : "Play");
      play.disabled = !player.ready;
      loop.firstChild.checked = player.repeating;
      if (!frame) follow();
    },
    { signal: player.transport.signal },
  );
  return make("div", { class: "transport" }, play, time, slider, loop, ...extra);
}
