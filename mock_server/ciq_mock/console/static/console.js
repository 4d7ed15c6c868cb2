// Live updates and the pop-up of forms. The pages work without it.
(() => {
  "use strict";
  const body = document.body;
  const button = document.getElementById("live-switch");
  const dialog = document.getElementById("dialog");
  const least = 1000; // milliseconds between two refreshes of a page
  let source = null;
  let last = body.dataset.feed || "";
  let stopped = false;
  let refreshed = 0;
  let due = 0;

  const refresh = () => {
    due = 0;
    refreshed = Date.now();
    if (document.getElementById("live") && !dialog.open) htmx.trigger(body, "ciq:changed");
  };

  const onChange = (event) => {
    last = event.lastEventId;
    if (!due) due = setTimeout(refresh, Math.max(0, refreshed + least - Date.now()));
  };

  const open = () => {
    if (source || stopped || document.hidden || !button) return;
    source = new EventSource("/_ciq/console/events?after=" + encodeURIComponent(last));
    source.addEventListener("changed", onChange);
  };

  const close = () => {
    clearTimeout(due);
    due = 0;
    if (source) source.close();
    source = null;
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);

  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      stopped = !stopped;
      button.setAttribute("aria-pressed", String(!stopped));
      button.textContent = stopped ? button.dataset.start : button.dataset.stop;
      if (stopped) close();
      else open();
    });
    open();
  }

  // A link with data-dialog opens its form in the pop-up.
  document.addEventListener("click", (event) => {
    const back = event.target.closest("[data-close]");
    if (back && dialog.open) {
      event.preventDefault();
      dialog.close();
    }
  });
  body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === dialog && !dialog.open) dialog.showModal();
  });
})();
