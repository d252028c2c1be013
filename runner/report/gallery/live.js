// What the review tells while a run goes on, and while others choose.

function startLive() {
  if (!isLive) return;
  let since = batch.live.sequence;
  let waiting = 0;
  const later = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => refresh());
  };
  const source = new EventSource(`events?since=${since}`);
  source.addEventListener("change", (event) => {
    const told = JSON.parse(event.data);
    since = told.sequence;
    for (const [number, prompt] of Object.entries(told.prompts ?? {})) {
      prompts.set(Number(number), prompt);
      texts.delete(Number(number));
    }
    for (const [number, found] of Object.entries(told.details ?? {})) details.set(Number(number), found);
    (told.jobs ?? []).forEach(learn);
    if (told.figures) batch.figures = told.figures;
    if (told.failures) batch.failures = told.failures;
    later();
  });
  source.addEventListener("open", () => showConnection(true));
  source.addEventListener("error", () => showConnection(false));
  showConnection(true);
}

function showConnection(isThere) {
  const sign = $("connection");
  sign.hidden = false;
  sign.textContent = isThere ? "live" : "not connected: is the review still running?";
  sign.toggleAttribute("data-lost", !isThere);
}
