// Line drawings of 16 by 16.

const PATHS = {
  back: "M10 3 5 8l5 5",
  forward: "m6 3 5 5-5 5",
  reload: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  plus: "M8 3v10M3 8h10",
  close: "m4 4 8 8m0-8-8 8",
  pin: "M6 2h4l-.5 4 2 2.5h-7l2-2.5zM8 8.500V14",
  download: "M8 2v8M4.500 7 8 10.500 11.500 7M3 13.500h10",
  share:
    "M6.500 9.500 9.500 6.500M7 4.500 8.500 3a3 3 0 0 1 4.500 4.500L11.500 9M9 11.500 7.500 13A3 3 0 0 1 3 8.500L4.500 7",
  full: "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
  keyboard: "M1.500 4h13v8h-13zM4 6.500h.01M6.700 6.500h.01M9.300 6.500h.01M12 6.500h.01M5 9.500h6",
  clipboard: "M5.500 3H4v11h8V3h-1.500M5.500 2h5v2.500h-5z",
  globe: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M2 8h12M8 2c4 4 4 8 0 12C4 10 4 6 8 2",
} as const;

export type Icon = keyof typeof PATHS;

export function icon(name: Icon): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
