// What a person would see at once, as data: see test_backtest_report.py.
(() => {
  "use strict";
  const box = (element) => {
    const { left, right, top, bottom, width, height } = element.getBoundingClientRect();
    return { left, right, top, bottom, width, height };
  };
  const shown = (element) => getComputedStyle(element).display !== "none" && box(element).width > 0;
  const name = (element) => `${element.closest("[id]")?.id}: ${element.textContent.trim().slice(0, 60)}`;

  const charts = {};
  const readouts = {};
  for (const figure of document.querySelectorAll("figure.chart[id]")) {
    const drawing = figure.querySelector("svg.drawing");
    if (!drawing) continue;
    const shapes = [...figure.querySelectorAll("svg.data path, svg.data use")];
    charts[figure.id] = {
      width: box(drawing).width,
      height: box(drawing).height,
      heading: figure.querySelector("h4").textContent,
      title: drawing.querySelector("title").textContent,
      series: [...figure.querySelectorAll("svg.data [data-label]")].map((path) => path.dataset.label),
      empty: shapes.filter((shape) => box(shape).width + box(shape).height === 0).map((shape) => shape.outerHTML.slice(0, 80)),
      points: [...figure.querySelectorAll("circle.point")].map((point) => box(point).left),
    };
    const hover = figure.querySelector(".hover");
    if (!hover) continue;
    const area = box(hover);
    hover.dispatchEvent(new PointerEvent("pointermove", { clientX: area.left + area.width * 0.5001, clientY: area.top + 5 }));
    readouts[figure.id] = hover.querySelector("p")?.textContent;
    hover.dispatchEvent(new PointerEvent("pointerleave"));
  }

  const texts = [...document.querySelectorAll("svg text, figcaption h4, figcaption p, .legend li, p.unit, p.x-title, .strip .name, .strip b")].filter(shown);
  const boxes = texts.map((element) => ({ element, ...box(element) }));
  const overlaps = [];
  boxes.forEach((a, index) => {
    for (const b of boxes.slice(index + 1)) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // Line boxes are taller than their letters: a tenth of a line may be shared.
      if (across > 0.5 && down > 2) overlaps.push(`${name(a.element)} / ${name(b.element)}`);
    }
  });
  const outside = boxes.filter((each) => each.left < -0.5 || each.right > innerWidth + 0.5).map((each) => name(each.element));
  const cut = [...document.querySelectorAll("h1, h2, h3, h4, p, li, dt, dd, .tiles span, .tiles b, .tiles small, td, th")]
    .filter((element) => shown(element) && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
    .map(name);

  const findings = {
    charts, readouts, overlaps, outside, cut, innerWidth,
    texts: texts.length,
    scrollWidth: document.documentElement.scrollWidth,
    title: document.title,
    headings: [...document.querySelectorAll("h2")].map((heading) => heading.textContent),
    images: document.images.length,
  };
  parent.postMessage(JSON.stringify(findings), "*");
})();
