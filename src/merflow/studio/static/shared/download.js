// Files that the page offers for saving: made in the browser, nothing is sent anywhere.

import { el } from "./elements.js";

// content: a Blob or a text
export function saveFile(name, content, type = "text/plain") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = el("a", { href: URL.createObjectURL(blob), download: fileName(name) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Names of clips and runs may hold any character; a file's name may not.
const fileName = (name) => name.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 150);

// rows: lists of texts and numbers. A text that a spreadsheet would read as a formula gets a '.
function csvText(head, rows) {
  const cell = (value) => {
    let text = value == null ? "" : String(value);
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text))) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\n").concat("\n");
}

export const saveCsv = (name, head, rows) => saveFile(`${name}.csv`, csvText(head, rows), "text/csv");

// The drawing of an SVG element as a file of its own.
function svgText(svg) {
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

export const saveSvg = (name, svg) => saveFile(`${name}.svg`, svgText(svg), "image/svg+xml");

export async function savePng(name, canvas) {
  saveFile(`${name}.png`, await new Promise((done) => canvas.toBlob(done, "image/png")));
}

// An SVG drawing as PNG, `scale` times its size.
export async function saveSvgAsPng(name, svg, scale = 2) {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([svgText(svg)], { type: "image/svg+xml" }));
  try {
    image.src = address;
    await image.decode();
    const canvas = el("canvas", { width: image.naturalWidth * scale, height: image.naturalHeight * scale });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    await savePng(name, canvas);
  } finally { URL.revokeObjectURL(address); }
}
