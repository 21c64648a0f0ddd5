// Readouts under the pointer. The values are read back from the drawn paths, so that no figure is in
// the page twice; they are as exact as the drawing, a thousandth of the axis. Without this script the
// report lacks nothing else.
(() => {
  "use strict";
  const DEPTH = 1000;

  // The highest value of each column (steps), or points to interpolate between (straight lines).
  const read = (d) => {
    const tops = new Map();
    const points = [];
    let x = 0, y = 0;
    const seen = (column) => {
      if (!tops.has(column) || y < tops.get(column)) tops.set(column, y);
    };
    for (const [, letter, rest] of d.matchAll(/([MhvlVHZ])([^MhvlVHZ]*)/g)) {
      const values = (rest.match(/-?[\d.]+/g) ?? []).map(Number);
      if (letter === "V") break;
      if (letter === "M") { [x, y] = values; points.push([x, y]); seen(x); }
      if (letter === "l") {
        for (let i = 0; i < values.length; i += 2) { x += values[i]; y += values[i + 1]; points.push([x, y]); }
      }
      if (letter === "v") { y += values[0]; seen(x); }
      if (letter === "h") { for (let end = x + values[0]; x < end; x += 1) seen(x); }
    }
    return { tops, points };
  };

  const depthAt = ({ tops, points }, share, columns) => {
    const x = share * columns;
    if (points.length < 2 || tops.size > 1) return tops.get(Math.min(Math.floor(x), Math.ceil(columns) - 1));
    const next = Math.max(1, points.findIndex((point) => point[0] >= x));
    const [a, b] = [points[next - 1], points[next]];
    return a[1] + ((b[1] - a[1]) * (x - a[0])) / Math.max(b[0] - a[0], 1e-9);
  };

  const written = (value, span, prefix) => {
    const digits = Math.max(0, Math.min(4, 3 - Math.ceil(Math.log10(span))));
    const text = Math.abs(value).toLocaleString("en-GB", { maximumFractionDigits: digits });
    return (value < 0 && text !== "0" ? "\u2212" : "") + prefix + text;
  };

  for (const hover of document.querySelectorAll(".hover")) {
    const data = hover.parentElement.querySelector("svg.data");
    const { start, hours, low, high, prefix } = hover.dataset;
    const columns = data.viewBox.baseVal.width;
    let series = null;
    const rule = document.createElement("i");
    const box = document.createElement("p");
    hover.addEventListener("pointermove", (event) => {
      series ??= [...data.querySelectorAll("[data-label]")].map((path) => ({
        label: path.dataset.label, stack: "stack" in path.dataset, read: read(path.getAttribute("d")),
      }));
      const area = hover.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - area.left) / area.width, 0), 0.99999);
      const hour = new Date((Number(start) + Math.floor(share * hours) * 3600) * 1000);
      const span = high - low;
      const lines = series.map(({ label, stack, read }) => ({
        label, stack, value: high - (depthAt(read, share, columns) / DEPTH) * span,
      }));
      const stacked = lines.filter((line) => line.stack);
      stacked.forEach((line, index) => {
        line.shown = line.value - (index + 1 < stacked.length ? stacked[index + 1].value : low);
      });
      const text = lines
        .filter((line) => Number.isFinite(line.value))
        .map((line) => `${line.label}: ${written(line.shown ?? line.value, span, prefix)}`);
      if (!rule.isConnected) hover.append(rule, box);
      rule.style.left = `${share * 100}%`;
      box.textContent = [hour.toISOString().slice(0, 16).replace("T", " ") + " UTC", ...text].join("\n");
      const room = area.width - box.offsetWidth - 24;
      box.style.left = `${Math.max(0, share * area.width > room ? share * area.width - box.offsetWidth - 12 : share * area.width + 12)}px`;
    });
    hover.addEventListener("pointerleave", () => { rule.remove(); box.remove(); });
  }
})();
