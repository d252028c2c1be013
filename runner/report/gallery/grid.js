// Where everything stands. Lines have known heights, so only those near the view exist in the page.

const GAP = 12;

const grid = {
  node: byId("grid"),
  lines: [], // {key, top, height, prompt | jobs}
  lineOf: new Map(), // index of a job -> number of its line
  nodes: new Map(), // key -> element
  current: -1, // the job that the keyboard is at

  /** Put the shown jobs into lines anew, keeping what is looked at where it is, or going to the top. */
  lay({ toTop = false } = {}) {
    const anchor = toTop ? null : this.anchor();
    this.measure();
    this.build();
    if (!this.lineOf.has(this.current)) this.current = shown[0] ?? -1;
    const focused = this.node.contains(document.activeElement);
    this.draw();
    if (anchor && this.lineOf.has(anchor.index)) {
      scrollBy({ top: this.topOf(anchor.index) - anchor.top, behavior: "instant" });
      this.draw();
    } else if (toTop && this.node.getBoundingClientRect().top < 0) {
      scrollBy({ top: this.node.getBoundingClientRect().top - barHeight() - GAP, behavior: "instant" });
      this.draw();
    }
    if (focused && !this.node.contains(document.activeElement)) this.focus(this.current);
  },

  measure() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.width = this.node.clientWidth;
    this.media = Math.round(rem * (this.width < 600 ? 11 : 14));
    this.caption = Math.round(rem * 3);
    this.heading = Math.round(rem * 4.6);
    this.node.style.setProperty("--media", `${this.media}px`);
  },

  widthOf(row) {
    return Math.min(this.width, Math.max(132, Math.round(this.media * aspectOf(row))));
  },

  build() {
    this.lines = [];
    this.lineOf = new Map();
    let [top, prompt, left, line] = [0, -1, 0, null];
    const height = this.media + this.caption + GAP;
    const add = (one) => {
      this.lines.push(one);
      top += one.height;
      return one;
    };
    for (const index of shown) {
      const row = jobs[index];
      if (row.prompt !== prompt) {
        prompt = row.prompt;
        this.head = add({ key: `p${prompt}`, top, height: this.heading, prompt, jobs: [] });
        line = null;
      }
      const width = this.widthOf(row);
      if (!line || left + width > this.width) {
        line = add({ top, height, jobs: [] });
        left = 0;
      }
      left += width + GAP;
      line.jobs.push(index);
      this.head.jobs.push(index);
      this.lineOf.set(index, this.lines.length - 1);
    }
    for (const one of this.lines) one.key ??= one.jobs.join();
    this.node.style.height = `${top}px`;
  },

  /** The first line that ends below this height. */
  lineAt(height) {
    let [low, high] = [0, this.lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle].top + this.lines[middle].height > height) high = middle;
      else low = middle + 1;
    }
    return low;
  },

  /** Make what is near the view and drop what is not. */
  draw() {
    const above = -this.node.getBoundingClientRect().top;
    const first = this.lineAt(above - innerHeight);
    const wanted = [];
    for (let at = first; at < this.lines.length && this.lines[at].top < above + 2 * innerHeight; at += 1) wanted.push(at);
    const kept = this.lineOf.get(this.current); // the line with the focus stays, or the focus would be lost
    if (kept !== undefined && !wanted.includes(kept)) kept < first ? wanted.unshift(kept) : wanted.push(kept);
    const keys = new Set(wanted.map((at) => this.lines[at].key));
    for (const [key, node] of this.nodes) {
      if (keys.has(key)) continue;
      node.remove();
      this.nodes.delete(key);
    }
    let before = null;
    for (const at of wanted) before = this.place(this.lines[at], before);
    this.dropUnused();
    this.markCurrent();
    this.loadSoon();
  },

  /** Load once it is quiet: what only passes by is not worth it. */
  loadSoon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.loadNear(), 120);
  },

  place(line, before) {
    let node = this.nodes.get(line.key);
    if (!node) {
      node = line.prompt === undefined ? this.makeLine(line) : makeHeading(line);
      this.nodes.set(line.key, node);
      before ? before.after(node) : this.node.prepend(node);
    }
    if (line.prompt !== undefined) node.querySelector(".many").textContent = noun(line.jobs.length, "video");
    node.style.transform = `translateY(${line.top}px)`;
    node.style.height = `${line.height}px`;
    return node;
  },

  makeLine(line) {
    const node = el("ul", { class: "line", role: "list" });
    for (const index of line.jobs) {
      const card = cards.get(index) ?? makeCard(index);
      card.style.width = `${this.widthOf(jobs[index])}px`;
      node.append(card);
    }
    return node;
  },

  dropUnused() {
    for (const [index, card] of cards) if (!card.isConnected) dropCard(index);
  },

  /** Load what is in the view or half a screen from it; let go of what is further away. */
  loadNear() {
    const reach = innerHeight / 2;
    for (const card of cards.values()) {
      const box = card.getBoundingClientRect();
      box.bottom > -reach && box.top < innerHeight + reach ? load(card) : release(card);
    }
  },

  /** The one card that Tab reaches; the arrows go on from it. */
  markCurrent() {
    for (const [index, card] of cards) card.firstChild.tabIndex = index === this.current ? 0 : -1;
  },

  topOf(index) {
    return this.lines[this.lineOf.get(index)].top + this.node.getBoundingClientRect().top;
  },

  /** The job that is looked at, and where it is on the screen. */
  anchor() {
    if (!this.lines.length) return null;
    const focused = this.node.contains(document.activeElement) ? this.current : undefined;
    if (this.lineOf.has(focused)) return { index: focused, top: this.topOf(focused) };
    const above = -this.node.getBoundingClientRect().top;
    if (above <= 0) return null;
    const line = this.lines.slice(this.lineAt(above), this.lineAt(above) + 2).find((one) => one.prompt === undefined);
    return line ? { index: line.jobs[0], top: this.topOf(line.jobs[0]) } : null;
  },

  /** Bring a job into the view and give it the focus. */
  focus(index) {
    if (!this.lineOf.has(index)) return;
    this.current = index;
    const line = this.lines[this.lineOf.get(index)];
    const top = this.topOf(index);
    const clear = barHeight() + GAP;
    if (top < clear) scrollBy({ top: top - clear, behavior: "instant" });
    else if (top + line.height > innerHeight) scrollBy({ top: top + line.height - innerHeight, behavior: "instant" });
    this.draw();
    cards.get(index)?.firstChild.focus({ preventScroll: true });
  },

  /** The job that a key leads to from the current one. */
  neighbour(key) {
    const at = shown.indexOf(this.current);
    if (key === "ArrowLeft") return shown[Math.max(0, at - 1)];
    if (key === "ArrowRight") return shown[Math.min(shown.length - 1, at + 1)];
    if (key === "Home") return shown[0];
    if (key === "End") return shown.at(-1);
    const from = this.lineOf.get(this.current);
    const step = key === "ArrowUp" ? -1 : 1;
    let line = from + step;
    while (this.lines[line]?.prompt !== undefined) line += step;
    const column = this.lines[from].jobs.indexOf(this.current);
    return this.lines[line]?.jobs.at(Math.min(column, this.lines[line].jobs.length - 1)) ?? this.current;
  },
};

function makeHeading(line) {
  const prompt = promptOf(jobs[line.jobs[0]]);
  return el("div", { class: "prompt" }, el("h3", { title: prompt.text }, prompt.text || prompt.id),
    el("p", { class: "quiet" }, `${prompt.id} · `, el("span", { class: "many" })));
}

const barHeight = () => {
  const bar = document.querySelector(".bar");
  return getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
};

const GRID_KEYS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

grid.node.addEventListener("keydown", (event) => {
  if (!GRID_KEYS.has(event.key) || event.altKey || event.ctrlKey || event.metaKey || !event.target.closest(".card")) return;
  event.preventDefault();
  grid.focus(grid.neighbour(event.key));
});

let drawing = 0;
const drawSoon = () => {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    grid.draw();
  });
};
addEventListener("scroll", drawSoon, { passive: true });
new ResizeObserver(() => grid.node.clientWidth === grid.width || grid.lay()).observe(grid.node);
