// What the batch has come to: jobs by state, credits and dollars, of all and of what is shown; failures by class.

const STATES = ["done", "pending", "submitting", "running", "overdue", "fetching", "failed", "unknown", "removed"];

function sums(indexes) {
  const states = new Map();
  let credits = 0;
  for (const index of indexes) {
    const row = jobs[index];
    const state = stateOf(row);
    states.set(state, (states.get(state) ?? 0) + 1);
    credits += row.credits ?? 0;
  }
  return { jobs: indexes.length, states, credits };
}

function tellTotals() {
  const all = sums(ordered());
  const some = sums(shown);
  const states = STATES.filter((state) => all.states.has(state));
  const line = (label, sum) =>
    el("tr", {}, el("th", { scope: "row" }, label), el("td", {}, number(sum.jobs)),
      ...states.map((state) => el("td", {}, number(sum.states.get(state) ?? 0))),
      el("td", {}, number(sum.credits)), el("td", {}, dollars(sum.credits)));
  const head = ["", "jobs", ...states, "credits", "dollars"].map((word) =>
    word ? el("th", { scope: "col" }, word) : el("td", {}));
  byId("totals").replaceChildren(
    el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, line("All", all), line("Shown", some)));
  byId("count").textContent = isFiltered() ? `${number(some.jobs)} of ${noun(all.jobs, "job")}` : noun(all.jobs, "job");
  byId("none").hidden = some.jobs > 0;
  tellBooks();
  tellQueue();
}

function tellBooks() {
  const books = batch.figures?.credits;
  const files = batch.figures?.files;
  if (!books) return;
  const words = [`${cost(books.spent)} spent`];
  if (books.reserved) words.push(`${number(books.reserved)} reserved`);
  if (books.unknown) words.push(`${number(books.unknown)} of them unknown`);
  words.push(books.budget == null ? "no budget" : `${number(books.left)} left of ${number(books.budget)}`);
  if (files) words.push(`${noun(files.count, "file")}, ${size(files.bytes)}`);
  if (batch.figures.running_pid) words.push("a run goes on");
  byId("books").textContent = words.join(" · ");
}

function size(bytes) {
  const [unit, of] = bytes >= 1e9 ? ["GB", 1e9] : bytes >= 1e6 ? ["MB", 1e6] : ["kB", 1e3];
  return `${(bytes / of).toFixed(1)} ${unit}`;
}

/** Say what is queued: nothing is spent by it, and what the next run will pay for it. */
function tellQueue() {
  let queued = 0;
  for (let index = 0; index < jobs.length; index += 1) queued += rowOf(index).again ? 1 : 0;
  const text = `${noun(queued, "video")} to be made again: the next run pays ${cost(queued * batch.price.credits)}. ` +
    "Nothing is spent before you start it.";
  const box = byId("queue");
  box.hidden = queued === 0;
  if (queued && box.textContent !== text) box.textContent = text;
}

function tellFailures() {
  const rows = batch.failures ?? [];
  byId("failures").hidden = rows.length === 0;
  const head = ["State", "Class", "Jobs", "Such as", "What to do", "Command"].map((word) => el("th", { scope: "col" }, word));
  const body = rows.map((one) =>
    el("tr", {}, el("td", {}, one.state), el("td", {}, one.error_class ?? ""), el("td", {}, number(one.jobs)),
      el("td", { class: "why" }, one.why ?? ""), el("td", { class: "why" }, one.advice), el("td", {}, el("code", {}, one.command))));
  byId("failed").replaceChildren(el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body));
}

function tellMade() {
  const at = batch.made_at ? ` of ${new Date(batch.made_at).toLocaleString()}` : "";
  byId("made").textContent = batch.live ? "Live: what changes appears by itself." : `The state${at}. Made by runner report.`;
}
