// Which jobs are shown: the search, and a choice for each thing in which the jobs differ.

const MOST_VALUES = 40; // more of them are no choice any more, but a text to search
const chosen = new Map(); // by the name of a filter: the value that is wanted
let wantedText = "";
let texts = new Map(); // by the number of a prompt: its id and text, as they are searched

const FILTERS = [
  { name: "mode", label: "Mode", of: (row) => row.mode },
  { name: "ratio", label: "Ratio", of: (row) => row.ratio },
  { name: "take", label: "Take", of: (row) => String(row.take) },
  { name: "state", label: "State", of: (row) => row.state, order: STATES },
  { name: "choice", label: "Choice", of: choiceOf, order: ["keep", "reject", "none"] },
  { name: "again", label: "Made again", of: againOf, order: ["queued", "made again", "no"] },
  { name: "rating", label: "Rating", of: (row) => (row.rating ? "★".repeat(row.rating) : "none") },
];

function choiceOf(row) {
  return row.choice ?? "none";
}

function againOf(row) {
  if (row.remade) return "made again";
  return row.again ? "queued" : "no";
}

// Each key of meta and of the variables is a filter as well, while it has few values.
function ownFilters() {
  const names = new Set();
  for (const found of details.values()) {
    if (!found) continue;
    for (const name of Object.keys({ ...found.meta, ...found.variables })) names.add(name);
  }
  return [...names].sort().map((name) => ({
    name: `own ${name}`,
    label: name,
    of: (row) => textOf(valuesOf(row)[name]),
  }));
}

function textOf(value) {
  if (value === undefined || value === null || value === "") return "none";
  return String(value);
}

function valuesFor(filter) {
  const found = new Set();
  for (const row of jobs.values()) {
    found.add(filter.of(row));
    if (found.size > MOST_VALUES) return [];
  }
  const order = filter.order ?? [];
  const place = (value) => (order.includes(value) ? order.indexOf(value) : order.length);
  return [...found].sort((one, other) => place(one) - place(other) || byNumber(one, other));
}

function byNumber(one, other) {
  return one.localeCompare(other, "en", { numeric: true });
}

let filtersNow = [];
let filtersShown = "";

// The selects, made anew only where there is something else to choose from, so that nobody's focus is lost.
function showFilters() {
  const found = [...FILTERS, ...ownFilters()].map((filter) => ({ ...filter, values: valuesFor(filter) }));
  filtersNow = found.filter((filter) => filter.values.length > 1 || chosen.has(filter.name));
  const signature = JSON.stringify(filtersNow.map((filter) => [filter.name, filter.values]));
  if (signature === filtersShown) return;
  filtersShown = signature;
  const focused = document.activeElement?.dataset?.filter;
  $("selects").replaceChildren(...filtersNow.map(selectOf));
  if (focused) [...$("selects").querySelectorAll("select")].find((one) => one.dataset.filter === focused)?.focus();
}

function selectOf(filter) {
  const id = `filter ${filter.name}`.replaceAll(" ", "-");
  const select = element("select", { id, "data-filter": filter.name });
  select.append(element("option", { value: "", textContent: "all" }));
  for (const value of filter.values) select.append(element("option", { value: `=${value}`, textContent: value }));
  select.value = chosen.has(filter.name) ? `=${chosen.get(filter.name)}` : "";
  select.addEventListener("change", () => {
    if (select.value === "") chosen.delete(filter.name);
    else chosen.set(filter.name, select.value.slice(1));
    refresh({ fromTop: true });
  });
  return element("span", { className: "filter" }, element("label", { htmlFor: id, textContent: filter.label }), select);
}

function searchable(row) {
  let text = texts.get(row.prompt);
  if (text === undefined) {
    const prompt = promptOf(row);
    text = `${prompt.id}\n${prompt.text}`.toLocaleLowerCase();
    texts.set(row.prompt, text);
  }
  return text;
}

// The jobs that match, in order. `kept` stay, by id, though they match no longer: nothing vanishes under somebody's hands.
function shownJobs(kept) {
  const conditions = filtersNow.filter((filter) => chosen.has(filter.name));
  const words = wantedText.split(/\s+/).filter(Boolean);
  const found = [];
  for (const row of jobs.values()) {
    if (kept.has(row.id) || isMatch(row, conditions, words)) found.push(row);
  }
  return found.sort(inOrder);
}

function isMatch(row, conditions, words) {
  if (!conditions.every((filter) => filter.of(row) === chosen.get(filter.name))) return false;
  return words.every((word) => searchable(row).includes(word));
}

function startFilters() {
  let waiting = 0;
  $("search").addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      wantedText = $("search").value.toLocaleLowerCase();
      refresh({ fromTop: true });
    });
  });
  $("clear").addEventListener("click", () => {
    chosen.clear();
    wantedText = $("search").value = "";
    for (const select of $("selects").querySelectorAll("select")) select.value = "";
    refresh({ fromTop: true });
  });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
}
