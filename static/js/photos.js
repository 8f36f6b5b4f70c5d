// Shows chosen photos before they are sent: <input type="file" multiple data-photos="6">.
// Each can be taken away again; choosing more adds to what is there, up to the limit.
const SIDE = 2000;
const BIG = 1.5 * 1024 * 1024;

async function smaller(file) {
  if (file.size < BIG || !/^image\/(jpeg|png|webp)$/.test(file.type) || !window.createImageBitmap) return file;
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    if (!blob || blob.size >= file.size) return file;
    return new File([blob], file.name.replace(/\.\w+$/, ".jpg"), { type: "image/jpeg" });
  } catch {
    return file;
  }
}

function watch(input, words) {
  const limit = Number(input.dataset.photos) || 6;
  const list = document.createElement("ul");
  list.className = "photos";
  const status = document.createElement("p");
  status.className = "field__help";
  status.setAttribute("role", "status");
  const add = document.createElement("label");
  add.className = "btn photos__add";
  add.htmlFor = input.id;
  add.textContent = words.add;
  input.classList.add("visually-hidden");
  input.after(add, list, status);
  let chosen = [];

  const sync = () => {
    const transfer = new DataTransfer();
    for (const file of chosen) transfer.items.add(file);
    input.files = transfer.files;
  };

  const draw = () => {
    for (const image of list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    list.replaceChildren(
      ...chosen.map((file, index) => {
        const item = document.createElement("li");
        const figure = document.createElement("figure");
        const image = document.createElement("img");
        image.alt = file.name;
        image.src = URL.createObjectURL(file);
        const remove = document.createElement("button");
        remove.type = "button";
        remove.setAttribute("aria-label", `${words.remove} ${index + 1}`);
        remove.textContent = "×";
        remove.addEventListener("click", () => {
          chosen.splice(index, 1);
          sync();
          draw();
          input.focus();
        });
        figure.append(image, remove);
        item.append(figure);
        return item;
      }),
    );
    status.textContent = chosen.length ? `${chosen.length} / ${limit}` : "";
  };

  // Taken in at once, so that sending early loses nothing; made smaller one after the other.
  input.addEventListener("change", async () => {
    const all = [...chosen, ...input.files];
    chosen = all.slice(0, limit);
    sync();
    draw();
    if (all.length > limit) status.textContent = words.tooMany;
    for (const file of [...chosen]) {
      const small = await smaller(file);
      const index = chosen.indexOf(file);
      if (small === file || index < 0) continue;
      chosen[index] = small;
      sync();
    }
  });
}

export function start(words) {
  for (const input of document.querySelectorAll("input[data-photos]")) watch(input, words);
}
