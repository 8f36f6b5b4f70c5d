// The case page: a verb's form opens inside the page. Without script its button is a link.
const words = document.getElementById("app-js")?.dataset ?? {};

const extras = { draft: "form[data-draft]", photos: "input[data-photos]" };

document.body.addEventListener("htmx:afterSwap", (event) => {
  const panel = event.target;
  if (panel.id !== "act") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) menu.open = false;
  for (const [name, selector] of Object.entries(extras)) {
    if (panel.querySelector(selector) && words[name]) import(words[name]).then((module) => module.start(words));
  }
  panel.scrollIntoView({ block: "start", behavior: "auto" });
  const title = panel.querySelector("#verb-title");
  title?.focus({ preventScroll: true });
});

// A form that may not be shown any more says so on its own page.
document.body.addEventListener("htmx:responseError", (event) => {
  const link = event.detail.elt;
  if (link instanceof HTMLAnchorElement) location.assign(link.href);
});
