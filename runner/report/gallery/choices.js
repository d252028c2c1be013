// What a person thinks of a job. It is shown at once, and taken back with the reason where it could not be kept.

const isLive = batch.live !== null;
const saving = new Map(); // by job: how many of its changes are on their way

function showChoosing(row) {
  const box = $("choosing");
  box.hidden = !isLive;
  if (!isLive || box.contains(document.activeElement) && box.dataset.job === row.id && document.activeElement.tagName === "INPUT") return;
  const focused = box.dataset.job === row.id ? document.activeElement?.dataset?.act : undefined;
  box.dataset.job = row.id;
  const stars = element("span", { className: "rating", role: "group", "aria-label": "Rating" });
  for (let number = 1; number <= 5; number += 1) {
    const is = (row.rating ?? 0) >= number;
    stars.append(act(`rate ${number}`, is ? "★" : "☆", `${number} of 5 stars`, row.rating === number, () => choose(row.id, { rating: row.rating === number ? null : number })));
  }
  const note = element("input", { value: row.note ?? "", maxLength: 2000, autocomplete: "off" });
  note.addEventListener("change", () => choose(row.id, { note: note.value.trim() || null }));
  box.replaceChildren(
    act("keep", "✓ Keep", null, row.choice === "keep", () => toggleFlag(row.id, "keep")),
    act("reject", "✗ Reject", null, row.choice === "reject", () => toggleFlag(row.id, "reject")),
    stars,
    element("label", {}, "Note", note),
    againButton(row),
  );
  if (focused) [...box.querySelectorAll("button")].find((one) => one.dataset.act === focused)?.focus();
}

function act(name, text, label, isPressed, does) {
  const button = element("button", { type: "button", textContent: text, "data-act": name, "aria-pressed": String(isPressed) });
  if (label) button.setAttribute("aria-label", label);
  button.addEventListener("click", does);
  return button;
}

function againButton(row) {
  const price = money(priceOf());
  const text = row.remade ? "↻ Made again" : row.again ? `↻ Queued: the next run pays ${price}` : `↻ Make again: ${price} at the next run`;
  const button = act("again", text, null, Boolean(row.again), () => toggleAgain(row.id));
  button.disabled = !canBeMadeAgain(row);
  return button;
}

// What one more take costs at most: the price, or what was charged where that was more.
function priceOf() {
  return batch.price.credits;
}

function canBeMadeAgain(row) {
  return row.state === "done" && !row.removed && !row.remade;
}

function toggleFlag(id, flag) {
  choose(id, { flag: jobs.get(id).choice === flag ? null : flag });
}

function toggleAgain(id) {
  const row = jobs.get(id);
  if (canBeMadeAgain(row)) choose(id, { again: !row.again });
}

async function choose(id, set) {
  const before = jobs.get(id);
  replaceJob({ ...before, ...shownAs(set) });
  noteSaving(id, 1);
  try {
    const answer = await fetch("choices", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ jobs: [id], set }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error ?? `the review answered ${answer.status}`);
    if (saving.get(id) === 1) for (const row of told.jobs) replaceJob(row);
    say("");
  } catch (error) {
    replaceJob(before);
    say(`Not kept: ${error instanceof TypeError ? "the review does not answer; is it still running?" : error.message}`);
  } finally {
    noteSaving(id, -1);
  }
}

// While something is on its way, the page says so to assistive technology, and to those who wait for it.
function noteSaving(id, by) {
  saving.set(id, (saving.get(id) ?? 0) + by);
  const isBusy = [...saving.values()].some(Boolean);
  $("grid").toggleAttribute("data-saving", isBusy);
}

// The fields of a change, as a row has them.
function shownAs(set) {
  const { flag, ...others } = set;
  return flag === undefined ? others : { choice: flag ?? undefined, ...others };
}

function replaceJob(row) {
  jobs.set(row.id, row);
  refresh();
}

function say(text) {
  $("message").textContent = text;
}

// The keys that choose, for the job that is viewed or stands under the focus. Whether the key was one of them.
function chooseByKey(key, id) {
  if (!isLive || !jobs.has(id)) return false;
  if (key === "k") toggleFlag(id, "keep");
  else if (key === "r") toggleFlag(id, "reject");
  else if (key === "m") toggleAgain(id);
  else if (/^[0-5]$/.test(key)) choose(id, { rating: Number(key) || null });
  else return false;
  return true;
}
