// A line chart as SVG: axes, lines, vertical marks, a cursor at the present frame.

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text != null) made.textContent = text;
  return made;
}

function ticks(low, high, most, whole = false) {
  const raw = (high - low || 1) / most;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const finest = [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= raw);
  const step = whole ? Math.max(1, finest) : finest;
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
  return found;
}

// tight: the y axis need not start at 0; series: [{name, colour (0..5), xs, ys, faint}]; marks: [{x, text}]
export function lineChart(series, { width = 640, height = 150, x = "", y = "", marks = [], tight = false } = {}) {
  const box = { left: 44, right: 8, top: 8, bottom: 30 };
  const all = series.filter((line) => line.xs.length);
  const xs = all.flatMap((line) => line.xs), ys = all.flatMap((line) => line.ys).filter((v) => v != null);
  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  const [x0, x1] = [least(xs), most(xs)];
  const [low, high] = [least(ys), most(ys)];
  const [y0, y1] = tight ? [low - 1, high + 1] : [Math.min(0, low), Math.max(high, 1e-9) * 1.05];
  const px = (v) => box.left + ((v - x0) / (x1 - x0 || 1)) * (width - box.left - box.right);
  const py = (v) => height - box.bottom - ((v - y0) / (y1 - y0 || 1)) * (height - box.top - box.bottom);
  const root = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${y} over ${x}` });
  for (const at of ticks(y0, y1, 4)) {
    root.append(svg("line", { class: "axis", x1: box.left, x2: width - box.right, y1: py(at), y2: py(at) }));
    root.append(svg("text", { x: box.left - 5, y: py(at) + 4, "text-anchor": "end" }, +at.toPrecision(3)));
  }
  for (const at of ticks(x0, x1, 8, xs.every(Number.isInteger))) {
    root.append(svg("text", { x: px(at), y: height - box.bottom + 13, "text-anchor": "middle" }, +at.toPrecision(8)));
  }
  root.append(svg("text", { x: width / 2, y: height - 3, "text-anchor": "middle" }, x));
  root.append(svg("text", { x: 10, y: height / 2 - 8, transform: `rotate(-90 10 ${height / 2 - 8})`, "text-anchor": "middle" }, y));
  for (const [order, mark] of marks.entries()) {
    root.append(svg("line", { class: "mark", x1: px(mark.x), x2: px(mark.x), y1: box.top, y2: height - box.bottom }));
    const late = px(mark.x) > width - 90;
    root.append(svg("text", { x: px(mark.x) + (late ? -3 : 3), y: box.top + 8 + 12 * (order % 2), "text-anchor": late ? "end" : "start" }, mark.text));
  }
  for (const line of all) {
    const points = line.xs.map((v, i) => [v, line.ys[i]]).filter(([, v]) => v != null);
    const path = svg("path", { d: points.map(([a, b], i) => `${i ? "L" : "M"}${px(a).toFixed(1)} ${py(b).toFixed(1)}`).join("") });
    path.style.stroke = `var(--s${line.colour % 6})`;
    if (line.faint) path.style.opacity = 0.35;
    root.append(path);
  }
  const cursor = svg("line", { class: "cursor", x1: -9, x2: -9, y1: box.top, y2: height - box.bottom });
  root.append(cursor);
  const move = (value) => {
    cursor.setAttribute("x1", px(value));
    cursor.setAttribute("x2", px(value));
  };
  return { root, move };
}
