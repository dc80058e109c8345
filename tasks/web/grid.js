// Clicks and Enter in the grid become events: a page, an order, or a unit.
const act = (target) => {
  const page = target.closest("[data-page]"), sort = target.closest("[data-sort]");
  const row = target.closest("tr[data-unit]");
  if (page && !page.disabled) trigger("click", { page: Number(page.dataset.page) });
  else if (sort) trigger("click", { sort: sort.dataset.sort });
  else if (row) {
    history.replaceState(null, "", "?unit=" + encodeURIComponent(row.dataset.unit));
    trigger("click", { unit: row.dataset.unit });
  }
};
element.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("a")) event.preventDefault();
  act(event.target);
});
element.addEventListener("keydown", (event) => { if (event.key === "Enter") act(event.target); });
