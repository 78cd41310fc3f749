// Colours of points and labels on an image: the bright ones of the dark theme, visible in both themes.

const COLOURS = ["#6cb2f7", "#f5a74b", "#57c06d", "#d48be3", "#ff8a80", "#4fd1c5"];

export const imageColour = (i) => COLOURS[i % COLOURS.length];
