// Choices, in the review: shown at once, sent one after the other, taken back where they are refused.

let sending = Promise.resolve();
const newest = new Map(); // id -> the sequence of what is known of it; an older event changes it no more

/** A row as the server has it now. Returns its index. */
function learn(row, sequence) {
  let index = indexOf.get(row.id);
  if (index !== undefined && (newest.get(row.id) ?? -1) > sequence) return index;
  if (index === undefined) {
    index = jobs.length;
    indexOf.set(row.id, index);
  }
  jobs[index] = row;
  newest.set(row.id, sequence);
  return index;
}

async function send(wish) {
  const answer = await fetch("choices", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ jobs: [jobs[wish.index].id], set: wish.set }),
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `the review answered ${answer.status}`);
  for (const row of said.jobs ?? []) learn(row, said.sequence);
}

function complain(text) {
  const box = byId("wrong");
  box.replaceChildren(el("p", {}, text), el("button", { type: "button", onclick: () => box.replaceChildren() }, "Dismiss"));
}

const choosing = {
  /** Wish something for a job; what is refused is taken back and said. */
  set(index, set) {
    if (!batch.live || index < 0) return;
    const wish = { index, set };
    wishes.push(wish);
    this.changed(index);
    say(opinionOf(rowOf(index)).join(", ") || "no choice");
    sending = sending.then(() => send(wish)).catch((error) => {
      const why = error instanceof TypeError ? "the review does not answer; is it still running?" : error.message;
      complain(`Not saved for ${promptOf(jobs[index]).id}, ${labelOf(jobs[index])}: ${why}`);
    }).then(() => {
      wishes.splice(wishes.indexOf(wish), 1);
      this.changed(index);
    });
  },

  changed(index) {
    fillCard(index);
    fillFacetsSoon();
    tellQueue();
    if (viewer.node.open) viewer.show();
  },

  toggle(index, flag) {
    this.set(index, { flag: rowOf(index).choice === flag ? null : flag });
  },

  /** Why no other take of a job can be made; nothing where it can. */
  whyNotAgain(row) {
    if (row.removed) return "It was removed from the manifest.";
    if (row.remade) return "Another take was made instead already.";
    return row.state === "done" ? "" : "Only what is done can be made again.";
  },

  again(index) {
    const row = rowOf(index);
    const why = row.again ? "" : this.whyNotAgain(row);
    if (why) return complain(`${promptOf(row).id}, ${labelOf(row)}: ${why}`);
    this.set(index, { again: !row.again });
  },

  /** The controls beside the large video. */
  panel() {
    const now = () => viewer.current;
    const button = (name, label, act) => el("button", { type: "button", "data-set": name, "aria-pressed": "false", onclick: act }, label);
    this.stars = el("div", { class: "stars", role: "group", "aria-label": "Rating" }, ...[1, 2, 3, 4, 5].map((rating) =>
      el("button", { type: "button", "data-rating": rating, "aria-label": noun(rating, "star"), "aria-pressed": "false",
        onclick: () => this.set(now(), { rating: rowOf(now()).rating === rating ? null : rating }) }, "★")));
    this.note = el("textarea", { id: "note", rows: "2", maxlength: "2000", onblur: () => this.leave() });
    this.price = el("p", { class: "quiet", id: "again-price" });
    this.buttons = [button("keep", "Keep (K)", () => this.toggle(now(), "keep")),
      button("reject", "Reject (R)", () => this.toggle(now(), "reject")),
      button("again", "Make again (M)", () => this.again(now()))];
    this.buttons[2].setAttribute("aria-describedby", "again-price");
    return el("div", { class: "choices" }, this.buttons[0], this.buttons[1], this.stars, this.buttons[2], this.price,
      el("label", { for: "note" }, "Note"), this.note);
  },

  show(index) {
    const row = rowOf(index);
    const [keep, reject, again] = this.buttons;
    keep.setAttribute("aria-pressed", String(row.choice === "keep"));
    reject.setAttribute("aria-pressed", String(row.choice === "reject"));
    again.setAttribute("aria-pressed", String(Boolean(row.again)));
    for (const star of this.stars.children) {
      star.setAttribute("aria-pressed", String(row.rating === Number(star.dataset.rating)));
      star.classList.toggle("is-on", Number(star.dataset.rating) <= (row.rating ?? 0));
    }
    const price = cost(batch.price.credits);
    const why = this.whyNotAgain(row);
    again.disabled = Boolean(why) && !row.again;
    this.price.textContent = row.again ? `Queued: the next run pays ${price} for it. Nothing is spent before.`
      : why || `Queues another take for the next run, which then pays ${price}. Nothing is spent now.`;
    if (this.of !== index) this.leave();
    if (document.activeElement !== this.note) this.note.value = row.note ?? "";
    this.of = index;
  },

  /** Send a note that was written. */
  leave() {
    const index = this.of;
    if (index === undefined || !this.note) return;
    const text = this.note.value.trim();
    this.of = undefined;
    if (text !== (rowOf(index).note ?? "")) this.set(index, { note: text || null });
    if (viewer.node.open && viewer.current === index) this.of = index;
  },

  /** Do what a key says to the job at hand; whether it said anything. */
  key(key, index) {
    if (!batch.live || index < 0) return false;
    if (key === "k") this.toggle(index, "keep");
    else if (key === "r") this.toggle(index, "reject");
    else if (key === "m") this.again(index);
    else if (/^[0-5]$/.test(key)) this.set(index, { rating: Number(key) || null });
    else return false;
    return true;
  },
};

let filling = 0;
function fillFacetsSoon() {
  filling ||= setTimeout(() => {
    filling = 0;
    makeFacets();
    tellTotals();
  }, 300);
}
