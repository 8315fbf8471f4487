const data = JSON.parse(document.getElementById("data").textContent);
const palette = data.palette.match(/../g).map((byte) => parseInt(byte, 16));
const controls = document.getElementById("controls");
const byId = (id) => document.getElementById(id);
const VOID_DARKNESS = 0.65;

// What the controls say.
function settings() {
  const form = new FormData(controls);
  return {
    opacity: byId("opacity").value / 100,
    borders: byId("borders").checked,
    regions: form.get("mode") === "regions",
    level: byId("level") ? Number(byId("level").value) : 0,
    visible: new Set(form.getAll("class").map(Number)),
  };
}

function pixel(red, green, blue, alpha) {
  const bytes = new Uint8ClampedArray([red, green, blue, Math.round(255 * alpha)]);
  return new Uint32Array(bytes.buffer)[0];
}

// Two colours for every label, within and on a border, and what belongs together.
function look(view, now) {
  const { map, none, last, parts } = now.regions ? view.regions : view.labels;
  const group = parts ? cut(parts, now.level) : null;
  const edge = Math.min(1, 2 * now.opacity);
  const inner = new Uint32Array(none + 1);
  const outer = new Uint32Array(none + 1);
  const same = new Uint16Array(none + 1).map((_, label) => group?.[label] ?? label);
  for (let label = 0; label <= last; label++) {
    const color = 3 * (same[label] % (palette.length / 3));
    const rgb = palette.slice(color, color + 3);
    inner[label] = pixel(...rgb, now.opacity);
    outer[label] = pixel(...rgb, now.borders ? edge : now.opacity);
  }
  inner[none] = outer[none] = pixel(0, 0, 0, VOID_DARKNESS * edge);
  return { map, none, inner, outer, same };
}

function draw(view, now) {
  const { width, height, map: labels, none } = view.labels;
  const { map, inner, outer, same, none: outside } = look(view, now);
  const shown = new Uint8Array(none + 1).map((_, label) => now.visible.has(label));
  shown[none] = 1;
  const context = view.canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!shown[labels[i]]) continue;
      const label = map[i];
      const own = same[label];
      const right = x + 1 < width ? same[map[i + 1]] : own;
      const below = y + 1 < height ? same[map[i + width]] : own;
      const border = label !== outside && (right !== own || below !== own);
      pixels[i] = border ? outer[label] : inner[label];
    }
  }
  context.putImageData(picture, 0, 0);
}

// Texts that follow the sliders.
function tell(now) {
  // The colours beside the names are not those of the regions.
  controls.classList.toggle("regions", now.regions);
  byId("opacity-shown").value = `${Math.round(100 * now.opacity)} %`;
  if (!byId("level")) return;
  const wanted = `${data.levels[now.level]} regions`;
  byId("level-shown").value = wanted;
  byId("level").setAttribute("aria-valuetext", wanted);
}

function name(view, event) {
  const box = view.canvas.getBoundingClientRect();
  const { width, height, map, none } = view.labels;
  const x = Math.floor(((event.clientX - box.left) / box.width) * width);
  const y = Math.floor(((event.clientY - box.top) / box.height) * height);
  const label = map[y * width + x];
  const input = controls.querySelector(`[name="class"][value="${label}"]`);
  view.under.textContent = label === none || !input ? "" : input.parentNode.textContent.trim();
}

async function open(figure) {
  const { labels, regions } = data.images[figure.dataset.index];
  const view = { labels: await readPng(labels), canvas: figure.querySelector("canvas") };
  if (regions) view.regions = { ...(await readPng(regions.map)), parts: regions.parts };
  view.canvas.width = view.labels.width;
  view.canvas.height = view.labels.height;
  view.under = figure.querySelector(".under");
  const copy = figure.querySelector(".tinted img");
  copy.src = figure.querySelector(".original").src;
  figure.addEventListener("pointermove", (event) => {
    if (event.target === view.canvas) name(view, event);
  });
  figure.addEventListener("pointerleave", () => (view.under.textContent = ""));
  return view;
}

async function start() {
  const views = await Promise.all([...document.querySelectorAll("figure")].map(open));
  let waiting = false;
  const update = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      const now = settings();
      tell(now);
      views.forEach((view) => draw(view, now));
    });
  };
  const check = (on) => () => {
    controls.querySelectorAll('[name="class"]').forEach((box) => (box.checked = on));
    update();
  };
  byId("all").addEventListener("click", check(true));
  byId("none").addEventListener("click", check(false));
  byId("level")?.addEventListener("input", () => {
    controls.querySelector('[value="regions"]').checked = true;
  });
  controls.addEventListener("input", update);
  controls.addEventListener("submit", (event) => event.preventDefault());
  update();
}

start().catch((error) => {
  byId("problem").hidden = false;
  byId("problem").textContent =
    `The overlays cannot be drawn by this browser (${error.message}); one from 2023 on is needed.`;
});
