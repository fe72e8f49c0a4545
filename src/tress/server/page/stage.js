// The picture: zoom, pan, and the before/after slider.  Layers lie in .canvas, in picture pixels; a tool that draws on
// the picture has its layer there and takes pointer events before the stage pans.

const MOST = 16;
const PIXELS_FROM = 3;
// A rectangle that is less wide or high on the screen was a slip of the hand.
const LEAST = 6;

export class Stage {
  /** @param {HTMLElement} root the .stage element */
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector(".canvas");
    this.backdrop = root.querySelector(".backdrop");
    this.after = root.querySelector(".after");
    this.before = root.querySelector(".before");
    this.photo = this.before.querySelector("img");
    this.handle = root.querySelector(".handle");
    this.size = { width: 0, height: 0 };
    this.view = { scale: 1, x: 0, y: 0 };
    this.split = 0;
    this.fitted = true;
    this.region = root.querySelector(".region");
    this.marked = null;
    this.corner = null;
    // Takes the pointer instead of panning: down(point), move(point), up(finished) in shares of the photo, hover(x, y).
    this.tool = null;
    this.toolPointer = null;
    this.onZoom = () => {};
    this.onMarked = () => {};
    this.pointers = new Map();
    new ResizeObserver(() => (this.fitted ? this.fit() : this.draw())).observe(root);
    this.#listen();
  }

  /**
   * Shows a result over its photo.
   * @param {{photo: string, result?: string, width: number, height: number, layout?: object, backdrop?: string, name: string, photoSize?: object, region?: string}} what
   *   `backdrop` is "checker", a CSS colour or a url(...); `region`, in the words of the option, is outlined.
   */
  show({ photo, result, width, height, layout = { scale: 1, left: 0, top: 0 }, backdrop = "checker", name, photoSize, region = "" }) {
    const changed = width !== this.size.width || height !== this.size.height || photo !== this.photo.src;
    this.size = { width, height };
    this.place = { ...layout, ...(photoSize ? { width: photoSize.width, height: photoSize.height } : { width, height }) };
    if (!this.marking) this.#outline(region ? region.split(/[ ,]+/).map((part, index) => this.#share(part, index)) : null);
    this.photo.src = photo;
    this.photo.style.transform = `translate(${layout.left}px, ${layout.top}px) scale(${layout.scale})`;
    this.after.hidden = !result;
    if (result) this.after.src = result;
    this.after.alt = result ? `${name}, background removed` : "";
    this.photo.alt = result ? "" : name;
    this.canvas.hidden = false;
    this.backdrop.classList.toggle("checker", backdrop === "checker");
    this.backdrop.style.background = backdrop === "checker" ? "" : `${backdrop} center / cover`;
    this.root.classList.toggle("waiting", !result);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    if (changed) this.fit();
    else this.draw();
  }

  /** Shows nothing. */
  clear() {
    this.size = { width: 0, height: 0 };
    this.photo.removeAttribute("src");
    this.after.removeAttribute("src");
    this.root.classList.add("waiting");
    this.canvas.hidden = true;
  }

  /** Whether a rectangle is being asked for. */
  get marking() {
    return this.marked !== null;
  }

  /**
   * Lets the person draw a rectangle.
   * @param {(corners: number[]) => void} done gets left, top, right and bottom as shares of the photo, 0 to 1
   */
  mark(done) {
    this.marked = done;
    this.root.classList.add("marking");
    this.#outline(null);
  }

  /** Does not ask for a rectangle any more. */
  unmark() {
    this.marked = null;
    this.corner = null;
    this.root.classList.remove("marking");
    this.onMarked();
  }

  compare(on) {
    this.root.classList.toggle("plain", !on);
  }

  /** Real size means: one pixel of the picture is one pixel of the screen. */
  get real() {
    return 1 / devicePixelRatio;
  }

  fit() {
    const { clientWidth, clientHeight } = this.root;
    if (!this.size.width || !clientWidth) return;
    const room = Math.min(48, clientWidth / 10);
    const scale = Math.min((clientWidth - room) / this.size.width, (clientHeight - room) / this.size.height, this.real * 2);
    this.view = { scale, x: (clientWidth - this.size.width * scale) / 2, y: (clientHeight - this.size.height * scale) / 2 };
    this.fitted = true;
    this.draw();
  }

  /** @param {number} scale picture pixels to CSS pixels */
  zoomTo(scale, x = this.root.clientWidth / 2, y = this.root.clientHeight / 2) {
    const next = Math.min(MOST * this.real, Math.max(this.real / 50, scale));
    const ratio = next / this.view.scale;
    this.view = { scale: next, x: x - (x - this.view.x) * ratio, y: y - (y - this.view.y) * ratio };
    this.fitted = false;
    this.draw();
  }

  zoomBy(factor, x, y) {
    this.zoomTo(this.view.scale * factor, x, y);
  }

  pan(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.fitted = false;
    this.draw();
  }

  /** @param {number} share of the picture, from the left, that shows the photo; 0 to 1 */
  splitAt(share) {
    this.split = Math.min(1, Math.max(0, share));
    this.draw();
  }

  /** Moves the split there in a moment; a person who takes the handle stops it. */
  wipeTo(share) {
    const from = this.split;
    const started = performance.now();
    const duration = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 700;
    cancelAnimationFrame(this.wiping);
    const step = (now) => {
      const done = Math.min(1, Math.max(0, (now - started) / duration));
      this.splitAt(from + (share - from) * (1 - (1 - done) ** 3));
      if (done < 1) this.wiping = requestAnimationFrame(step);
    };
    this.wiping = requestAnimationFrame(step);
  }

  draw() {
    const { width, height } = this.size;
    const { scale } = this.view;
    const { clientWidth, clientHeight } = this.root;
    // Some of the picture stays in sight.
    const keep = 60;
    this.view.x = Math.min(clientWidth - keep, Math.max(keep - width * scale, this.view.x));
    this.view.y = Math.min(clientHeight - keep, Math.max(keep - height * scale, this.view.y));
    this.canvas.style.transform = `translate(${this.view.x}px, ${this.view.y}px) scale(${scale})`;
    this.canvas.style.setProperty("--square", `${20 / scale}px`);
    this.canvas.style.setProperty("--pixel", `${1 / scale}px`);
    this.canvas.classList.toggle("pixels", scale >= PIXELS_FROM * this.real);
    this.before.style.clipPath = `inset(0 ${(1 - this.split) * 100}% 0 0)`;
    const x = this.view.x + this.split * width * scale;
    this.handle.style.left = `${Math.min(clientWidth, Math.max(0, x))}px`;
    const percent = Math.round(this.split * 100);
    this.handle.setAttribute("aria-valuenow", percent);
    this.handle.setAttribute("aria-valuetext", `${percent} % original`);
    this.root.querySelector(".tag-before").hidden = this.split < 0.06;
    this.root.querySelector(".tag-after").hidden = this.split > 0.94;
    this.onZoom(Math.round((scale / this.real) * 100));
  }

  #listen() {
    const { root, handle } = this;
    root.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = root.getBoundingClientRect();
      const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      this.zoomBy(Math.exp(-step / (event.ctrlKey ? 100 : 400)), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    root.addEventListener("pointerdown", (event) => this.#down(event));
    root.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"]) root.addEventListener(type, (event) => this.#up(event));
    root.addEventListener("dblclick", (event) => {
      if (this.tool || event.target.closest(".handle, button")) return;
      const box = root.getBoundingClientRect();
      if (this.fitted) this.zoomTo(this.real, event.clientX - box.left, event.clientY - box.top);
      else this.fit();
    });
    root.addEventListener("keydown", (event) => this.#key(event));
    handle.addEventListener("keydown", (event) => {
      cancelAnimationFrame(this.wiping);
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1 }[event.key];
      if (step) this.splitAt(this.split + step);
      else if (event.key === "Home") this.splitAt(0);
      else if (event.key === "End") this.splitAt(1);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Draws the outline of a region, given as shares of the photo. */
  #outline(corners) {
    this.region.hidden = corners?.length !== 4 || !corners.every((share) => share >= 0 && share <= 1);
    if (this.region.hidden) return;
    const { scale, left, top, width, height } = this.place;
    const [x0, y0, x1, y1] = corners;
    this.region.style.left = `${left + Math.min(x0, x1) * width * scale}px`;
    this.region.style.top = `${top + Math.min(y0, y1) * height * scale}px`;
    this.region.style.width = `${Math.abs(x1 - x0) * width * scale}px`;
    this.region.style.height = `${Math.abs(y1 - y0) * height * scale}px`;
  }

  /** A length of a region, `12%` or `120px`, as a share of the photo. */
  #share(text, index) {
    const whole = index % 2 ? this.place.height : this.place.width;
    return text.endsWith("%") ? parseFloat(text) / 100 : parseFloat(text) / whole;
  }

  /** Where a pointer is, as shares of the photo. */
  #at(event) {
    const box = this.root.getBoundingClientRect();
    const { scale, left, top, width, height } = this.place;
    const within = (share) => Math.min(1, Math.max(0, share));
    const x = (event.clientX - box.left - this.view.x) / this.view.scale;
    const y = (event.clientY - box.top - this.view.y) / this.view.scale;
    return [within((x - left) / scale / width), within((y - top) / scale / height)];
  }

  #down(event) {
    if (event.target.closest("button, .problem")) return;
    this.root.setPointerCapture(event.pointerId);
    if (this.marking) {
      this.corner ??= { id: event.pointerId, at: this.#at(event), x: event.clientX, y: event.clientY };
      return;
    }
    if (this.tool) {
      if (this.toolPointer !== null || event.button !== 0) return;
      this.toolPointer = event.pointerId;
      this.tool.down(this.#at(event));
      return;
    }
    const onHandle = Boolean(event.target.closest(".handle"));
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, onHandle });
    if (onHandle) {
      cancelAnimationFrame(this.wiping);
      this.handle.focus({ preventScroll: true });
    } else this.root.classList.add("moving");
  }

  #move(event) {
    if (this.corner?.id === event.pointerId) this.#outline([...this.corner.at, ...this.#at(event)]);
    const box = this.root.getBoundingClientRect();
    this.tool?.hover(event.clientX - box.left, event.clientY - box.top);
    if (this.toolPointer === event.pointerId) this.tool?.move(this.#at(event));
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const now = { ...last, x: event.clientX, y: event.clientY };
    if (last.onHandle) {
      this.splitAt((event.clientX - box.left - this.view.x) / (this.size.width * this.view.scale));
    } else if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const spread = (a) => Math.hypot(a.x - other.x, a.y - other.y) || 1;
      this.zoomBy(spread(now) / spread(last), (now.x + other.x) / 2 - box.left, (now.y + other.y) / 2 - box.top);
      this.pan((now.x - last.x) / 2, (now.y - last.y) / 2);
    } else {
      this.pan(now.x - last.x, now.y - last.y);
    }
    this.pointers.set(event.pointerId, now);
  }

  #up(event) {
    if (this.corner?.id === event.pointerId) {
      const { at, x, y } = this.corner;
      this.corner = null;
      const far = Math.min(Math.abs(event.clientX - x), Math.abs(event.clientY - y)) >= LEAST;
      const [first, second, done] = [at, this.#at(event), this.marked];
      if (event.type === "pointerup" && far) {
        this.unmark();
        done([0, 1].map((axis) => Math.min(first[axis], second[axis])).concat([0, 1].map((axis) => Math.max(first[axis], second[axis]))));
      } else this.#outline(null);
    }
    if (this.toolPointer === event.pointerId) {
      this.toolPointer = null;
      this.tool?.up(event.type === "pointerup");
    }
    this.pointers.delete(event.pointerId);
    if (!this.pointers.size) this.root.classList.remove("moving");
  }

  #key(event) {
    if (event.key === "Escape" && this.marking) {
      this.#outline(null);
      this.unmark();
    }
    if (event.target !== this.root) return;
    const moves = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    if (event.key in moves) this.pan(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.25);
    else if (event.key === "-") this.zoomBy(0.8);
    else if (event.key === "0") this.fit();
    else if (event.key === "1") this.zoomTo(this.real);
    else return;
    event.preventDefault();
  }
}
