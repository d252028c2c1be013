// Which jobs are shown: the search in prompts, and a filter for each property that tells jobs apart.

const FEW = 30; // a key of variables or meta with more values than this is no filter
const UNSET = "\u0000"; // "no value", which no value of a row can be

const search = byId("search");
const facets = []; // {name, label, values(row) -> words, select, holder}

const RATED = ["5", "4 or more", "3 or more", "2 or more", "1 or more", "not rated"];

function ratingsOf(row) {
  if (!row.rating) return ["not rated"];
  return RATED.slice(0, 5).filter((_, at) => (at ? row.rating >= 5 - at : row.rating === 5));
}

function choicesOf(row) {
  const words = [row.choice ?? "no choice"];
  if (row.again) words.push("to be made again");
  if (row.remade) words.push("made again");
  return words;
}

const OWN = [
  ["mode", "Mode", (row) => [row.mode]],
  ["ratio", "Ratio", (row) => [row.ratio]],
  ["state", "State", (row) => [stateOf(row)]],
  ["take", "Take", (row) => [String(row.take)]],
  ["choice", "Choice", choicesOf],
  ["rating", "Rating", ratingsOf],
];

/** The keys of variables and meta of which the jobs have a few values. */
function keysOf(kind) {
  const found = new Map();
  for (const one of details) {
    for (const [key, value] of Object.entries(one?.[kind] ?? {})) {
      const values = found.get(key) ?? found.set(key, new Set()).get(key);
      if (values.size <= FEW) values.add(value);
    }
  }
  return [...found].filter(([, values]) => values.size <= FEW).map(([key]) => key);
}

function found(kind, key) {
  return (row) => {
    const value = detailsOf(row)[kind]?.[key];
    return [value == null ? UNSET : String(value)];
  };
}

/** Make the filters that are missing; those that stand keep what is chosen in them. */
function makeFacets() {
  const wanted = OWN.map(([name, label, values]) => ({ name, label, values }));
  for (const kind of ["variables", "meta"]) {
    for (const key of keysOf(kind)) wanted.push({ name: `${kind}.${key}`, label: key, values: found(kind, key) });
  }
  for (const facet of wanted) {
    if (facets.some((one) => one.name === facet.name)) continue;
    const select = el("select", { "data-facet": facet.name, onchange: () => filtersChanged() });
    const holder = el("label", { class: "facet" }, el("span", {}, facet.label), select);
    facets.push({ ...facet, select, holder });
    byId("facets").append(holder);
  }
  fillFacets();
}

const compare = new Intl.Collator("en", { numeric: true }).compare;

/** The values that the jobs have now, each with how many have it. */
function fillFacets() {
  for (const facet of facets) {
    const counts = new Map();
    for (let index = 0; index < jobs.length; index += 1) {
      for (const word of facet.values(rowOf(index))) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const chosen = facet.select.value;
    if (chosen && !counts.has(chosen)) counts.set(chosen, 0);
    const words = facet.name === "rating" ? RATED.filter((word) => counts.has(word)) : [...counts.keys()].sort(compare);
    const options = words.map((word) => [word, `${word === UNSET ? "none" : word} (${number(counts.get(word))})`]);
    const text = JSON.stringify(options);
    facet.holder.hidden = words.length < 2 && !chosen;
    if (text === facet.text) continue; // an open list is not closed for nothing
    facet.text = text;
    facet.select.replaceChildren(el("option", { value: "" }, "all"));
    for (const [value, label] of options) facet.select.append(el("option", { value }, label));
    facet.select.value = chosen;
  }
}

const folded = (text) => text.normalize("NFKC").toLowerCase();
const haystack = [];

/** Which prompts hold every word that is searched for, by number. */
function promptsFound() {
  const words = folded(search.value).split(/\s+/u).filter(Boolean);
  return prompts.map((prompt, at) => {
    haystack[at] ??= prompt ? folded(`${prompt.id}\n${prompt.text}`) : "";
    return words.every((word) => haystack[at].includes(word));
  });
}

let shown = []; // indexes of jobs in the order of the page

/** Whether anything is left out. */
const isFiltered = () => search.value.trim() !== "" || facets.some((facet) => facet.select.value !== "");

/** Choose the jobs anew. `kept` stay, also where they match no longer: nothing vanishes under a reader's eyes. */
function choose(kept = new Set()) {
  const hits = promptsFound();
  const asked = facets.filter((facet) => facet.select.value !== "");
  shown = ordered().filter((index) => {
    const row = rowOf(index);
    if (kept.has(index)) return true;
    return hits[row.prompt] && asked.every((facet) => facet.values(row).includes(facet.select.value));
  });
}

let order = [];

/** All jobs: by prompt in the order in which those came, then by mode, ratio and take. */
function ordered() {
  if (order.length === jobs.length) return order;
  const first = new Map();
  jobs.forEach((row, index) => first.has(row.prompt) || first.set(row.prompt, index));
  order = jobs.map((_, index) => index);
  order.sort((one, other) => {
    const [a, b] = [jobs[one], jobs[other]];
    if (a.prompt !== b.prompt) return first.get(a.prompt) - first.get(b.prompt);
    if (a.mode !== b.mode) return a.mode < b.mode ? -1 : 1;
    if (a.ratio !== b.ratio) return a.ratio < b.ratio ? -1 : 1;
    return a.take - b.take || one - other;
  });
  return order;
}

function filtersChanged() {
  choose();
  grid.lay({ toTop: true });
  tellTotals();
  say(byId("count").textContent);
}

function clearFilters() {
  search.value = "";
  for (const facet of facets) facet.select.value = "";
  filtersChanged();
}

search.addEventListener("input", () => {
  clearTimeout(search.waiting);
  search.waiting = setTimeout(filtersChanged, 120);
});
byId("reset").addEventListener("click", () => {
  clearFilters();
  search.focus();
});
