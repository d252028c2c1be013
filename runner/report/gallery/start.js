// The keys that work everywhere, light and dark, the help, and the beginning.

const THEMES = ["auto", "light", "dark"];

function useTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = `Theme: ${theme}`;
}

function rememberedTheme() {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem("runner-theme")) ?? "auto";
  } catch {
    return "auto"; // a browser may keep nothing for files
  }
}

byId("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  useTheme(next);
  try {
    localStorage.setItem("runner-theme", next);
  } catch {
    // it holds for this visit
  }
});

const KEYS = [["← → ↑ ↓", "go from video to video"], ["Enter", "open large"], ["Escape", "close"], ["Home, End", "first, last"],
  ["/", "search"], ["?", "this help"]];
const CHOICE_KEYS = [["K", "keep"], ["R", "reject"], ["1 to 5", "stars"], ["0", "no stars"], ["M", "make again at the next run"]];

function openHelp() {
  const rows = [...KEYS, ...(batch.live ? CHOICE_KEYS : [])].map(([keys, what]) =>
    el("div", {}, el("dt", {}, el("kbd", {}, keys)), el("dd", {}, what)));
  const node = byId("help");
  const text = batch.live ? "Choices are stored at once and seen by everybody who has this review open."
    : "Choices are made in the live page: runner review.";
  node.replaceChildren(el("h2", { id: "help-title" }, "Keys"), el("dl", { class: "keys" }, ...rows), el("p", {}, text),
    el("button", { type: "button", onclick: () => node.close() }, "Close"));
  node.showModal();
}

byId("help-button").addEventListener("click", openHelp);

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  if (byId("help").open) return;
  const key = event.key.toLowerCase();
  const isOpen = viewer.node.open;
  const atHand = isOpen ? viewer.current : event.target.closest(".card") ? grid.current : -1;
  if (key === "?") openHelp();
  else if (key === "/" && !isOpen) search.focus();
  else if (!choosing.key(key, atHand)) return;
  event.preventDefault();
});

useTheme(rememberedTheme());
makeFacets();
choose();
grid.lay();
tellTotals();
tellFailures();
tellMade();
if (innerWidth < 600) byId("filters").open = byId("failures").open = false;
if (batch.live) live.start();
