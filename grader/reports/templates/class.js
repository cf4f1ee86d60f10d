
(() => {
  const table = document.querySelector("table.sortable");
  if (!table) return;
  const PAGE = 100;
  const TOTAL = 1;
  const STATUS = 2;
  const find = (id) => document.getElementById(id);
  const [search, filter, back, next, shown] = ["search", "filter", "back", "next", "shown"].map(find);
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows].map((row) => ({
    row,
    cells: [...row.cells].map((cell) => cell.textContent.trim()),
    mistakes: (row.dataset.m || "").split(" "),
    waiting: (row.dataset.q || "").split(" "),
  }));
  let order = rows;
  let sorted = "";
  let page = 0;

  const fits = ({ cells, mistakes, waiting }) => {
    if (!cells[0].toLowerCase().includes(search.value.trim().toLowerCase())) return false;
    const wanted = filter.value;
    if (/^q\d+$/.test(wanted)) return waiting.includes(wanted.slice(1));
    if (/^m\d+$/.test(wanted)) return mistakes.includes(wanted.slice(1));
    if (wanted === "provisional") return cells[TOTAL].endsWith("*");
    return !wanted || cells[STATUS].split(" ").includes(wanted);
  };

  const draw = (all) => {
    const found = order.filter(fits);
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(page, pages - 1);
    const from = all ? 0 : page * PAGE;
    const part = all ? found : found.slice(from, from + PAGE);
    body.replaceChildren(...part.map(({ row }) => row));
    back.disabled = page === 0;
    next.disabled = page === pages - 1;
    back.hidden = next.hidden = pages === 1;
    const range = pages > 1 ? `${from + 1} to ${from + part.length} of ` : "";
    const out = found.length < rows.length ? ` of ${rows.length}` : "";
    shown.textContent = `Showing ${range}${found.length}${out} students${sorted}.`;
  };

  const turn = (to) => {
    page = to;
    draw();
  };

  const key = (cells, column, numbers) => {
    if (!numbers) return cells[column];
    const number = parseFloat(cells[column]);
    return Number.isNaN(number) ? -Infinity : number;
  };
  const words = new Intl.Collator(undefined, { numeric: true });
  const compare = (a, b) => (typeof a === "number" ? a - b || 0 : words.compare(a, b));

  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    button.addEventListener("click", () => {
      const numbers = head.classList.contains("number");
      const before = head.getAttribute("aria-sort");
      const down = before ? before === "ascending" : numbers;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      order = rows
        .map((row) => [key(row.cells, column, numbers), row])
        .sort(([a], [b]) => sign * compare(a, b))
        .map(([, row]) => row);
      const orders = numbers ? ["lowest first", "highest first"] : ["A to Z", "Z to A"];
      sorted = `, sorted by ${button.textContent}, ${orders[Number(down)]}`;
      turn(0);
    });
  });

  search.addEventListener("input", () => turn(0));
  filter.addEventListener("change", () => turn(0));
  back.addEventListener("click", () => turn(page - 1));
  next.addEventListener("click", () => turn(page + 1));
  for (const link of document.querySelectorAll("a[data-show]")) {
    link.hidden = false;
    link.addEventListener("click", () => {
      search.value = "";
      filter.value = link.dataset.show;
      turn(0);
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    search.focus();
  });
  addEventListener("beforeprint", () => draw(true));
  addEventListener("afterprint", () => draw());
  find("controls").hidden = false;
  draw();
})();
