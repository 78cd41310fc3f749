// Colours of points and labels on an image: the bright ones of the dark theme, visible in both themes.

const COLOURS = ["#8fb2ff", "#f5a35c", "#4fd0bd", "#d99bec", "#e0cf52", "#ff8fb8"];

export const imageColour = (i) => COLOURS[i % COLOURS.length];
