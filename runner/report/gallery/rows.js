// The rows of jobs, as docs/gallery.md and the catalogue describe them, with what is wished and not answered yet on top.

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const batch = read("batch");
const jobs = read("jobs");
const prompts = read("prompts");
const details = read("details");
const indexOf = new Map(jobs.map((row, index) => [row.id, index]));
for (const id of ["jobs", "prompts", "details"]) document.getElementById(id).remove();

const wishes = []; // {index, set}: sent and not answered yet, oldest first
const FIELD = { flag: "choice", rating: "rating", note: "note", again: "again" };

/** The row of a job with what is wished for it. */
function rowOf(index) {
  let row = jobs[index];
  for (const wish of wishes) {
    if (wish.index !== index) continue;
    row = { ...row };
    for (const [name, value] of Object.entries(wish.set)) row[FIELD[name]] = value;
  }
  return row;
}

const promptOf = (row) => prompts[row.prompt] ?? { id: "?", text: "", images: [] };
const detailsOf = (row) => details[row.details] ?? { variables: {}, meta: {} };

/** What a person calls the state of a job. */
function stateOf(row) {
  if (row.removed) return "removed";
  return row.overdue ? "overdue" : row.state;
}

/** Width divided by height: of the video where somebody looked into it, else of the ratio that was asked for. */
function aspectOf(row) {
  const [width, height] = row.media?.find((one) => one?.[0] && one?.[1]) ?? row.ratio.split(":").map(Number);
  return width > 0 && height > 0 ? Math.min(4, Math.max(0.25, width / height)) : 1;
}

/** Where a file stands, seen from this page; each part of its path is encoded by itself. */
const addressOf = (path) => `./${`${batch.tree ?? ""}${path}`.split("/").map(encodeURIComponent).join("/")}`;

const filesOf = (row) => (row.pruned ? [] : (row.files ?? []));

const number = (value) => value.toLocaleString("en-US");
const dollars = (credits) => {
  const usd = (batch.price.usd * credits) / batch.price.credits;
  return `$${usd.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
};
const cost = (credits) => `${number(credits)} credits (${dollars(credits)})`;
const noun = (many, word) => `${number(many)} ${word}${many === 1 ? "" : "s"}`;

/** The name of a job among those of its prompt. */
const labelOf = (row) => `${row.mode}, ${row.ratio}, take ${row.take}`;

/** What a person has said of a job, as short words. */
function opinionOf(row) {
  const words = [];
  if (row.choice) words.push(row.choice);
  if (row.rating) words.push(noun(row.rating, "star"));
  if (row.again) words.push("to be made again");
  if (row.remade) words.push("made again");
  if (row.pruned) words.push("deleted");
  if (row.note) words.push("has a note");
  return words;
}

/** An element with attributes, listeners (`on...`) and children; what is text stays text. */
function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

const byId = (id) => document.getElementById(id);
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** Tell those who listen rather than look. */
function say(text) {
  byId("said").textContent = text;
}
