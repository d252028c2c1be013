// The review's events: rows that are new or changed, figures and failures, without a reload.

const live = {
  start() {
    byId("link").hidden = false;
    this.tell("connecting", "Connecting …");
    this.source = new EventSource(`events?since=${batch.live.sequence}`);
    this.source.addEventListener("open", () => this.tell("on", "Live"));
    this.source.addEventListener("error", () => this.lost());
    this.source.addEventListener("change", (event) => this.hear(JSON.parse(event.data)));
  },

  tell(state, text) {
    const link = byId("link");
    if (link.dataset.state === state) return;
    if (link.dataset.state === "lost" || state === "lost") say(text);
    link.dataset.state = state;
    link.textContent = text;
  },

  lost() {
    const ended = this.source.readyState === EventSource.CLOSED;
    this.tell("lost", ended ? "Disconnected: start runner review again" : "Connection lost, trying again …");
  },

  hear(told) {
    for (const [at, one] of Object.entries(told.prompts ?? {})) prompts[at] = one;
    for (const [at, one] of Object.entries(told.details ?? {})) details[at] = one;
    const before = jobs.length;
    const changed = (told.jobs ?? []).map((row) => learn(row, told.sequence));
    batch.live.sequence = told.sequence;
    if (told.figures) batch.figures = told.figures;
    if (told.failures) batch.failures = told.failures;
    for (const index of changed) if (index < before) fillCard(index);
    this.changed = [...(this.changed ?? []), ...changed];
    this.waiting ??= setTimeout(() => this.settle(), 50); // several events in a row are laid out once
  },

  settle() {
    this.waiting = null;
    const changed = this.changed;
    this.changed = [];
    tellFailures();
    fillFacetsSoon();
    if (changed.length) {
      const before = shown;
      choose(new Set(shown));
      if (shown.length !== before.length || changed.some((index) => jobs[index].media)) grid.lay();
    }
    tellTotals();
    if (viewer.node.open) viewer.show();
  },
};
