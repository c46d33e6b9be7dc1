// Small comforts; every page works without them.
(() => {
  "use strict";
  const isTyping = (element) => element && element.matches("input, textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")];

  function step(by) {
    const all = rows();
    if (!all.length) return false;
    const here = all.indexOf(document.activeElement?.closest("[data-row]"));
    const next = all[Math.max(0, Math.min(all.length - 1, here < 0 ? 0 : here + by))];
    const link = next.matches("a") ? next : next.querySelector("a[href]");
    (link || next).focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      document.querySelectorAll("details.more[open], details.pop[open]").forEach((one) => one.removeAttribute("open"));
      if (isTyping(document.activeElement)) document.activeElement.blur();
      return;
    }
    if (isTyping(document.activeElement)) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) { search.focus(); search.select(); event.preventDefault(); }
    } else if ((event.key === "j" && step(1)) || (event.key === "k" && step(-1))) {
      event.preventDefault();
    }
  });

  // A click beside an open menu closes it.
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.more[open], details.pop[open]").forEach((one) => {
      if (!one.contains(event.target)) one.removeAttribute("open");
    });
    // A whole row opens what its first link opens.
    const row = event.target.closest("tr[data-row]");
    if (row && !event.target.closest("a, button, input, summary, label") && !String(getSelection())) {
      row.querySelector("a[href]")?.click();
    }
  });

  // A form is sent once; its button shows that it is on its way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented || "many" in form.dataset) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
    try {
      sessionStorage.setItem("tuan-scroll", JSON.stringify([location.pathname, scrollY]));
    } catch { /* a browser without storage comes back to the top */ }
  });
  // Back from what was done, the page stands where it stood.
  try {
    const [path, top] = JSON.parse(sessionStorage.getItem("tuan-scroll")) || [];
    sessionStorage.removeItem("tuan-scroll");
    if (path === location.pathname && performance.getEntriesByType("navigation")[0]?.type === "navigate") scrollTo(0, top);
  } catch { /* a browser without storage begins at the top */ }
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-busy]").forEach((one) => one.removeAttribute("aria-busy"));
  }));

  // What refreshes itself waits while somebody is busy in it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const box = event.detail.elt;
    if (box.matches("[data-fresh]") && (document.hidden || box.contains(document.activeElement) || box.querySelector("details[open]"))) {
      event.preventDefault();
    }
  });

  // The tab tells how many clocks press, also while another tab is looked at.
  document.addEventListener("htmx:afterSwap", () => {
    const count = Number(document.getElementById("pressing")?.dataset.count || 0);
    const plain = document.title.replace(/^\(\d+\) /, "");
    const title = count ? `(${count}) ${plain}` : plain;
    if (title !== document.title) document.title = title;
  });

  // Filters left open do not lengthen the address.
  document.addEventListener("htmx:configRequest", (event) => {
    const { verb, parameters } = event.detail;
    if (verb !== "get") return;
    for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
  });

  // Filters apply as soon as they are chosen.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-now]");
    if (form) form.requestSubmit();
  });
})();
