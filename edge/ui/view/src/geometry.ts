// Where the picture stands on the stage, and which point of the page a point of it is.

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  left: number;
  top: number;
}

/** The largest box of the picture's proportions in the middle of the stage, on whole pixels of the screen. */
export function letterbox(stage: Size, picture: Size, ratio: number): Box {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height);
  const snap = (css: number) => Math.floor(css * ratio) / ratio;
  const width = Math.max(snap(picture.width * scale + 1e-6), 1 / ratio);
  const height = Math.max(snap(picture.height * scale + 1e-6), 1 / ratio);
  return { left: snap((stage.width - width) / 2), top: snap((stage.height - height) / 2), width, height };
}

export interface Point {
  x: number;
  y: number;
}

/** A point of the screen as the page's own CSS pixels. `box` is where the picture is on the screen at this moment. */
export function toPage(client: Point, box: Box, input: Size): Point {
  const x = ((client.x - box.left) * input.width) / box.width;
  const y = ((client.y - box.top) * input.height) / box.height;
  return { x: round(x), y: round(y) };
}

export function isInside(point: Point, input: Size): boolean {
  return point.x >= 0 && point.y >= 0 && point.x < input.width && point.y < input.height;
}

/** A rectangle of the page as it lies on the screen. */
export function toScreen(rect: { x: number; y: number } & Size, box: Box, input: Size): Box {
  const [sx, sy] = [box.width / input.width, box.height / input.height];
  return {
    left: box.left + rect.x * sx,
    top: box.top + rect.y * sy,
    width: rect.width * sx,
    height: rect.height * sy,
  };
}

/** Hundredths of a pixel are as exact as a page can tell, and short to write. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** How wide a picture is worth asking for: in steps, so that dragging a window's edge does not restart the capture. */
export function wantedWidth(stage: Size, ratio: number): number {
  const step = 160;
  return Math.min(Math.max(Math.ceil((stage.width * ratio) / step) * step, step), 3840);
}
