// Keeps what is being typed in this browser until it is sent: form[data-draft="key"].
// Never kept: passwords, files, hidden fields (save those a combobox fills), and anything marked data-private (a phone number).
const EVERY = 2000;
const MAX_AGE = 7 * 24 * 3600 * 1000;

const keyOf = (name) => `draft:${name}`;

const NEVER = ["hidden", "password", "file", "submit", "button", "fieldset"];

function fieldsOf(form) {
  const chosen = new Set([...form.querySelectorAll("[data-combobox]")].map((input) => input.dataset.target));
  return [...form.elements].filter(
    (field) => field.name && !field.closest("[data-private]") && (!NEVER.includes(field.type) || chosen.has(field.name)),
  );
}

function read(form) {
  const values = {};
  for (const field of fieldsOf(form)) {
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked && field.value) (values[field.name] ??= []).push(field.value);
    } else if (field.value.trim()) values[field.name] = field.value;
  }
  return values;
}

// What was typed before this script had come stays, and what is picked for it.
function write(form, values) {
  const typed = [...form.elements].filter((field) => field.type !== "hidden" && field.value !== (field.defaultValue ?? field.value));
  const names = new Set(typed.flatMap((field) => [field.name, field.dataset.target]));
  for (const field of fieldsOf(form)) {
    if (names.has(field.name)) continue;
    const value = values[field.name];
    if (field.type === "checkbox" || field.type === "radio") field.checked = Array.isArray(value) && value.includes(field.value);
    else if (typeof value === "string") {
      field.value = value;
      if (field.type === "hidden") field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
}

function watch(form, words) {
  const key = keyOf(form.dataset.draft);
  const picked = fieldsOf(form).filter((field) => field.type === "hidden").map((field) => [field, field.value]);
  const empty = JSON.stringify(read(form));
  let last = empty;
  const save = () => {
    const now = JSON.stringify(read(form));
    if (now === last) return;
    last = now;
    if (now === empty) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify({ at: Date.now(), values: JSON.parse(now) }));
  };
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(key));
  } catch {
    localStorage.removeItem(key);
  }
  const stale = !kept?.values || Date.now() - kept.at > MAX_AGE;
  // A page that came back with errors already holds what was typed: the server's words win.
  const returned = document.querySelector("[data-error-summary]");
  if (stale) localStorage.removeItem(key);
  else if (!returned && JSON.stringify(kept.values) !== empty) {
    write(form, kept.values);
    const active = document.activeElement;
    const here = form.contains(active) ? active : form.querySelector("[autofocus]"); // focused later
    if (here?.type === "text") here.select(); // typing on replaces it
    last = JSON.stringify(read(form));
    announce(form, key, words, picked);
  }
  form.addEventListener("input", save);
  form.addEventListener("change", save);
  setInterval(save, EVERY);
}

function announce(form, key, words, picked) {
  const box = document.createElement("div");
  box.className = "notice tone-info";
  box.setAttribute("role", "status");
  const text = document.createElement("p");
  text.className = "notice__body";
  text.textContent = words.restored;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn--s";
  button.textContent = words.discard;
  button.addEventListener("click", () => {
    localStorage.removeItem(key);
    form.reset();
    for (const [field, value] of picked) { // no reset reaches what is hidden
      field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    form.dispatchEvent(new Event("input", { bubbles: true }));
    box.remove();
    fieldsOf(form)[0]?.focus();
  });
  box.append(text, button);
  form.prepend(box);
}

export function start(words) {
  try {
    for (const meta of document.querySelectorAll("meta[name=draft-clear]")) localStorage.removeItem(keyOf(meta.content));
    for (const form of document.querySelectorAll("form[data-draft]")) watch(form, words);
  } catch {
    // storage is closed (private window): typing is simply not kept
  }
}
