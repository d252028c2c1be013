// The keys, the colours, and the beginning.

const KEYS = [
  ["← → ↑ ↓", "the next video in that direction"],
  ["Enter", "show it large; arrows go on there, Escape goes back"],
  ["/", "search in the prompts"],
  ["D", "dark or light"],
  ["?", "these keys"],
];
const CHOOSING_KEYS = [
  ["K", "keep (again: undecided)"],
  ["R", "reject (again: undecided)"],
  ["1 to 5", "stars; 0 takes them away"],
  ["M", "make again at the next run (again: do not)"],
];

function startHelp() {
  const all = isLive ? [...KEYS, ...CHOOSING_KEYS] : KEYS;
  $("keys").replaceChildren(
    ...all.flatMap(([key, text]) => [element("dt", {}, element("kbd", { textContent: key })), element("dd", { textContent: text })]),
  );
  $("help-button").addEventListener("click", () => $("help").showModal());
}

function startTheme() {
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  let own = null;
  try {
    own = localStorage.getItem("theme");
  } catch {
    // a page from a file may have no storage
  }
  const show = () => {
    const theme = own ?? (prefersDark.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    $("theme").setAttribute("aria-pressed", String(theme === "dark"));
  };
  prefersDark.addEventListener("change", show);
  $("theme").addEventListener("click", () => {
    own = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", own);
    } catch {
      // then it holds for this visit
    }
    show();
  });
  show();
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  const target = event.target;
  const isTyping = target instanceof HTMLElement && target.matches("input, select, textarea");
  if (isTyping || $("help").open) return;
  if (onCommonKey(event.key)) event.preventDefault();
  else if ($("viewer").open ? onViewerKey(event) : onGridKey(event)) event.preventDefault();
}

function onCommonKey(key) {
  if (key === "?") $("help").showModal();
  else if (key.toLowerCase() === "d") $("theme").click();
  else return false;
  return true;
}

function onViewerKey(event) {
  if (event.target.tagName === "VIDEO" && event.key.startsWith("Arrow")) return false; // its own: to seek, and the volume
  if (event.key === "ArrowLeft") view(step(-1));
  else if (event.key === "ArrowRight") view(step(1));
  else return chooseByKey(event.key.toLowerCase(), viewed);
  return true;
}

function onGridKey(event) {
  if (event.key === "/") {
    $("search").focus();
    return true;
  }
  const isInGrid = $("grid").contains(event.target);
  if (!isInGrid && event.target !== document.body) return false;
  if (/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key)) {
    if (!isInGrid) return false;
    const next = event.target === $("grid") ? current : neighbour(event.key);
    if (next) goTo(next);
    return true;
  }
  return isInGrid && chooseByKey(event.key.toLowerCase(), current);
}

startTheme();
startFilters();
startLayout();
startViewer();
startHelp();
document.addEventListener("keydown", onKey);
refresh();
startLive();
