// The list by keyboard: j and k move from row to row, Enter opens (the row's link has the focus).
// And a page that refreshes itself leaves alone the part somebody is in.
const off = () => {
  try {
    return localStorage.getItem("shortcuts-off") === "1";
  } catch {
    return false;
  }
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || off()) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  const links = [...document.querySelectorAll(".rowlink__a")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
  links[next].focus();
  event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  if (target?.matches("[data-keep-focus]") && target.contains(document.activeElement)) event.detail.shouldSwap = false;
});
