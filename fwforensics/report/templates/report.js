"use strict";
// Filters, theme and live charts. Without it the page says the same.
(() => {
  const $ = (id) => document.getElementById(id);
  document.documentElement.classList.add("js");
  for (const e of document.querySelectorAll(".needs-js")) e.hidden = false;

  const root = document.documentElement;
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const button = $("theme");
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`); };
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();

  const form = document.querySelector(".filters");
  if (form) {
    const ranks = ["informational", "low", "medium", "high", "critical"];
    const pages = [...document.querySelectorAll("[data-finding]")];
    const rows = new Map([...document.querySelectorAll("[data-row]")].map((e) => [e.dataset.row, e]));
    const texts = new Map();
    const text = (e) => { if (!texts.has(e)) texts.set(e, e.textContent.toLowerCase()); return texts.get(e); };
    const apply = () => {
      const wanted = $("f-text").value.trim().toLowerCase();
      const least = Number($("f-severity").value);
      const category = $("f-category").value;
      const again = $("f-again").checked;
      let shown = 0;
      for (const e of pages) {
        const d = e.dataset;
        const fits = (!wanted || text(e).includes(wanted)) && (!d.severity || ranks.indexOf(d.severity) >= least)
          && (!category || !d.category || d.category === category) && (!again || d.runs === undefined || Number(d.runs) >= 2);
        e.hidden = !fits;
        if (fits) shown += 1;
        const row = rows.get(e.id);
        if (row) row.hidden = !fits;
      }
      $("f-count").textContent = shown === pages.length ? `all ${pages.length} findings` : `${shown} of ${pages.length} findings`;
      document.querySelector(".none-left").hidden = shown > 0;
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(apply));
    // A link into what the filter hides clears the filter.
    addEventListener("hashchange", () => {
      const target = $(decodeURIComponent(location.hash.slice(1)));
      if (target && target.closest("[hidden]")) { form.reset(); setTimeout(() => target.scrollIntoView()); }
    });
    apply();
  }

  const openTarget = () => {
    const target = location.hash && $(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  const specs = JSON.parse($("specs").textContent);
  const options = {
    mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, hover: false,
    tooltip: { disableDefaultStyle: true },
  };
  const draw = async (figure) => {
    const live = figure.querySelector(".live");
    try {
      await globalThis.vegaEmbed(live, specs[figure.dataset.chart], options);
      live.hidden = false;
      figure.classList.add("is-live");
    } catch (error) {
      live.hidden = true; // the drawing that is there already says the same
      figure.dataset.failed = String(error);
    }
  };
  if (globalThis.vegaEmbed && globalThis.IntersectionObserver) {
    const seen = new IntersectionObserver((entries) => {
      for (const e of entries) if (e.isIntersecting) { seen.unobserve(e.target); draw(e.target); }
    }, { rootMargin: "300px" });
    for (const figure of document.querySelectorAll("figure[data-chart]")) seen.observe(figure);
  }
})();
