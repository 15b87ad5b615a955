// Everything here works offline: no request is made. Text is put into the page as text, never as markup.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const ink = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = role => ink("--" + (role || "merge"));
const escaped = text => String(text).replace(/[&<>]/g, c => ({"&": "&amp;", "<": "&lt;", ">": "&gt;"}[c]));

function trace(found, number) {
  const palette = ["--slow", "--merge", "--quick", "--control", "--given", "--chosen"];
  const shade = found.role ? colour(found.role) : ink(palette[number % palette.length]);
  const markers = found.mode.includes("markers");
  const full = {
    x: found.x, y: found.y, name: escaped(found.name), mode: found.mode, visible: found.visible ?? true, type: "scatter",
    marker: markers ? {color: shade, symbol: found.symbol ?? "circle", size: found.symbol === "star" ? 15 : 9} : undefined,
    line: {color: shade, width: found.role === "front" ? 1 : 2, dash: found.dashed ? "dot" : "solid"},
    error_y: found.errors && {type: "data", symmetric: false, array: found.errors.map(e => e[0]),
      arrayminus: found.errors.map(e => e[1]), color: shade, thickness: 1, width: 3},
    customdata: found.runs ?? found.x.map(() => found.run ?? ""),
    hovertemplate: found.text ? "%{text}<extra></extra>" : "%{x}: %{y}<extra>" + escaped(found.name) + "</extra>",
    text: found.text && found.text.map(lines => lines.split("\n").map(escaped).join("<br>")),
    hoverinfo: found.role === "front" ? "skip" : undefined,
  };
  return Object.fromEntries(Object.entries(full).filter(([, value]) => value !== undefined));
}

function draw(box) {
  const plot = data.plots[box.dataset.plot];
  const legendRows = Math.ceil(plot.traces.length / Math.max(1, Math.floor(box.clientWidth / 150)));
  const titled = box.dataset.titled === "yes";
  const axis = label => ({title: {text: label, standoff: 8}, gridcolor: ink("--line"), zeroline: false,
    linecolor: ink("--line"), automargin: true});
  Plotly.react(box, plot.traces.map(trace), {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", height: plot.height + 20 * legendRows,
    font: {family: getComputedStyle(document.body).fontFamily, color: ink("--ink"), size: 13},
    xaxis: {...axis(plot.x), type: plot.category ? "category" : "-"}, yaxis: axis(titled ? "" : plot.y), hovermode: "closest",
    margin: {l: 8, r: 8, t: 8, b: 30 + 20 * legendRows}, showlegend: plot.traces.length > 1,
    legend: {orientation: "h", yref: "container", y: 0, yanchor: "bottom", font: {size: 12}},
    hoverlabel: {bgcolor: ink("--tint"), bordercolor: ink("--line"), font: {color: ink("--ink")}, align: "left"},
  }, {displayModeBar: false, responsive: true});
  if (!box.dataset.bound) {
    box.dataset.bound = "yes";
    box.on("plotly_click", event => { const run = event.points[0].customdata; if (run) show(run); });
  }
}

function show(run) {
  const details = [...document.querySelectorAll("details.run")].find(found => found.dataset.run === run);
  if (!details) return;
  details.open = true;
  details.scrollIntoView({behavior: "smooth", block: "center"});
  details.querySelector("summary").focus({preventScroll: true});
}

function sortable(table) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    head.tabIndex = 0;
    const sort = () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = row => { const cell = row.cells[column];
        return !("value" in cell.dataset) ? cell.textContent.trim() : cell.dataset.value === "" ? null : Number(cell.dataset.value); };
      const compare = (x, y) => x === null || y === null ? (x === null) - (y === null) : (x > y ? 1 : x < y ? -1 : 0) * (down ? -1 : 1);
      [...table.tBodies[0].rows].sort((a, b) => compare(key(a), key(b))).forEach(row => table.tBodies[0].append(row));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); } });
  });
}

document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("[data-show]").forEach(link => link.addEventListener("click", event => { event.preventDefault(); show(link.dataset.show); }));
const boxes = [...document.querySelectorAll("[data-plot]")];
const drawAll = () => boxes.filter(box => box.offsetParent !== null).forEach(draw);
drawAll();
new ResizeObserver(() => boxes.forEach(box => box.classList.contains("js-plotly-plot") && box.offsetParent && Plotly.Plots.resize(box))).observe(document.body);
document.querySelectorAll("details").forEach(details => details.addEventListener("toggle", drawAll));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
addEventListener("beforeprint", () => { document.querySelectorAll("details.print").forEach(found => { found.open = true; }); drawAll(); });
