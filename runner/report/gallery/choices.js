// What a person thinks of a job. It is shown at once, and taken back with the reason where it could not be kept.

const isLive = batch.live !== null;
const known = new Map(); // by job: its row as the review told it last, while changes of it are on their way
const changes = new Map(); // by job: those changes, the oldest first
let sending = Promise.resolve(); // one after the other, so that they arrive in the order in which they were made

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
  return batch.price.again;
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

function choose(id, set) {
  say("");
  if (!changes.has(id)) {
    known.set(id, jobs.get(id));
    changes.set(id, []);
  }
  changes.get(id).push(set);
  showChanged(id);
  sending = sending.then(() => send(id, set));
}

async function send(id, set) {
  try {
    const answer = await fetch("choices", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ jobs: [id], set }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error ?? `the review answered ${answer.status}`);
    told.jobs.forEach(learn);
  } catch (error) {
    say(`Not kept: ${error instanceof TypeError ? "the review does not answer; is it still running?" : error.message}`);
  }
  changes.get(id).shift();
  showChanged(id);
}

// A row as the review tells it; what is on its way still shows on top of it.
function learn(row) {
  if (changes.has(row.id)) known.set(row.id, row);
  else jobs.set(row.id, row);
}

// While something is on its way, the page says so to those who wait for it.
function showChanged(id) {
  const left = changes.get(id);
  jobs.set(id, Object.assign({}, known.get(id), ...left.map(shownAs)));
  if (left.length === 0) {
    changes.delete(id);
    known.delete(id);
  }
  $("grid").toggleAttribute("data-saving", changes.size > 0);
  refresh();
}

// The fields of a change, as a row has them.
function shownAs(set) {
  const { flag, ...others } = set;
  return flag === undefined ? others : { choice: flag ?? undefined, ...others };
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
