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
  open.dataset.content = content;
  release(card);
  open.replaceChildren(path ? el("video", { muted: true, loop: true, playsinline: true, preload: "none", tabindex: "-1",
    "aria-hidden": "true" }) : el("span", { class: "nothing" }, message));
  if (path) open.firstChild.muted = true; // the attribute alone counts only for what a parser made
  refreshQuick(card, row);
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

function load(card) {
  const video = videoOf(card);
  if (!video || video.hasAttribute("src")) return;
  const path = filesOf(rowOf(Number(card.dataset.index)))[0];
  video.preload = "metadata";
  video.addEventListener("error", unplayable);
  video.src = addressOf(path);
}

function unplayable(event) {
  const video = event.currentTarget;
  if (!video.hasAttribute("src")) return;
  const path = filesOf(rowOf(Number(video.closest(".card").dataset.index)))[0];
  video.after(el("span", { class: "nothing" }, `${path} is gone or cannot be played here`));
}

function release(card) {
  const video = videoOf(card);
  if (!video?.hasAttribute("src")) return;
  video.removeEventListener("error", unplayable);
  video.pause();
  video.removeAttribute("src");
  video.load(); // lets go of what was fetched and of the decoder
  while (video.nextSibling) video.nextSibling.remove();
}

function play(card) {
  const video = videoOf(card);
  if (!video || stillness.matches) return;
  load(card);
  video.play().catch(() => {}); // it is let go, or cannot be played: the card says so
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
