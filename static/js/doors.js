// The door sheet: every list box becomes a door to tap. What was chosen above is set at the door;
// a second tap clears it. The list boxes stay in the form, so sending and drafts work as without.
const TONES = { no_answer: "tone-paused", not_affected: "tone-done", affected: "tone-overdue", call_back: "tone-soon" };
const STATES = ["no_answer", "not_affected", "affected", "call_back"];
const KEYS = { 0: "", 1: STATES[0], 2: STATES[1], 3: STATES[2], 4: STATES[3] };

const form = document.querySelector("form[data-doors]");
const faces = document.getElementById("door-states");
const doors = [];

function chosen() {
  return form.elements.namedItem("palette")?.value || "affected";
}

function draw(door) {
  const state = door.select.value;
  door.button.className = `door ${TONES[state] ?? "door--none"}`;
  const face = faces.content.querySelector(`[data-state="${state}"]`).cloneNode(true);
  face.className = "door__state";
  const label = document.createElement("span");
  label.textContent = door.label;
  door.button.replaceChildren(label, face);
  door.button.setAttribute("aria-label", `${door.spoken} ${face.textContent.trim()}`);
}

function count() {
  for (const place of document.querySelectorAll("[data-count]")) {
    place.textContent = doors.filter((door) => door.select.value === place.dataset.count).length;
  }
}

function set(door, state) {
  door.select.value = state;
  draw(door);
  count();
  door.select.dispatchEvent(new Event("input", { bubbles: true }));
}

function drawAll() {
  doors.forEach(draw);
  count();
}

function move(door, key) {
  const row = door.button.closest("tr");
  const cells = [...row.querySelectorAll(".door")];
  const at = cells.indexOf(door.button);
  const across = { ArrowLeft: cells[at - 1], ArrowRight: cells[at + 1] };
  if (key in across) return across[key];
  const next = key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
  return next?.querySelectorAll(".door")[at];
}

function live(holder) {
  const select = holder.querySelector("select");
  const button = document.createElement("button");
  button.type = "button";
  const door = { select, button, label: holder.dataset.label, spoken: holder.dataset.spoken };
  select.tabIndex = -1;
  select.setAttribute("aria-hidden", "true");
  holder.querySelector("label").hidden = true;
  button.addEventListener("click", () => set(door, select.value === chosen() ? "" : chosen()));
  button.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in KEYS) set(door, KEYS[event.key]);
    else if (event.key.startsWith("Arrow")) move(door, event.key)?.focus();
    else return;
    event.preventDefault();
  });
  holder.classList.add("doorpick--live");
  holder.append(button);
  doors.push(door);
}

if (form && faces) {
  for (const holder of form.querySelectorAll("[data-door]")) live(holder);
  form.querySelector(".doorsheet").classList.add("doorsheet--live");
  form.addEventListener("reset", () => setTimeout(drawAll));
  // A restored draft announces itself by a note at the head of the form.
  new MutationObserver(drawAll).observe(form, { childList: true });
  drawAll();
}
