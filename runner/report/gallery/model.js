// What stands in the page, and what came since: jobs by their id, prompts and details by their number.

function block(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

const batch = block("batch");
const jobs = new Map();
const prompts = new Map(block("prompts").entries());
const details = new Map(block("details").entries());
for (const row of block("jobs")) jobs.set(row.id, row);
for (const id of ["jobs", "prompts", "details"]) document.getElementById(id).remove();

const STATES = ["pending", "submitting", "running", "fetching", "done", "failed", "unknown"];

function promptOf(row) {
  return prompts.get(row.prompt) ?? { id: "", text: "", images: [] };
}

// The values that can be filtered by: those of the manifest's variables and those of meta; a variable wins.
function valuesOf(row) {
  const found = details.get(row.details) ?? { variables: {}, meta: {} };
  return { ...found.meta, ...found.variables };
}

// A path of the tree as an address beside this page, whatever stands in its names.
function addressOf(path) {
  return `${batch.tree}${path}`.split("/").map(encodeURIComponent).join("/");
}

function takeName(take) {
  return `take ${String(take).padStart(2, "0")}`;
}

function nameOf(row) {
  return `${row.mode} ${row.ratio} ${takeName(row.take)}`;
}

function starsOf(row) {
  return row.rating ? "★".repeat(row.rating) + "☆".repeat(5 - row.rating) : "";
}

function stateOf(row) {
  if (row.pruned) return "deleted, as it was rejected";
  if (row.removed) return `${row.state}, no longer in the manifest`;
  return row.overdue ? `${row.state}, overdue` : row.state;
}

// The same as a screen reader says it.
function spokenOf(row) {
  const parts = [promptOf(row).id, nameOf(row), stateOf(row)];
  if (row.choice) parts.push(row.choice === "keep" ? "kept" : "rejected");
  if (row.rating) parts.push(`${row.rating} of 5 stars`);
  if (row.again) parts.push("to be made again");
  if (row.note) parts.push("with a note");
  return parts.join(", ");
}

function money(credits) {
  const usd = (credits * batch.price.usd) / batch.price.credits;
  return `${credits.toLocaleString("en")} credits ($${usd.toFixed(2)})`;
}

function counted(number, one, several) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : several}`;
}

// Prompts in the order in which they came, and within one: modes, ratios, takes.
function inOrder(one, other) {
  return (
    one.prompt - other.prompt ||
    compared(one.mode, other.mode) ||
    compared(one.ratio, other.ratio) ||
    one.take - other.take ||
    compared(one.id, other.id)
  );
}

function compared(one, other) {
  return one < other ? -1 : Number(one > other);
}

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("aria-") || name.startsWith("data-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

const $ = (id) => document.getElementById(id);
