// What a clip is saved as: the frame as it is shown (PNG, SVG), or the whole clip (MP4).

import { getBlob, url } from "../shared/api.js";
import { svgPart } from "../shared/chart_export.js";
import { menu } from "../shared/components.js";
import { saveFile, savePng, saveSvg } from "../shared/download.js";
import { toast } from "../shared/page.js";
import { imageColour } from "../shared/image_colours.js";
import { playbackSpeed } from "./clip_player.js";

// open: {clip, view, query(values), number()}
export function saveMenu(open) {
  const { clip, view } = open;
  const name = () => `${clip.key.join("_")}_${[view.left, view.right].filter(Boolean).map((one) => one.name).join("-")}`;
  const frame = () => `${name()}_frame${open.number()}`;
  return menu("Save", [
    ["Frame as PNG", () => savePng(frame(), view.image)],
    ["Frame with points as SVG", () => saveSvg(frame(), drawing(view))],
    ["Clip as MP4, left factor", () => saveVideo(open, view.left.name, "")],
    ["Clip as MP4, both side by side", () => saveVideo(open, view.left.name, view.right?.name || view.left.name)],
  ], { "aria-label": "Save frame or clip" });
}

async function saveVideo({ clip, query }, factor, beside) {
  const other = beside === factor ? "" : beside;
  const percent = Math.round(100 * playbackSpeed());
  toast("The video is being made…");
  const film = await getBlob(`${url("clip", ...clip.key)}/video?${query({ factor, beside: other, percent })}`);
  saveFile(`${clip.key.join("_")}_${[factor, other].filter(Boolean).join("-")}.mp4`, film);
}

// The frame as an embedded picture, with the wipe, the points and the factors as lines and text.
function drawing(view) {
  const { width, height } = view;
  const root = svgPart("svg", { width: width * 4, height: height * 4, viewBox: `0 0 ${width} ${height}` },
    svgPart("image", { href: view.image.toDataURL("image/png"), width, height, "image-rendering": "pixelated" }));
  const label = (x, anchor, text) => root.append(svgPart("text", { x, y: 8, "text-anchor": anchor, "font-size": 6, "font-family": "Inter, Helvetica, Arial, sans-serif",
    fill: "#fff", stroke: "#000", "stroke-width": 1.2, "paint-order": "stroke" }, text));
  label(3, "start", view.left.name);
  if (view.right) {
    const at = Math.round(view.wipe * width);
    root.append(svgPart("line", { x1: at, x2: at, y1: 0, y2: height, stroke: "#ffcc33", "stroke-width": 0.8 }));
    label(width - 3, "end", view.right.name);
  }
  if (view.showPoints) Object.values(view.points).forEach(([x, y], i) => root.append(
    svgPart("rect", { x: x - 4, y: y - 4, width: 8, height: 8, fill: "none", stroke: imageColour(i), "stroke-width": 1.2 })));
  return root;
}
