// Marks drawn by hand: what belongs to the subject, and what does not.  Strokes are kept in shares of the photo, so that
// zoom, crop and size of the result do not matter to them.

// Marks need not be finer than this; the server fits them to the photo.
const LONGEST = 2048;
const COLOURS = { keep: "rgb(30 170 90 / 60%)", clear: "rgb(225 45 60 / 60%)" };
const SIZES = [4, 160];
const STEP = 1.25;

/**
 * @typedef {{kind: "keep" | "clear", width: number, points: number[][]}} Stroke
 *   `width` is a share of the photo's width, points are shares of its width and height
 */

/** The brush over a stage. */
export class Brush {
  /**
   * @param {import("./stage.js").Stage} stage
   * @param {HTMLElement} bar with the brush's buttons and its size
   * @param {(stroke: Stroke) => void} onStroke
   */
  constructor(stage, bar, onStroke) {
    this.stage = stage;
    this.bar = bar;
    this.onStroke = onStroke;
    this.kind = "keep";
    this.canvas = stage.root.querySelector(".marks");
    this.tip = stage.root.querySelector(".brush-tip");
    this.slider = bar.querySelector("input");
    [this.slider.min, this.slider.max] = SIZES;
    this.stroke = null;
    this.shown = [];
    this.slider.addEventListener("input", () => this.#tipSize());
    stage.root.addEventListener("pointerleave", () => (this.tip.hidden = true));
    this.#tipSize();
  }

  get active() {
    return this.stage.tool === this;
  }

  /** Takes the brush into the hand, or puts it away. */
  hold(on) {
    this.stage.tool = on ? this : null;
    this.stage.root.classList.toggle("brushing", on);
    this.bar.hidden = !on;
    this.tip.hidden = true;
    this.stroke = null;
  }

  /** @param {"keep" | "clear"} kind what the next strokes say */
  use(kind) {
    this.kind = kind;
    this.tip.dataset.kind = kind;
    for (const button of this.bar.querySelectorAll("[data-kind]")) {
      button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
    }
  }

  grow(up) {
    this.slider.value = Math.round(Number(this.slider.value) * (up ? STEP : 1 / STEP));
    this.#tipSize();
  }

  /** Shows strokes that are not in the result yet. */
  show(strokes) {
    this.shown = strokes;
    this.#paint();
  }

  // The stage calls these for the pointer that has its button down, and `hover` for any.

  down(point) {
    const { scale, width } = this.stage.place;
    const share = Number(this.slider.value) / this.stage.view.scale / scale / width;
    this.stroke = { kind: this.kind, width: share, points: [point] };
    this.#paint();
  }

  move(point) {
    this.stroke?.points.push(point);
    this.#paint();
  }

  up(finished) {
    const { stroke } = this;
    this.stroke = null;
    if (stroke && finished) this.onStroke(stroke);
    else this.#paint();
  }

  hover(x, y) {
    this.tip.hidden = false;
    this.tip.style.transform = `translate(${x}px, ${y}px)`;
  }

  #tipSize() {
    this.tip.style.setProperty("--size", `${this.slider.value}px`);
    this.slider.setAttribute("aria-valuetext", `${this.slider.value} pixels of the screen`);
  }

  #paint() {
    const strokes = this.stroke ? [...this.shown, this.stroke] : this.shown;
    this.canvas.hidden = !strokes.length;
    if (this.canvas.hidden) return;
    const { scale, left, top, width, height } = this.stage.place;
    resize(this.canvas, width, height);
    this.canvas.style.transform = `translate(${left}px, ${top}px) scale(${(scale * width) / this.canvas.width})`;
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    // A later stroke replaces what is below it, as it does in the marks.
    for (const stroke of strokes) {
      draw(pen, stroke, "#000", "destination-out");
      draw(pen, stroke, COLOURS[stroke.kind], "source-over");
    }
  }
}

/**
 * What strokes say, as two pictures for the server; null where nothing is said.
 * @param {Stroke[]} strokes in their order: where two lie on each other, the later one counts
 * @param {{width: number, height: number}} photo
 * @returns {Promise<{keep: Blob | null, clear: Blob | null}>}
 */
export async function marksOf(strokes, photo) {
  const marks = {};
  for (const kind of ["keep", "clear"]) {
    marks[kind] = null;
    if (!strokes.some((stroke) => stroke.kind === kind)) continue;
    const canvas = document.createElement("canvas");
    resize(canvas, photo.width, photo.height);
    const pen = canvas.getContext("2d");
    for (const stroke of strokes) draw(pen, stroke, "#fff", stroke.kind === kind ? "source-over" : "destination-out");
    marks[kind] = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
  return marks;
}

function resize(canvas, width, height) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
}

function draw(pen, { width, points }, colour, mode) {
  const { canvas } = pen;
  pen.globalCompositeOperation = mode;
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = width * canvas.width;
  pen.lineCap = pen.lineJoin = "round";
  const places = points.map(([x, y]) => [x * canvas.width, y * canvas.height]);
  pen.beginPath();
  pen.moveTo(...places[0]);
  // A line of no length draws nothing in some browsers.
  if (places.length === 1) places.push([places[0][0] + 0.01, places[0][1]]);
  for (const place of places.slice(1)) pen.lineTo(...place);
  pen.stroke();
}
