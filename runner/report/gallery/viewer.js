// One job large, its other takes beside it, and all that is known of it.

const MOST_TAKES = 4; // side by side; the others are reached by the arrows
let viewed = null; // the id of the job that is shown large
let drawnTakes = ""; // which takes are drawn, so that a choice does not begin their videos anew

function openViewer(id) {
  viewed = id;
  drawnTakes = "";
  refreshViewer();
  if (!$("viewer").open) $("viewer").showModal();
}

// The takes of one prompt, mode and ratio, with the one that is viewed among them.
function takesOf(row) {
  const all = [...jobs.values()]
    .filter((one) => one.prompt === row.prompt && one.mode === row.mode && one.ratio === row.ratio)
    .sort(inOrder);
  const at = all.findIndex((one) => one.id === row.id);
  const first = Math.max(0, Math.min(at - 1, all.length - MOST_TAKES));
  return all.slice(first, first + MOST_TAKES);
}

function refreshViewer() {
  const row = jobs.get(viewed);
  if (!row) return;
  const takes = takesOf(row);
  $("viewer-title").textContent = `${promptOf(row).id} · ${nameOf(row)}`;
  $("viewer-prompt").textContent = promptOf(row).text;
  const signature = JSON.stringify(takes.map((one) => [one.id, one.files, one.state, one.error]));
  if (signature !== drawnTakes) {
    drawnTakes = signature;
    release($("takes"));
    $("takes").replaceChildren(...takes.map(figureOf));
  }
  takes.forEach((one, at) => markFigure($("takes").children[at], one, row));
  $("facts").replaceChildren(...factsOf(row));
  const at = placeOf.get(viewed);
  $("previous").disabled = at === undefined || step(-1) === undefined;
  $("next").disabled = at === undefined || step(1) === undefined;
  showChoosing(row);
}

function figureOf(row) {
  const files = row.files ?? [];
  const caption = element("figcaption");
  const figure = element("figure", {}, ...(files.length ? files.map((path, at) => largeVideo(path, row, at)) : [nothing(row)]), caption);
  figure.addEventListener("pointerdown", (event) => {
    if (row.id !== viewed && event.target.tagName !== "VIDEO") view(row.id);
  });
  return figure;
}

function largeVideo(path, row, at) {
  const video = newVideo(path, row, at);
  video.controls = true;
  video.autoplay = !prefersStill.matches;
  video.removeAttribute("aria-hidden");
  video.setAttribute("aria-label", `${nameOf(row)}${at ? `, file ${at + 1}` : ""}`);
  return video;
}

function markFigure(figure, row, viewedRow) {
  figure.setAttribute("aria-current", String(row.id === viewedRow.id));
  const button = element("button", { type: "button", textContent: takeName(row.take), "aria-pressed": String(row.id === viewedRow.id) });
  button.addEventListener("click", () => view(row.id));
  const caption = figure.lastChild;
  const hadFocus = caption.contains(document.activeElement);
  const marks = element("span", {}, ...marksOf(row));
  caption.replaceChildren(button, marks);
  if (hadFocus) button.focus();
}

function factsOf(row) {
  const facts = [["State", stateOf(row)], ["Cost", money(row.credits ?? 0)]];
  if (row.error) facts.push(["Why", `${row.error_class ? `${row.error_class}: ` : ""}${row.error}`]);
  if (row.rating) facts.push(["Rating", `${row.rating} of 5`]);
  if (row.note) facts.push(["Note", row.note]);
  (row.files ?? []).forEach((path, at) => {
    const shape = row.media?.[at];
    const size = shape?.[0] ? ` (${shape[0]} x ${shape[1]}${shape[2] ? `, ${shape[2].toFixed(1)} s` : ""})` : "";
    facts.push(["File", element("span", {}, element("a", { href: addressOf(path), textContent: path }), size)]);
  });
  if (row.at) facts.push(["Done", new Date(row.at).toLocaleString()]);
  for (const [name, value] of Object.entries(valuesOf(row))) facts.push([name, textOf(value)]);
  for (const image of promptOf(row).images) facts.push(["Image", image]);
  facts.push(["Job", element("code", { textContent: row.id })]);
  return facts.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", {}, value)]);
}

function step(by) {
  let at = placeOf.get(viewed);
  if (at === undefined) return undefined;
  do at += by;
  while (places[at] && !places[at].row);
  return places[at]?.row.id;
}

function view(id) {
  if (id === undefined) return;
  viewed = id;
  refreshViewer();
}

function startViewer() {
  $("previous").addEventListener("click", () => view(step(-1)));
  $("next").addEventListener("click", () => view(step(1)));
  $("close").addEventListener("click", () => $("viewer").close());
  $("viewer").addEventListener("close", () => {
    const id = viewed;
    viewed = null;
    drawnTakes = "";
    release($("takes"));
    $("takes").replaceChildren();
    goTo(id);
  });
}
