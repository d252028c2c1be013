// Figures of the whole and of what is shown, what is queued, and what went wrong.

function showCounts(isWhole) {
  const figures = batch.figures;
  const states = STATES.filter((state) => figures.jobs[state]).map((state) => `${figures.jobs[state].toLocaleString("en")} ${state}`);
  const held = figures.credits.reserved ? `, ${money(figures.credits.reserved)} held` : "";
  const left = figures.credits.left === null ? "" : `, ${money(figures.credits.left)} left of the budget`;
  $("totals").textContent = `${counted(figures.jobs.total, "job", "jobs")}: ${states.join(", ") || "none"}. ${money(figures.credits.spent)} spent${held}${left}.`;
  const credits = shown.reduce((sum, row) => sum + (row.credits ?? 0), 0);
  const text = shown.length === jobs.size ? "All are shown" : `${shown.length.toLocaleString("en")} of ${counted(jobs.size, "job is", "jobs are")} shown`;
  const cut = isWhole ? "" : " There are too many for one page: filter or search to see the others.";
  setText($("shown"), `${text}: ${money(credits)}.${cut}`);
  showQueued();
  showFailures();
}

// Said again by a screen reader only where it changed.
function setText(made, text) {
  if (made.textContent !== text) made.textContent = text;
}

function showQueued() {
  const queued = [...jobs.values()].filter((row) => row.again).length;
  $("queued").hidden = queued === 0;
  const text = `${counted(queued, "job is", "jobs are")} queued to be made again: the next run pays up to ${money(queued * priceOf())} for ${queued === 1 ? "it" : "them"}. Nothing is spent before.`;
  if (queued) setText($("queued"), text);
}

let failuresShown = "";

function showFailures() {
  const found = batch.failures;
  $("failures").hidden = found.length === 0;
  const signature = JSON.stringify(found);
  if (signature === failuresShown) return;
  failuresShown = signature;
  const number = found.reduce((sum, one) => sum + one.jobs, 0);
  $("failures").querySelector("summary").textContent = `${counted(number, "job needs", "jobs need")} attention`;
  $("failures").querySelector("tbody").replaceChildren(...found.map(failureRow));
}

function failureRow(one) {
  const advice = element("td", { textContent: one.advice });
  for (const command of [one.command ?? []].flat()) advice.append(" ", element("code", { textContent: command }));
  const cells = [one.state, one.error_class ?? "", one.jobs.toLocaleString("en"), one.why ?? ""];
  return element("tr", {}, ...cells.map((text) => element("td", { textContent: text })), advice);
}
