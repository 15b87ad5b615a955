"use strict";
// The page works without this script; with it, plots are drawn, columns sort, runs open and benchmarks switch.

const byId = (id) => document.getElementById(id);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const specs = JSON.parse(byId("plots").textContent);

// --- theme: as the system, light, dark; plots follow by CSS variables ---
const themes = ["auto", "light", "dark"];
byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const next = themes[(themes.indexOf(root.dataset.theme ?? "auto") + 1) % themes.length];
  if (next === "auto") delete root.dataset.theme;
  else root.dataset.theme = next;
  byId("theme").querySelector("span").textContent = next;
  byId("theme").setAttribute("aria-label", `colour theme: ${next === "auto" ? "as the system" : next}`);
});

// --- sortable tables ---
function keyOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  if (text === "" || text === "–") return null;
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

function compare(one, other) {
  if (typeof one === typeof other) return one < other ? -1 : one > other ? 1 : 0;
  return typeof one === "number" ? -1 : 1;
}

function sortBy(table, head) {
  const column = head.cellIndex;
  const falling = head.getAttribute("aria-sort") === "ascending";
  for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row, column), row]);
  rows.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null); // unknown stays last
    return falling ? compare(other, one) : compare(one, other);
  });
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

for (const table of all("table.sortable")) {
  for (const button of all(".sort", table)) button.addEventListener("click", () => sortBy(table, button.closest("th")));
}

// --- details of a run ---
const dialog = byId("details");
const templates = new Map(all("template[data-details]").map((template) => [template.dataset.details, template]));

function openRun(run) {
  const template = templates.get(run);
  if (!template) return;
  hideTip();
  byId("details-body").replaceChildren(template.content.cloneNode(true));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-open]");
  if (button) openRun(button.dataset.open);
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

// --- what hovering shows: text, never markup ---
const bubble = byId("tip");
function hideTip() { bubble.hidden = true; }
function showTip(handler, event, item, value) {
  if (value === null || value === undefined || value === "") return hideTip();
  bubble.replaceChildren(...String(value).split("\n").map((line) => {
    const part = document.createElement("div");
    part.textContent = line;
    return part;
  }));
  bubble.hidden = false;
  const { width, height } = bubble.getBoundingClientRect();
  const left = event.clientX + 14 + width > innerWidth ? event.clientX - width - 14 : event.clientX + 14;
  const top = event.clientY + 14 + height > innerHeight ? event.clientY - height - 14 : event.clientY + 14;
  bubble.style.left = `${Math.max(4, left)}px`;
  bubble.style.top = `${Math.max(4, top)}px`;
}

// --- plots ---
const axis = {
  labelColor: "var(--soft)", titleColor: "var(--soft)", gridColor: "var(--line)", domainColor: "var(--soft)",
  tickColor: "var(--line)", titleFontWeight: 400, titleFontSize: 12, labelFontSize: 11.5, titlePadding: 9, domain: false,
};
const sans = getComputedStyle(document.body).fontFamily;
const look = { background: null, view: { stroke: null }, font: sans, axis, axisX: { grid: false } };

// Names beside points, as many as fit without covering anything; Vega-Lite has no such mark, Vega has.
function named(vega) {
  vega.marks.push({
    type: "text",
    interactive: false,
    from: { data: "points_marks" },
    encode: { enter: { text: { field: "datum.run" }, fontSize: { value: 11.5 }, font: { value: sans }, fill: { value: "var(--ink)" } } },
    transform: [{
      type: "label", size: { signal: "[width, height]" }, anchor: ["right", "top-right", "bottom-right", "left", "top", "bottom"],
      offset: [7], padding: 0, sort: { field: "datum.datum.place", order: "descending" },
    }],
  });
  return vega;
}

const drawn = new Map();

async function draw(figure) {
  const views = specs[figure.dataset.plot];
  const place = figure.querySelector(".plot");
  const pressed = figure.querySelector('[data-view][aria-pressed="true"]');
  const spec = structuredClone(pressed ? views[pressed.dataset.view] : Object.values(views)[0]);
  figure.dataset.drawn = "yes";
  drawn.get(figure)?.finalize();
  const plot = await vegaEmbed(place, spec, {
    actions: false, renderer: "svg", ast: true, config: look, tooltip: showTip,
    ...(spec.usermeta?.names ? { patch: named } : {}),
  });
  drawn.set(figure, plot);
  plot.view.addEventListener("click", (event, item) => { if (item?.datum?.run) openRun(item.datum.run); });
}

function drawVisible() {
  return Promise.all(all("[data-plot]:not([data-drawn])").filter((figure) => figure.offsetParent !== null).map(draw));
}

for (const button of all("[data-view]")) {
  button.addEventListener("click", () => {
    for (const other of all("[data-view]", button.parentElement)) other.setAttribute("aria-pressed", String(other === button));
    draw(button.closest("[data-plot]"));
  });
}

// --- benchmarks: one at a time, all on paper ---
function show(benchmark) {
  for (const part of all("[data-benchmark]")) part.classList.toggle("off", part.dataset.benchmark !== benchmark);
  for (const button of all("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === benchmark));
  return drawVisible();
}
const switches = all("[data-show]");
for (const button of switches) button.addEventListener("click", () => show(button.dataset.show));

addEventListener("scroll", hideTip, { passive: true });
addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
(switches.length ? show(switches[0].dataset.show) : drawVisible()).then(() => { document.documentElement.dataset.ready = "yes"; });
