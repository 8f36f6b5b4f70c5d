// The operators' pages are the framework's; here is mended what it leaves nameless to a reader of
// screens.

// A box in which one picks while typing is select2's: name it by the label of its field.
function nameBoxes() {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = select.labels[0];
    const box = select.parentElement.querySelector(".select2-selection");
    if (!label || !box) continue;
    label.id ||= `${select.id}-label`;
    const chosen = box.querySelector(".select2-selection__rendered");
    box.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
    chosen.setAttribute("aria-labelledby", label.id);
  }
}

// A column without a heading has a plain cell above it, not an empty heading.
for (const heading of document.querySelectorAll(".tabular thead th")) {
  if (heading.textContent.trim()) continue;
  const cell = document.createElement("td");
  cell.className = heading.className;
  heading.replaceWith(cell);
}

// after the framework's own script has made the boxes
window.django?.jQuery?.(nameBoxes);
