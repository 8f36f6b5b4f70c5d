// Turns <div class="combobox"><input data-combobox="URL" data-target="hidden-name"></div> into an
// ARIA 1.2 combobox. The input stays where it is: moved, it would lose what is being typed.
// The URL answers ?q= with {"results": [{"id", "label", "detail"}]}. Data attributes of a result's
// extra fields are not kept: the page listens to "change" on the hidden input.
// With data-must-pick, Enter in a box with nothing picked looks it up instead of sending the form.
const WAIT = 150;
let serial = 0;

class Combobox {
  constructor(input, words) {
    this.input = input;
    this.words = words;
    this.form = input.form;
    this.hidden = this.form?.elements.namedItem(input.dataset.target) ?? this.addHidden();
    this.id = `combobox-${(serial += 1)}`;
    this.results = [];
    this.rest = "";
    this.found = ""; // the text they were found for
    this.active = -1;
    this.mustPick = "mustPick" in input.dataset;
    this.offered = input.closest(".field")?.querySelector(".options"); // what the server asked with
    this.build();
    this.listen();
    const early = input.value !== input.defaultValue && !this.hidden.value;
    if (early) this.later(); // typed before this script had come: nobody types it twice
  }

  addHidden() {
    const hidden = document.createElement("input");
    hidden.type = "hidden";
    hidden.name = this.input.dataset.target;
    this.input.parentElement.after(hidden);
    return hidden;
  }

  build() {
    this.list = document.createElement("ul");
    this.list.id = this.id;
    this.list.className = "combobox__list";
    this.list.setAttribute("role", "listbox");
    const label = this.input.labels?.[0]?.textContent.trim() ?? this.input.getAttribute("aria-label") ?? "";
    this.list.setAttribute("aria-label", label);
    this.list.hidden = true;
    this.live = document.createElement("div");
    this.live.className = "visually-hidden";
    this.live.setAttribute("role", "status");
    this.input.parentElement.append(this.list, this.live);
    const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.id, autocomplete: "off" };
    for (const [name, value] of Object.entries(attributes)) this.input.setAttribute(name, value);
  }

  listen() {
    const changed = () => {
      this.forget();
      this.choose(null);
      this.later();
    };
    this.input.addEventListener("input", (event) => {
      if (!event.isComposing) changed();
    });
    this.input.addEventListener("compositionend", changed);
    this.offered?.addEventListener("change", (event) => this.choose({ id: event.target.value }));
    const checked = this.offered?.querySelector(":checked");
    if (checked) this.choose({ id: checked.value });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(Number(option.dataset.index));
    });
  }

  forget() {
    this.offered?.remove(); // it was about other words
    this.offered = null;
  }

  later() {
    this.list.setAttribute("aria-busy", "true"); // what it shows is of what was typed before
    this.move(-1);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), WAIT);
  }

  now() {
    clearTimeout(this.timer);
    this.search(true);
  }

  async search(isMeant = false) {
    const text = this.input.value.trim();
    this.request?.abort();
    if (!text) {
      this.close();
      return;
    }
    this.request = new AbortController();
    const url = new URL(this.input.dataset.combobox, location.href);
    url.searchParams.set("q", text);
    try {
      const answer = await fetch(url, { signal: this.request.signal, headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const matches = await answer.json();
      this.results = matches.results ?? [];
      this.rest = matches.rest ?? ""; // typed behind the building, stays in the box
      this.found = text;
      const hasLeft = document.activeElement !== this.input;
      if (this.results.length === 1 && !matches.is_near && (isMeant || hasLeft)) this.pick(0); // chosen before it came
      else if (!hasLeft) this.show();
    } catch (error) {
      if (error.name !== "AbortError") this.fail();
    }
  }

  fail() {
    this.results = [];
    this.rest = "";
    this.found = "";
    if (document.activeElement === this.input) this.show(this.words.failed);
    else this.close();
  }

  show(without = this.words.nothing) {
    this.list.replaceChildren(...this.results.map((result, index) => this.option(result, index)));
    if (!this.results.length) {
      const empty = document.createElement("li");
      empty.className = "combobox__empty";
      empty.setAttribute("role", "option");
      empty.setAttribute("aria-disabled", "true");
      empty.setAttribute("aria-selected", "false");
      empty.textContent = without;
      this.list.append(empty);
    }
    this.list.removeAttribute("aria-busy");
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.live.textContent = this.results.length ? `${this.results.length} ${this.words.found}` : without;
    this.move(this.results.length ? 0 : -1);
  }

  option(result, index) {
    const item = document.createElement("li");
    item.id = `${this.id}-${index}`;
    item.className = "combobox__option";
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.dataset.index = index;
    const label = document.createElement("span");
    label.textContent = result.label;
    item.append(label);
    if (result.detail) {
      const detail = document.createElement("small");
      detail.textContent = result.detail;
      item.append(detail);
    }
    return item;
  }

  move(index) {
    this.active = index;
    for (const [number, item] of [...this.list.querySelectorAll("[data-index]")].entries()) {
      item.setAttribute("aria-selected", String(number === index));
      if (number === index) item.scrollIntoView({ block: "nearest" });
    }
    if (index >= 0) this.input.setAttribute("aria-activedescendant", `${this.id}-${index}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.isComposing) return;
    const shown = !this.list.hidden;
    const open = shown && this.found === this.input.value.trim(); // else it is of what was typed before
    const count = this.results.length;
    const plain = event.key === "Enter" && !event.ctrlKey && !event.metaKey;
    const isAsked = this.mustPick && this.input.value.trim() && !this.hidden.value;
    if (event.key === "ArrowDown" && !open) this.search();
    else if (event.key === "ArrowDown" && count) this.move((this.active + 1) % count);
    else if (event.key === "ArrowUp" && open && count) this.move((this.active - 1 + count) % count);
    else if (plain && open && this.active >= 0) this.pick(this.active);
    else if (event.key === "Tab" && open && this.active >= 0) {
      this.pick(this.active);
      return;
    } else if (plain && (shown || isAsked)) this.now();
    else if (event.key === "Escape" && shown) this.close();
    else return;
    event.preventDefault();
  }

  pick(index) {
    const result = this.results[index];
    if (!result) return;
    this.input.value = this.rest ? `${result.label} ${this.rest}` : result.label;
    this.forget();
    this.choose(result);
    this.close();
  }

  choose(result) {
    const value = result ? String(result.id) : "";
    if (this.hidden.value === value) return;
    this.hidden.value = value;
    this.hidden.dispatchEvent(new CustomEvent("change", { bubbles: true, detail: result }));
  }

  close() {
    this.list.hidden = true;
    this.list.removeAttribute("aria-busy");
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.active = -1;
  }
}

export function start(words) {
  for (const input of document.querySelectorAll("input[data-combobox]")) new Combobox(input, words);
}
