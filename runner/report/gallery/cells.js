// One job in the grid: its video, or why there is none, and what is to be said of it.

const prefersStill = window.matchMedia("(prefers-reduced-motion: reduce)");

function newGroup() {
  return element("section", { className: "group" }, element("h2"), element("p"));
}

function showGroup(made, place) {
  const prompt = prompts.get(place.prompt) ?? { id: "", text: "" };
  const said = `${prompt.text}\n${place.number}`;
  if (made.said === said) return;
  made.said = said;
  made.firstChild.textContent = prompt.text;
  made.firstChild.title = prompt.text;
  made.lastChild.textContent = `${prompt.id} · ${counted(place.number, "job", "jobs")}`;
}

function newCell(row) {
  const made = element(
    "button",
    { type: "button", className: "cell", tabIndex: -1, "aria-haspopup": "dialog" },
    element("span", { className: "well" }),
    element("span", { className: "words" }, element("span", { className: "name" }), element("span", { className: "marks" })),
  );
  made.addEventListener("click", () => openViewer(made.row.id));
  made.addEventListener("focus", () => {
    if (current !== made.row.id) {
      const before = standing.get(current);
      if (before) before.tabIndex = -1;
      current = made.row.id;
      made.tabIndex = 0;
    }
    play(made);
  });
  made.addEventListener("blur", () => pause(made));
  made.addEventListener("pointerenter", () => play(made));
  made.addEventListener("pointerleave", () => {
    if (document.activeElement !== made) pause(made);
  });
  made.row = row;
  return made;
}

function showCell(made, row) {
  made.tabIndex = row.id === current ? 0 : -1;
  if (!isFlying) showWell(made.firstChild, row);
  if (made.shown === row) return;
  made.shown = made.row = row;
  made.setAttribute("aria-label", spokenOf(row));
  made.dataset.choice = row.choice ?? "";
  made.dataset.job = row.id;
  const words = made.lastChild;
  words.firstChild.textContent = nameOf(row);
  words.lastChild.replaceChildren(...marksOf(row));
}

function marksOf(row) {
  const marks = [];
  if (row.choice) marks.push(element("span", { className: row.choice, textContent: row.choice === "keep" ? "✓ kept" : "✗ rejected" }));
  if (row.rating) marks.push(element("span", { className: "stars", textContent: starsOf(row) }));
  if (row.again) marks.push("↻ to be made again");
  if (row.remade) marks.push("↻ made again");
  if (row.note) marks.push("✎ note");
  if ((row.files ?? []).length > 1) marks.push(`${row.files.length} files`);
  if (row.state !== "done" || row.removed || row.pruned) marks.push(stateOf(row));
  return marks.flatMap((mark, at) => (at ? [" · ", mark] : [mark]));
}

// The video is left as it is while its file is the same: a choice must not begin it anew.
function showWell(well, row) {
  const path = (row.files ?? [])[0];
  if (path === undefined) {
    if (well.nothing === row) return;
    well.nothing = row;
    well.file = undefined;
    well.replaceChildren(nothing(row));
    return;
  }
  if (well.file === path) return;
  well.file = path;
  well.replaceChildren(newVideo(path, row, 0));
}

function nothing(row) {
  return element(
    "span",
    { className: "nothing" },
    element("b", { textContent: stateOf(row) }),
    row.error ? `${row.error_class ? `${row.error_class}: ` : ""}${row.error}` : "",
  );
}

function newVideo(path, row, position) {
  const video = element("video", { muted: true, loop: true, playsInline: true, preload: "metadata" });
  video.setAttribute("aria-hidden", "true");
  const shape = row.media?.[position] ?? row.ratio.split(":").map(Number);
  if (shape[0] && shape[1]) {
    video.width = shape[0] > 40 ? shape[0] : shape[0] * 240;
    video.height = shape[1] > 40 ? shape[1] : shape[1] * 240;
  }
  video.src = addressOf(path);
  video.addEventListener("error", () => {
    const gone = element("span", { className: "nothing", textContent: `${path} cannot be shown: it is gone, or this browser cannot play it` });
    video.replaceWith(gone);
  });
  return video;
}

function play(made) {
  const video = made.querySelector("video");
  // A promise that is broken by a pause, or by leaving the page, is no error.
  if (video && !prefersStill.matches) video.play().catch(() => {});
}

function pause(made) {
  made.querySelector("video")?.pause();
}

// A video that is only removed keeps its decoder and its file until somebody collects it.
function release(made) {
  for (const video of made.querySelectorAll("video")) {
    video.pause();
    video.removeAttribute("src");
    video.load();
  }
}
