// One landmark over time: its x, its y, or its distance from the first frame with a face. dlib's
// landmarks vary from frame to frame, so that each value is a mean of five frames.

// points: for each frame a list of [x, y], or null without a face
export function landmarkTrack(points, i, track) {
  const first = points.find((one) => one)?.[i];
  const raw = points.map((one) => {
    if (!one) return null;
    if (track === "moved") return Math.hypot(one[i][0] - first[0], one[i][1] - first[1]);
    return one[i][track === "x" ? 0 : 1];
  });
  return raw.map((value, at) => {
    if (value == null) return null;
    const near = raw.slice(Math.max(0, at - 2), at + 3).filter((one) => one != null);
    return near.reduce((a, b) => a + b, 0) / near.length;
  });
}
