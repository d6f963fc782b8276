// What every page of the dashboard can do with JavaScript, and does without where it must: copy, search while typing,
// show the current tab, keep open parts open.
(() => {
  "use strict";

  // Copy buttons. The clipboard needs a secure context; elsewhere the text is selected and copied by the old command.
  async function copy(text) {
    if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const show = () => document.querySelectorAll(".copy[hidden]").forEach((button) => button.removeAttribute("hidden"));
  show();
  new MutationObserver(show).observe(document.body, { childList: true, subtree: true, attributeFilter: ["hidden"] });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(".copy");
    if (!button) return;
    await copy(button.dataset.copy);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  // Search while typing: the list is fetched and put in place, and the address says what is shown.
  for (const form of document.querySelectorAll('form[role="search"]')) {
    let wait = 0;
    let number = 0;
    async function search() {
      const mine = ++number;
      const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
      const url = `${location.pathname}${query.size ? "?" : ""}${query}`;
      const answer = await fetch(url, { credentials: "same-origin" });
      if (!answer.ok || mine !== number) return;
      history.replaceState(null, "", url);
      const text = await answer.text();
      for (const id of ["strip", "live"]) {  // the buttons of the strip lead back to this view
        const target = document.getElementById(id);
        if (target) await htmx.swap({ text, target, sourceElement: target, select: `#${id}`, swap: "outerMorph" });
      }
    }
    const soon = (pause) => { clearTimeout(wait); wait = setTimeout(search, pause); };
    form.addEventListener("input", () => form.checkValidity() && soon(250));
    form.addEventListener("submit", (event) => { event.preventDefault(); soon(0); });
  }

  // The current tab is in sight, also on a narrow screen.
  const tab = document.querySelector('.tabs [aria-current="page"]');
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.clientWidth / 2 + tab.offsetWidth / 2;

  // "now" is in sight in a waterfall that is wider than the page.
  for (const picture of document.querySelectorAll(".picture:has(.waterfall)")) {
    const now = picture.querySelector("line.now");
    picture.scrollLeft = Number(now.getAttribute("x1")) - picture.clientWidth * 0.7;
  }
})();
