(() => {
  const table = document.getElementById("units");
  if (!table) return;
  const bodies = () => [...table.tBodies];
  const heads = [...table.querySelectorAll("th[data-key]")];
  heads.forEach((head) => {
    const sort = () => {
      const key = Number(head.dataset.key);
      const up = head.getAttribute("aria-sort") === "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (body) => body.rows[0].cells[key].dataset.v;
      const words = head.dataset.words !== undefined;
      const order = words
        ? (a, b) => value(a).localeCompare(value(b), undefined, { numeric: true })
        : (a, b) => Number(value(a)) - Number(value(b));
      const sign = up !== words ? 1 : -1;
      bodies().sort((a, b) => sign * order(a, b)).forEach((body) => table.appendChild(body));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); }
    });
  });
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tr.unit");
    if (row && !event.target.closest("a")) row.parentElement.classList.toggle("open");
  });
  const filter = document.getElementById("filter");
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    let shown = 0;
    bodies().forEach((body) => {
      body.hidden = !body.rows[0].textContent.toLowerCase().includes(wanted);
      shown += body.hidden ? 0 : 1;
    });
    document.getElementById("shown").textContent = wanted ? `${shown} shown` : "";
  });
})();
