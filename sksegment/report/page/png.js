// Label maps are grey PNGs. They are decoded here and not drawn on a canvas and read
// back: browsers that protect from fingerprinting change a few of the values then.
async function readPng(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const compressed = [];
  let width, height, size;
  for (let at = 8; at < bytes.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (kind === "IHDR") {
      width = view.getUint32(at + 8);
      height = view.getUint32(at + 12);
      size = bytes[at + 16] / 8;
    } else if (kind === "IDAT") {
      compressed.push(bytes.subarray(at + 8, at + 8 + length));
    }
    at += length + 12;
  }
  const stream = new Blob(compressed).stream();
  const inflated = stream.pipeThrough(new DecompressionStream("deflate"));
  const lines = new Uint8Array(await new Response(inflated).arrayBuffer());
  const values = unfilter(lines, width * size, height, size);
  const map = size === 1 ? values : new Uint16Array(width * height);
  if (size === 2) map.forEach((_, i) => (map[i] = 256 * values[2 * i] + values[2 * i + 1]));
  const none = size === 1 ? 255 : 65535;
  const last = map.reduce((most, id) => (id === none ? most : Math.max(most, id)), 0);
  return { width, height, map, none, last };
}

// Undo the filters of the lines: differences to the left, above, ... (PNG, section 9).
function unfilter(lines, stride, height, size) {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= size ? out[at - size] : 0;
      const above = y > 0 ? out[at - stride] : 0;
      const corner = x >= size && y > 0 ? out[at - stride - size] : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = above;
      else if (filter === 3) guess = (left + above) >> 1;
      else if (filter === 4) guess = paeth(left, above, corner);
      out[at] = lines[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return out;
}

function paeth(left, above, corner) {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
