"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const form = document.querySelector(".filters");
  const rows = Array.from(document.querySelectorAll(".requirements tbody tr"));
  const matched = document.querySelector(".matched");
  const none = document.querySelector(".no-match");

  function apply() {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = Array.from(form.querySelectorAll("input[name=outcome]:checked"), (box) => box.value);
    const level = form.elements.level.value;
    const feature = form.elements.feature.value;
    let shown = 0;
    for (const row of rows) {
      const pairs = row.dataset.pairs.trim().split(" ").map((pair) => pair.split(":"));
      const fits =
        (!level || row.dataset.level === level) &&
        words.every((word) => row.dataset.search.includes(word)) &&
        pairs.some(([of, outcome]) =>
          (!feature || of === feature || of === "") && (!outcomes.length || outcomes.includes(outcome)));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    matched.textContent = shown + " of " + rows.length;
    none.hidden = shown > 0;
  }

  function only(outcome) {
    form.reset();
    for (const box of form.querySelectorAll("input[name=outcome]")) box.checked = box.value === outcome;
    apply();
  }

  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.hidden) { form.reset(); apply(); }
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    const more = target.tagName === "TR" && target.querySelector("details.more");
    if (more) more.open = true;
    target.scrollIntoView();
  }

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  for (const tile of document.querySelectorAll("a[data-outcome]"))
    tile.addEventListener("click", () => only(tile.dataset.outcome));
  for (const button of document.querySelectorAll("button[data-fold]"))
    button.addEventListener("click", () => {
      for (const one of document.querySelectorAll("details.finding")) one.open = button.dataset.fold === "open";
    });
  window.addEventListener("hashchange", reveal);
  window.addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details.finding, details.scenario")) one.open = true;
  });
  apply();
  reveal();
})();
