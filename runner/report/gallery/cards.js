// One job in the grid. Its video is loaded while it is near the view, plays under the pointer or the focus, and is let go.

const cards = new Map(); // index -> element; only what is near the view

function makeCard(index) {
  const open = el("button", { class: "open", type: "button", tabindex: "-1", onclick: () => viewer.open(index) });
  const card = el("li", { class: "card", "data-index": index }, open, el("p", { class: "what" }), el("p", { class: "how" }));
  if (batch.live) card.append(quickChoices(index));
  card.addEventListener("pointerenter", () => play(card));
  card.addEventListener("pointerleave", () => card.contains(document.activeElement) || pause(card));
  open.addEventListener("focus", () => {
    grid.current = index;
    play(card);
  });
  open.addEventListener("blur", () => card.matches(":hover") || pause(card));
  cards.set(index, card);
  fillCard(index);
  return card;
}

/** Bring a card to what its row says; does nothing for a job that has no card now. */
function fillCard(index) {
  const card = cards.get(index);
  if (!card) return;
  const row = rowOf(index);
  const [open, what, how] = card.children;
  const state = stateOf(row);
  const files = filesOf(row);
  const opinion = opinionOf(row);
  card.dataset.choice = row.choice ?? "";
  what.textContent = `${row.mode} · ${row.ratio} · take ${row.take}`;
  how.textContent = [state === "done" ? "" : state, ...opinion.filter((word) => word !== "has a note"), row.note ? "✎" : "",
    files.length > 1 ? `${files.length} files` : ""].filter(Boolean).join(" · ");
  open.setAttribute("aria-label", [labelOf(row), state, ...opinion].join(", "));
  const path = files[0];
  const message = path ? null : whyNothing(row, state);
  const content = path ? `v${path}` : `t${message}`;
  if (open.dataset.content === content) return refreshQuick(card, row);
  const wasLoaded = videoOf(card) !== null;
  open.dataset.content = content;
  release(card);
  open.replaceChildren(...(path ? [] : [el("span", { class: "nothing" }, message)]));
  refreshQuick(card, row);
  wasLoaded ? load(card) : grid.loadSoon();
}

/** Why there is no video, for people. */
function whyNothing(row, state) {
  if (row.pruned) return "Deleted: it was rejected.";
  const error = row.error ? `: ${row.error}` : "";
  return `${state}${row.error_class ? ` (${row.error_class})` : ""}${error}`;
}

function videoOf(card) {
  return card.querySelector("video");
}

/** Give a card its video. Only what stays near the view gets one: to put one into the page costs milliseconds. */
function load(card) {
  const path = filesOf(rowOf(Number(card.dataset.index)))[0];
  if (!path || videoOf(card)) return;
  const video = el("video", { loop: true, playsinline: true, preload: "metadata", tabindex: "-1", "aria-hidden": "true" });
  video.muted = true; // the attribute alone counts only for what a parser made
  video.addEventListener("error", () => {
    if (video.isConnected) video.after(el("span", { class: "nothing" }, `${path} is gone or cannot be played here`));
  });
  video.src = addressOf(path);
  card.firstChild.replaceChildren(video);
}

function release(card) {
  const video = videoOf(card);
  if (!video) return;
  card.firstChild.replaceChildren();
  video.pause();
  video.removeAttribute("src");
  video.load(); // lets go of what was fetched and of the decoder
}

function play(card) {
  if (stillness.matches) return;
  load(card);
  videoOf(card)?.play().catch(() => {}); // it is let go, or cannot be played: the card says so
}

function pause(card) {
  videoOf(card)?.pause();
}

function dropCard(index) {
  const card = cards.get(index);
  if (!card) return;
  release(card);
  card.remove();
  cards.delete(index);
}

/** Buttons for the pointer; the keyboard has K and R. */
function quickChoices(index) {
  const button = (flag, sign, label) => el("button", { type: "button", tabindex: "-1", "data-flag": flag, "aria-label": label,
    "aria-pressed": "false", title: `${label} (${flag[0].toUpperCase()})`, onclick: () => choosing.toggle(index, flag) }, sign);
  return el("div", { class: "quick" }, button("keep", "✓", "Keep"), button("reject", "✗", "Reject"));
}

function refreshQuick(card, row) {
  for (const button of card.querySelectorAll(".quick button")) {
    button.setAttribute("aria-pressed", String(row.choice === button.dataset.flag));
  }
}
