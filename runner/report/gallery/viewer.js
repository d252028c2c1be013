// One job large, beside the other takes of its prompt, mode and ratio.

const viewer = {
  node: byId("viewer"),
  current: -1,

  open(index) {
    this.current = grid.current = index;
    for (const card of cards.values()) pause(card);
    this.show();
    if (!this.node.open) this.node.showModal();
    this.node.querySelector(".figures .is-current")?.scrollIntoView({ block: "nearest" });
  },

  /** The takes that are compared: the same prompt, mode and ratio, also those that a filter hides. */
  takes() {
    const of = jobs[this.current];
    return ordered().filter((index) => {
      const row = jobs[index];
      return row.prompt === of.prompt && row.mode === of.mode && row.ratio === of.ratio;
    });
  },

  show() {
    const row = rowOf(this.current);
    const takes = this.takes();
    const key = JSON.stringify(takes.map((index) => [index, filesOf(jobs[index]), stateOf(jobs[index])]));
    if (!this.figures || this.key !== key) this.build(takes, key);
    this.key = key;
    const at = shown.indexOf(this.current);
    this.title.textContent = `${promptOf(row).id}: ${labelOf(row)}`;
    this.place.textContent = at < 0 ? "" : `${number(at + 1)} of ${number(shown.length)}`;
    for (const figure of this.figures.children) {
      const index = Number(figure.dataset.index);
      const is = index === this.current;
      figure.classList.toggle("is-current", is);
      figure.querySelector(".pick").setAttribute("aria-pressed", String(is));
      figure.querySelector(".said").textContent = opinionOf(rowOf(index)).join(" · ");
    }
    this.facts.replaceChildren(...this.factsOf(row));
    if (batch.live) choosing.show(this.current);
  },

  build(takes, key) {
    choosing.leave(); // a note that was written belongs to the job before
    this.release();
    this.key = key;
    const close = el("button", { type: "button", class: "close", onclick: () => this.node.close() }, "Close");
    const step = (label, by) => el("button", { type: "button", onclick: () => this.step(by) }, label);
    this.title = el("h2", { id: "viewer-title", tabindex: "-1" });
    this.place = el("span", { class: "quiet place" });
    this.figures = el("div", { class: "figures" }, ...takes.map((index) => this.figure(index)));
    this.facts = el("dl", { class: "facts" });
    const head = el("div", { class: "viewer-head" }, this.title, this.place, step("← Previous", -1), step("Next →", 1), close);
    const side = batch.live ? choosing.panel() : null;
    this.node.replaceChildren(head, this.figures, ...(side ? [side] : []), this.facts);
    if (this.node.open) this.title.focus();
  },

  figure(index) {
    const row = rowOf(index);
    const videos = filesOf(row).map((path) => this.video(row, path));
    const content = videos.length ? videos : [el("p", { class: "nothing" }, whyNothing(row, stateOf(row)))];
    const pick = el("button", { type: "button", class: "pick", "aria-pressed": "false", onclick: () => this.pick(index) },
      `take ${row.take}`);
    return el("figure", { "data-index": index }, ...content,
      el("figcaption", {}, pick, " ", el("span", { class: "said" })));
  },

  video(row, path) {
    const label = `${promptOf(row).id}, ${labelOf(row)}`;
    const video = el("video", { controls: true, loop: true, playsinline: true, preload: "metadata", "aria-label": label,
      src: addressOf(path) });
    video.muted = true;
    video.style.aspectRatio = String(aspectOf(row));
    video.addEventListener("error", () => video.replaceWith(el("p", { class: "nothing" }, `${path} is gone or cannot be played here`)));
    if (!stillness.matches) video.play().catch(() => {});
    return video;
  },

  pick(index) {
    this.current = grid.current = index;
    this.show();
  },

  step(by) {
    const at = shown.indexOf(this.current);
    const next = at < 0 ? shown[0] : shown[at + by];
    if (next === undefined) return say(by > 0 ? "This is the last one." : "This is the first one.");
    this.pick(next);
    say(`${this.title.textContent}, ${stateOf(rowOf(next))}, ${this.place.textContent}`);
    this.figures.querySelector(".is-current")?.scrollIntoView({ block: "nearest" });
  },

  factsOf(row) {
    const prompt = promptOf(row);
    const { variables, meta } = detailsOf(row);
    const facts = [["Prompt", prompt.text], ["Images", prompt.images.join("\n")], ["State", stateOf(row)],
      ["Error", row.error && whyNothing(row, stateOf(row))], ["Cost", row.credits && cost(row.credits)], ["Done", row.at && new Date(row.at).toLocaleString()],
      ["Files", (row.files ?? []).join("\n")], ["Choice", opinionOf(row).join(", ")], ["Note", row.note],
      ...Object.entries(variables), ...Object.entries(meta).map(([key, value]) => [key, String(value)]), ["Job", row.id]];
    return facts.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  },

  release() {
    for (const video of this.node.querySelectorAll("video")) {
      video.pause();
      video.removeAttribute("src");
      video.load();
    }
  },
};

viewer.node.addEventListener("close", () => {
  choosing.leave();
  viewer.release();
  viewer.figures = null;
  viewer.node.replaceChildren();
  grid.focus(grid.lineOf.has(viewer.current) ? viewer.current : grid.current);
});
viewer.node.addEventListener("click", (event) => event.target === viewer.node && viewer.node.close());
viewer.node.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("textarea, input, select")) return;
  event.preventDefault();
  event.stopPropagation(); // a video with the focus would be wound as well
  viewer.step(step);
}, { capture: true });
