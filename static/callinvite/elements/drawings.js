/** The pictures of the pages, drawn for this project on a 24 by 24 grid.
 *  They are decoration: the words beside them (or on their button) say what they mean. */

const SVG = "http://www.w3.org/2000/svg";
const HANDSET =
  "M5.2 3.6h2.9c.5 0 .9.3 1 .8l.9 3.5c.1.4 0 .8-.3 1.1L8 10.5a12.6 12.6 0 0 0 5.5 5.5l1.5-1.7c.3-.3.7-.4 1.1-.3l3.5.9c.5.1.8.5.8 1v2.9c0 .9-.8 1.7-1.7 1.6C10.6 19.8 4.2 13.4 3.6 5.3c-.1-.9.7-1.7 1.6-1.7z";

const STAR = "M12 3.600l2.600 5.300 5.800.8-4.200 4.100 1 5.800-5.200-2.700-5.200 2.700 1-5.800L3.600 9.700l5.800-.8z";

/** @type {Record<string, [string, Record<string, string>][]>} */
const DRAWINGS = {
  phone: [["path", { d: HANDSET }]],
  "phone-solid": [["path", { d: HANDSET, fill: "currentColor" }]],
  "hang-up": [["path", { d: HANDSET, fill: "currentColor", transform: "rotate(135 12 12)" }]],
  video: [
    ["rect", { x: "2.5", y: "6", width: "12.5", height: "12", rx: "3" }],
    ["path", { d: "M15 10.5l4.7-2.9c.6-.4 1.3 0 1.3.7v7.4c0 .7-.7 1.1-1.3.7L15 13.5" }],
  ],
  "video-solid": [
    ["rect", { x: "2.5", y: "6", width: "12.5", height: "12", rx: "3", fill: "currentColor" }],
    ["path", { d: "M16.5 11l3.6-2.3c.5-.3.9 0 .9.5v5.6c0 .5-.4.8-.9.5L16.5 13z", fill: "currentColor" }],
  ],
  people: [
    ["circle", { cx: "9", cy: "8", r: "3.5" }],
    ["path", { d: "M2.5 19.5c.4-3.6 3-5.8 6.5-5.8s6.1 2.2 6.5 5.8" }],
    ["path", { d: "M15.5 4.9a3.3 3.3 0 0 1 0 6.2" }],
    ["path", { d: "M18 14.3c2 .8 3.2 2.6 3.5 5.2" }],
  ],
  person: [
    ["circle", { cx: "12", cy: "8", r: "3.8" }],
    ["path", { d: "M4.5 20c.5-3.9 3.5-6.2 7.5-6.2s7 2.3 7.5 6.2" }],
  ],
  "add-person": [
    ["circle", { cx: "10", cy: "8", r: "3.6" }],
    ["path", { d: "M3 20c.5-3.8 3.3-6 7-6 1.3 0 2.5.3 3.5.8" }],
    ["path", { d: "M18 14v6M15 17h6" }],
  ],
  recents: [
    ["circle", { cx: "12", cy: "12", r: "8.8" }],
    ["path", { d: "M12 7v5.3l3.4 2" }],
  ],
  settings: [
    ["path", { d: "M4 7h8M17 7h3M4 17h3M12 17h8" }],
    ["circle", { cx: "14.5", cy: "7", r: "2.5" }],
    ["circle", { cx: "9.5", cy: "17", r: "2.5" }],
  ],
  "sign-out": [
    ["path", { d: "M10 4H6.5A2.5 2.5 0 0 0 4 6.5v11A2.5 2.5 0 0 0 6.5 20H10" }],
    ["path", { d: "M15 8l4 4-4 4M19 12H9.5" }],
  ],
  search: [
    ["circle", { cx: "10.5", cy: "10.5", r: "6.5" }],
    ["path", { d: "M15.5 15.5L20.5 20.5" }],
  ],
  flip: [
    ["path", { d: "M4.5 10.5a7.8 7.8 0 0 1 14-2.5M19.5 13.5a7.8 7.8 0 0 1-14 2.5" }],
    ["path", { d: "M18.9 3.8v4.4h-4.4M5.1 20.2v-4.4h4.4" }],
    ["circle", { cx: "12", cy: "12", r: "2.4" }],
  ],
  enlarge: [["path", { d: "M14 4h6v6M20 4l-6.500 6.500M10 20H4v-6M4 20l6.500-6.500" }]],
  shrink: [["path", { d: "M20 10h-6V4M14 10l6.500-6.500M4 14h6v6M10 14l-6.500 6.500" }]],
  close: [["path", { d: "M6 6l12 12M18 6L6 18" }]],
  check: [["path", { d: "M5 12.5l4.5 4.5L19 7.5" }]],
  back: [["path", { d: "M14.5 6l-6 6 6 6" }]],
  edit: [
    ["path", { d: "M5 19l.9-3.9L16 5a2 2 0 0 1 2.900 2.900L8.900 18z" }],
    ["path", { d: "M14.200 6.800l3 3" }],
  ],
  info: [
    ["circle", { cx: "12", cy: "12", r: "8.8" }],
    ["path", { d: "M12 11.200v5M12 7.700v.1" }],
  ],
  down: [["path", { d: "M6 9.5l6 6 6-6" }]],
  bell: [
    ["path", { d: "M6 16.5v-5.8a6 6 0 0 1 12 0v5.8l1.5 1.7h-15z" }],
    ["path", { d: "M10 20.8h4" }],
  ],
  "bell-off": [
    ["path", { d: "M8 6.2a6 6 0 0 1 10 4.5v4.2M6 10.7v5.8l-1.5 1.7h12" }],
    ["path", { d: "M10 20.8h4M4 4l16 16" }],
  ],
  moon: [["path", { d: "M19.500 14.600A8.200 8.200 0 0 1 9.400 4.500a8.200 8.200 0 1 0 10.100 10.100z" }]],
  star: [["path", { d: STAR }]],
  "star-solid": [["path", { d: STAR, fill: "currentColor" }]],
  block: [
    ["circle", { cx: "12", cy: "12", r: "8.5" }],
    ["path", { d: "M6 6l12 12" }],
  ],
  incoming: [["path", { d: "M18 6L7 17M7 9v8h8" }]],
  outgoing: [["path", { d: "M6 18L17 7M9 7h8v8" }]],
  missed: [["path", { d: "M4 7l8 7.5L20 7M4 12.5V7h5.5" }]],
  device: [
    ["rect", { x: "3", y: "4.5", width: "18", height: "12", rx: "2" }],
    ["path", { d: "M8.5 20h7M12 16.5V20" }],
  ],
  mobile: [
    ["rect", { x: "7", y: "2.5", width: "10", height: "19", rx: "2.5" }],
    ["path", { d: "M11 18.5h2" }],
  ],
  trash: [
    ["path", { d: "M4.5 6.5h15M9 6.5V4h6v2.5M6.5 6.5l.8 12.5c0 .8.7 1.5 1.5 1.5h6.4c.8 0 1.5-.700 1.5-1.5l.8-12.5" }],
  ],
  mic: [
    ["rect", { x: "9", y: "2.8", width: "6", height: "11.2", rx: "3" }],
    ["path", { d: "M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3.2" }],
  ],
  "mic-off": [
    ["path", { d: "M15 9.5V5.8a3 3 0 0 0-5.8-1M9 9v2a3 3 0 0 0 4.6 2.5" }],
    ["path", { d: "M5.5 11.5a6.5 6.5 0 0 0 10.7 5M18.500 11.500a6.400 6.400 0 0 1-.6 2.700M12 18v3.2M4 3.500l16 17" }],
  ],
  "video-off": [
    [
      "path",
      {
        d: "M9.500 6H12a3 3 0 0 1 3 3v2.500M15 15.500a3 3 0 0 1-3 2.500H5.500a3 3 0 0 1-3-3V9c0-1.100.6-2 1.500-2.600",
      },
    ],
    ["path", { d: "M15 10.500l4.700-2.900c.6-.4 1.300 0 1.300.7v7.400M4 3.500l16 17" }],
  ],
  screen: [
    ["rect", { x: "2.800", y: "4.500", width: "18.400", height: "12", rx: "2" }],
    ["path", { d: "M12 13.500V8M9.500 10.200L12 7.700l2.500 2.500M8.500 20h7" }],
  ],
  "screen-off": [
    ["rect", { x: "2.800", y: "4.500", width: "18.400", height: "12", rx: "2" }],
    ["path", { d: "M9.800 8.300l4.400 4.400M14.200 8.300l-4.400 4.400M8.500 20h7" }],
  ],
  more: [
    ["circle", { cx: "5.500", cy: "12", r: "1.500", fill: "currentColor" }],
    ["circle", { cx: "12", cy: "12", r: "1.500", fill: "currentColor" }],
    ["circle", { cx: "18.500", cy: "12", r: "1.500", fill: "currentColor" }],
  ],
  pin: [["path", { d: "M9 3.5h6M10 3.500v6l-3 4.500h10l-3-4.500v-6M12 14v6.500" }]],
  pause: [["path", { d: "M8.500 5.500v13M15.500 5.500v13" }]],
  speaker: [
    ["path", { d: "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500z" }],
    ["path", { d: "M15.500 8.800a4.500 4.500 0 0 1 0 6.400M18 6.300a8 8 0 0 1 0 11.400" }],
  ],
  corner: [
    ["rect", { x: "2.800", y: "4.500", width: "18.400", height: "15", rx: "2" }],
    ["rect", { x: "12.500", y: "12", width: "6", height: "5", rx: "1", fill: "currentColor" }],
  ],
  signal: [
    ["path", { d: "M5 19v-3.500", "data-bar": "1" }],
    ["path", { d: "M12 19V10.500", "data-bar": "2" }],
    ["path", { d: "M19 19V5", "data-bar": "3" }],
  ],
  move: [
    ["rect", { x: "3", y: "5", width: "11", height: "9", rx: "1.5" }],
    ["rect", { x: "15.5", y: "9", width: "6", height: "11", rx: "1.5" }],
    ["path", { d: "M6 18h5.5M9.5 16l2 2-2 2" }],
  ],
};

/** One picture.
 *  @param {string} name one of the drawings
 *  @returns {SVGSVGElement} */
export function drawing(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "2",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
    focusable: "false",
  })) {
    svg.setAttribute(key, value);
  }
  for (const [shape, attributes] of DRAWINGS[name] ?? []) {
    const part = document.createElementNS(SVG, shape);
    for (const [key, value] of Object.entries(attributes)) {
      part.setAttribute(key, value);
    }
    svg.append(part);
  }
  return svg;
}
