// The page's one script: links to experiments open them, and what a reader opened stays open.
(() => {
  const opened = new WeakSet();
  const open = (part, wanted) => {
    opened[wanted ? "add" : "delete"](part);
    part.open = wanted;
  };
  const visible = (id) => [...document.querySelectorAll(`.ns [id="${CSS.escape(id)}"]`)]
    .find((found) => found.parentElement.offsetParent !== null);
  const show = (id, tries = 40) => {
    const found = visible(id);
    if (found) {
      if (found.tagName === "DETAILS") open(found, true);
      found.scrollIntoView({ block: "center", behavior: "smooth" });
    } else if (tries > 0) {
      if (tries === 40) {
        [...document.querySelectorAll('button[role="tab"]')]
          .find((tab) => tab.textContent.trim() === "Transcript")?.click();
      }
      setTimeout(() => show(id, tries - 1), 100);
    }
  };
  addEventListener("click", (event) => {
    const at = event.target.closest ? event.target : document.body;
    const link = at.closest('.ns a[href^="#"]');
    if (link) {
      event.preventDefault();
      show(decodeURIComponent(link.hash.slice(1)));
      return;
    }
    const all = at.closest(".ns button#all");
    if (all) {
      const parts = [...all.closest(".ns").querySelectorAll("details.exp")];
      const wanted = parts.some((part) => !part.open);
      parts.forEach((part) => open(part, wanted));
      return;
    }
    const part = at.closest(".ns summary")?.parentElement;
    if (part) opened[part.open ? "delete" : "add"](part);
  }, true);
  // while an answer streams its part is written anew, which would close what the reader opened
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (opened.has(target) && !target.open) target.open = true;
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["open"] });
})();
