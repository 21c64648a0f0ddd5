// Sorts the table of changes by a column's heading, and opens the resource that a link leads to. Without
// it the table stands by impact, and a resource is opened by hand.
(() => {
  "use strict";
  const open = () => {
    const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (found && found.tagName === "DETAILS") {
      found.open = true;
      found.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  open();

  const value = (row, column, numeric) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent;
    return numeric ? (text === "" ? null : Number(text)) : text;
  };
  const compare = (a, b, numeric) => (numeric ? a - b : a.localeCompare(b));

  for (const table of document.querySelectorAll("table.changes")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.firstElementChild.addEventListener("click", () => {
        const numeric = head.firstElementChild.dataset.sort === "number";
        const first = numeric ? "descending" : "ascending";
        const other = numeric ? "ascending" : "descending";
        const order = head.getAttribute("aria-sort") === first ? other : first;
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const rows = [...table.tBodies[0].rows].map((row) => [value(row, column, numeric), row]);
        // What is not known stands last in either order.
        rows.sort(([a], [b]) => {
          if (a === null || b === null) return (a === null) - (b === null);
          return sign * compare(a, b, numeric);
        });
        table.tBodies[0].append(...rows.map(([, row]) => row));
      });
    });
  }
})();
