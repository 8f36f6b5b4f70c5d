// What every page may use. Everything here is a convenience: without it each page still works.
const self = document.getElementById("app-js");
const words = self ? self.dataset : {};
const root = document.documentElement;

for (const element of document.querySelectorAll(".js-only")) element.hidden = false;

// Theme and text size: change at once, let the server keep the cookie.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-preference]");
  const button = event.submitter;
  if (!form || !button) return;
  event.preventDefault();
  const body = new FormData(form, button);
  const [name, value] = [button.name, button.value];
  root.setAttribute(`data-${name}`, value);
  for (const other of document.querySelectorAll(`form[data-preference="${name}"] button`)) {
    if (name === "text") {
      other.value = value === "large" ? "normal" : "large";
      other.setAttribute("aria-pressed", String(value === "large"));
    } else {
      other.setAttribute("aria-pressed", String(other.value === value));
    }
  }
  fetch(form.action, { method: "POST", body, redirect: "manual", credentials: "same-origin" });
});

// Copy a number or code.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    const area = document.createElement("textarea");
    area.value = button.dataset.copy;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const label = button.querySelector("[data-copy-label]");
  if (!label || !words.copied) return;
  const before = label.dataset.before ?? (label.dataset.before = label.textContent);
  label.textContent = words.copied;
  label.setAttribute("role", "status");
  setTimeout(() => (label.textContent = before), 2500);
});

// Printing, toasts, menus.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.closest("[data-toast]")?.remove();
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const opener = event.target.closest("[data-open-help]");
  if (opener) openHelp();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A page that is shown for a limited time only: the server then answers with another one.
const limited = document.querySelector("[data-reload-after]");
if (limited) setTimeout(() => location.reload(), (Number(limited.dataset.reloadAfter) + 1) * 1000);

// A form that came back with errors says so first.
document.querySelector("[data-error-summary]")?.focus();

// What must be read first has the focus, and the page stays at its top.
document.querySelector("[data-first-focus]")?.focus({ preventScroll: true });

// One send per form, however often the button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-preference")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.target === "_blank" || form.matches("[hx-post], [data-resend]")) return;
  form.dataset.sent = "1";
  const button = event.submitter ?? form.querySelector("button:not([type=button])");
  button?.setAttribute("aria-busy", "true");
  if (form.hasAttribute("data-logout")) forgetDrafts();
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

function forgetDrafts() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("draft:")) localStorage.removeItem(key);
  } catch {
    // storage is closed: nothing was kept
  }
}

// Keyboard: "/" search, "?" sheet, "g q" home, "c" new, Ctrl+Enter sends.
const OFF = "shortcuts-off";
const sheet = document.getElementById("shortcuts");
let waiting = "";

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function openHelp() {
  if (!sheet || sheet.open) return;
  sheet.querySelector("[data-shortcuts-off]").checked = stored(OFF) === "1";
  sheet.showModal();
}

sheet?.querySelector("[data-shortcuts-off]").addEventListener("change", (event) => {
  try {
    localStorage.setItem(OFF, event.target.checked ? "1" : "0");
  } catch {
    // storage is closed: the choice lasts for this page only
  }
});

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest("form[data-ctrl-enter]") ?? document.querySelector("form[data-ctrl-enter]");
    if (form) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-default]") ?? undefined);
    }
    return;
  }
  if (field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!sheet || sheet.open || stored(OFF) === "1") return;
  const pair = waiting + event.key;
  waiting = "";
  if (event.key === "/") {
    const box = [...document.querySelectorAll("[data-search]")].find((input) => input.offsetParent !== null);
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  } else if (event.key === "?") openHelp();
  else if (pair === "gq") location.assign(sheet.dataset.home);
  else if (event.key === "c") location.assign(sheet.dataset.new);
  else if (event.key === "g") {
    waiting = "g";
    setTimeout(() => (waiting = ""), 1200);
  }
});

// Larger helpers, fetched only where a page asks for them.
const extras = { draft: "form[data-draft], meta[name=draft-clear]", combobox: "input[data-combobox]", photos: "input[data-photos]" };
for (const [name, selector] of Object.entries(extras)) {
  if (document.querySelector(selector) && words[name]) import(words[name]).then((module) => module.start(words));
}
