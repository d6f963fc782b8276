// Keeps a page of the dashboard as the sandbox is: asks for it again when the sandbox says that something has changed,
// and puts in only what is different, so that focus, open details and what was typed stay.
(() => {
  "use strict";
  const live = document.getElementById("live");
  if (!live) return;
  const PARTS = ["strip", "live"];
  const PAUSE = 200; // milliseconds between two looks, however much happens
  let waiting = false;
  let missed = false;

  async function look() {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (answer.redirected || answer.status === 404) {
      location.reload();
      return;
    }
    if (!answer.ok) return;
    const text = await answer.text();
    for (const id of PARTS) {
      const target = document.getElementById(id);
      await htmx.swap({ text, target, sourceElement: target, select: `#${id}`, swap: "outerMorph" });
    }
    begin();
  }

  function soon() {
    missed = true;
    if (waiting || document.hidden) return;
    waiting = true;
    missed = false;
    setTimeout(async () => {
      try {
        await look();
      } catch {
        // The server is gone for the moment; the stream says when it is back.
      }
      waiting = false;
      if (missed) soon();
    }, PAUSE);
  }

  // A running clock runs on while nothing happens.
  let began = 0;
  let shown = 0;
  function begin() {
    const now = document.getElementById("now");
    began = Date.now();
    shown = now.dataset.mode === "running" ? Date.parse(now.dateTime.replace(/(\.\d{3})\d*/, "$1")) : NaN;
  }
  function tick() {
    if (Number.isNaN(shown)) return;
    const now = new Date(shown + Date.now() - began);
    document.getElementById("now").textContent = `${now.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  }

  begin();
  setInterval(tick, 1000);
  const source = new EventSource(live.dataset.events);
  for (const kind of live.dataset.kinds.split(" ")) source.addEventListener(kind, soon);
  source.addEventListener("ended", () => source.close());
  source.onopen = () => {
    live.setAttribute("data-connected", "");
    soon(); // what happened since the page was made, or while nobody was there to be told
  };
  document.addEventListener("visibilitychange", () => missed && soon());
})();
