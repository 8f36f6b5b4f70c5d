// Turns <input data-combobox="URL" data-target="hidden-name"> into an ARIA 1.2 combobox.
// The URL answers ?q= with {"results": [{"id", "label", "detail"}]}. Data attributes of a result's
// extra fields are not kept: the page listens to "change" on the hidden input.
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
    this.found = ""; // the text they were found for
    this.active = -1;
    this.build();
    this.listen();
    const early = input.value !== input.defaultValue && !this.hidden.value;
    if (early) this.later(); // typed before this script had come: nobody types it twice
  }

  addHidden() {
    const hidden = document.createElement("input");
    hidden.type = "hidden";
    hidden.name = this.input.dataset.target;
    this.input.after(hidden);
    return hidden;
  }

  build() {
    const box = document.createElement("div");
    box.className = "combobox";
    const hadFocus = document.activeElement === this.input;
    this.input.replaceWith(box);
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
    box.append(this.input, this.list, this.live);
    if (hadFocus) this.input.focus(); // moving it in the page took the focus away
    const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.id, autocomplete: "off" };
    for (const [name, value] of Object.entries(attributes)) this.input.setAttribute(name, value);
  }

  listen() {
    this.input.addEventListener("input", (event) => {
      if (event.isComposing) return;
      this.choose(null);
      this.later();
    });
    this.input.addEventListener("compositionend", () => this.later());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(Number(option.dataset.index));
    });
  }

  later() {
    this.list.setAttribute("aria-busy", "true"); // what it shows is of what was typed before
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), WAIT);
  }

  now() {
    clearTimeout(this.timer);
    this.search();
  }

  async search() {
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
      this.results = (await answer.json()).results ?? [];
      this.found = text;
      if (document.activeElement === this.input) this.show();
      else if (this.results.length === 1) this.pick(0); // left before the answer came: this is meant
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  show() {
    this.list.replaceChildren(...this.results.map((result, index) => this.option(result, index)));
    if (!this.results.length) {
      const empty = document.createElement("li");
      empty.className = "combobox__empty";
      empty.setAttribute("role", "option");
      empty.setAttribute("aria-disabled", "true");
      empty.setAttribute("aria-selected", "false");
      empty.textContent = this.words.nothing;
      this.list.append(empty);
    }
    this.list.removeAttribute("aria-busy");
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.live.textContent = this.results.length ? `${this.results.length} ${this.words.found}` : this.words.nothing;
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
    if (event.key === "ArrowDown" && !open) this.search();
    else if (event.key === "ArrowDown" && count) this.move((this.active + 1) % count);
    else if (event.key === "ArrowUp" && open && count) this.move((this.active - 1 + count) % count);
    else if (event.key === "Enter" && open && this.active >= 0 && !event.ctrlKey && !event.metaKey) this.pick(this.active);
    else if (event.key === "Tab" && open && this.active >= 0) {
      this.pick(this.active);
      return;
    } else if (event.key === "Enter" && shown && !event.ctrlKey && !event.metaKey) this.now();
    else if (event.key === "Escape" && shown) this.close();
    else return;
    event.preventDefault();
  }

  pick(index) {
    const result = this.results[index];
    if (!result) return;
    this.input.value = result.label;
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
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.active = -1;
  }
}

export function start(words) {
  for (const input of document.querySelectorAll("input[data-combobox]")) new Combobox(input, words);
}
