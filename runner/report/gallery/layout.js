// Where everything is, and what of it exists: only what is near the view has elements.

const GAP = 12;
const GROUP_HEIGHT = 62;
const WORDS_HEIGHT = 52;
const NARROWEST = 190;
const TALLEST = 15_000_000; // higher boxes than this are cut by browsers

let shown = []; // the jobs that match, in order
let places = []; // what stands where: {top, height, left, width, row} or {top, height, prompt, number}
let columns = 1;
let current = null; // the id of the job that the keys are about
const standing = new Map(); // what has elements now, by key
const placeOf = new Map(); // of a job's id: its index among the places
let isFlying = false; // somebody scrolls just now: what passes by loads no video
const SETTLED_MS = 120;

function arrange() {
  const grid = $("grid");
  const width = grid.clientWidth || 600;
  columns = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  const cell = Math.floor((width - GAP * (columns - 1)) / columns);
  const height = Math.min(cell, 300) + WORDS_HEIGHT;
  places = [];
  placeOf.clear();
  let top = 0;
  let index = 0;
  while (index < shown.length && top < TALLEST) {
    const prompt = shown[index].prompt;
    const header = { top, height: GROUP_HEIGHT, prompt, key: `prompt ${prompt}`, number: 0 };
    places.push(header);
    top += GROUP_HEIGHT;
    let column = 0;
    for (; index < shown.length && shown[index].prompt === prompt; index += 1) {
      if (column === columns) {
        column = 0;
        top += height + GAP;
      }
      const row = shown[index];
      placeOf.set(row.id, places.length);
      places.push({ top, height, left: column * (cell + GAP), width: cell, row, key: row.id });
      column += 1;
      header.number += 1;
    }
    top += height + GAP * 2;
  }
  grid.style.height = `${top}px`;
  return index === shown.length;
}

// The first place that ends below `edge`; places are in order from top to bottom.
function firstBelow(edge) {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle].top + places[middle].height < edge) low = middle + 1;
    else high = middle;
  }
  return low;
}

function draw() {
  const grid = $("grid");
  const view = window.innerHeight;
  const above = -grid.getBoundingClientRect().top;
  const wanted = [];
  // A row may begin a little before: what stands beside the first one has the same top.
  for (let at = firstBelow(above - view / 2); at < places.length && places[at].top < above + view * 1.5; at += 1) {
    wanted.push(places[at]);
  }
  const kept = new Set(wanted.map((place) => place.key));
  for (const [key, made] of standing) {
    if (kept.has(key) || made.contains(document.activeElement)) continue;
    release(made);
    made.remove();
    standing.delete(key);
  }
  let before = null;
  for (const place of wanted) {
    const made = drawn(place);
    const follows = before ? before.nextSibling : grid.firstChild;
    if (made !== follows) grid.insertBefore(made, follows);
    before = made;
  }
}

function drawn(place) {
  let made = standing.get(place.key);
  if (!made) {
    made = place.row ? newCell(place.row) : newGroup();
    standing.set(place.key, made);
  }
  if (place.row) {
    showCell(made, place.row);
    made.style.width = `${place.width}px`;
    made.style.height = `${place.height}px`;
  } else {
    showGroup(made, place);
  }
  made.style.transform = `translate(${place.left ?? 0}px, ${place.top}px)`;
  return made;
}

// Everything anew after a filter or a change; whoever looks at something goes on looking at it.
function refresh({ fromTop = false } = {}) {
  const anchor = fromTop ? null : anchorNow();
  showFilters();
  shown = shownJobs(new Set(fromTop ? [] : shown.map((row) => row.id)));
  const isWhole = arrange();
  if (!placeOf.has(current)) current = shown[0]?.id ?? null;
  showCounts(isWhole);
  if (anchor) holdTo(anchor);
  draw();
  refreshViewer();
}

function anchorNow() {
  const top = $("grid").getBoundingClientRect().top;
  if (top >= 0) return null; // the beginning of the page is in view, and stays there
  const place = places[firstBelow(-top)];
  return place ? { key: place.key, at: place.top + top } : null;
}

function holdTo(anchor) {
  const place = places.find((one) => one.key === anchor.key);
  if (!place) return;
  const moved = place.top + $("grid").getBoundingClientRect().top - anchor.at;
  if (Math.abs(moved) > 1) window.scrollBy({ top: moved, behavior: "instant" });
}

// Bring a job into view and the focus to it.
function goTo(id) {
  const place = places[placeOf.get(id)];
  if (!place) return;
  const before = standing.get(current);
  current = id;
  if (before) before.tabIndex = -1;
  const top = place.top + $("grid").getBoundingClientRect().top;
  const margin = GROUP_HEIGHT + GAP;
  if (top < margin) window.scrollBy({ top: top - margin, behavior: "instant" });
  else if (top + place.height > window.innerHeight - GAP) {
    window.scrollBy({ top: top + place.height - window.innerHeight + GAP, behavior: "instant" });
  }
  draw();
  const cell = standing.get(id);
  cell.tabIndex = 0;
  cell.focus({ preventScroll: true });
}

// The job one step away; up and down look for the nearest place in the row above or below.
function neighbour(key) {
  const at = placeOf.get(current);
  if (at === undefined) return shown[0]?.id;
  if (key === "ArrowRight" || key === "ArrowLeft") {
    const step = key === "ArrowRight" ? 1 : -1;
    let next = at + step;
    while (places[next] && !places[next].row) next += step;
    return places[next]?.row.id;
  }
  if (key === "Home") return shown[0]?.id;
  if (key === "End") return places.at(-1)?.row?.id;
  const down = key === "ArrowDown";
  const here = places[at];
  let best;
  for (let next = at; places[next]; next += down ? 1 : -1) {
    const place = places[next];
    if (!place.row || place.top === here.top) continue;
    if (best && place.top !== best.top) break;
    if (!best || Math.abs(place.left - here.left) < Math.abs(best.left - here.left)) best = place;
  }
  return best?.row.id;
}

function startLayout() {
  let waiting = 0;
  let settling = 0;
  const later = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(draw);
  };
  const settled = () => {
    isFlying = false;
    later();
  };
  window.addEventListener(
    "scroll",
    () => {
      isFlying = true;
      clearTimeout(settling);
      settling = setTimeout(settled, SETTLED_MS);
      later();
    },
    { passive: true },
  );
  let widthBefore = $("grid").clientWidth;
  new ResizeObserver(() => {
    if ($("grid").clientWidth === widthBefore) return;
    widthBefore = $("grid").clientWidth;
    const anchor = anchorNow();
    arrange();
    if (anchor) holdTo(anchor);
    later();
  }).observe(document.body);
}
