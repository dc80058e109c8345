(() => {
  const all = () => [...document.querySelectorAll("details.exp")];
  const show = () => {
    const found = location.hash && document.getElementById(location.hash.slice(1));
    if (found && found.tagName === "DETAILS") { found.open = true; found.scrollIntoView(); }
  };
  addEventListener("hashchange", show);
  show();
  const button = document.getElementById("all");
  button.addEventListener("click", () => {
    const open = all().some((item) => !item.open);
    all().forEach((item) => { item.open = open; });
    button.textContent = open ? "close all" : "open all";
  });
})();
