// The picture: zoom, pan, and the before/after slider.  Layers lie in .canvas, in picture pixels; a later tool that
// draws on the picture adds its layer there and takes pointer events before the stage pans.

const MOST = 16;
const PIXELS_FROM = 3;

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
    this.onZoom = () => {};
    this.pointers = new Map();
    new ResizeObserver(() => (this.fitted ? this.fit() : this.draw())).observe(root);
    this.#listen();
  }

  /**
   * Shows a result over its photo.
   * @param {{photo: string, result?: string, width: number, height: number, layout?: object, backdrop?: string, name: string}} what
   *   `backdrop` is "checker", a CSS colour or a url(...).
   */
  show({ photo, result, width, height, layout = { scale: 1, left: 0, top: 0 }, backdrop = "checker", name }) {
    const changed = width !== this.size.width || height !== this.size.height || photo !== this.photo.src;
    this.size = { width, height };
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
      if (event.target.closest(".handle, button")) return;
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

  #down(event) {
    if (event.target.closest("button, .problem")) return;
    this.root.setPointerCapture(event.pointerId);
    const onHandle = Boolean(event.target.closest(".handle"));
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, onHandle });
    if (onHandle) {
      cancelAnimationFrame(this.wiping);
      this.handle.focus({ preventScroll: true });
    } else this.root.classList.add("moving");
  }

  #move(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const now = { ...last, x: event.clientX, y: event.clientY };
    const box = this.root.getBoundingClientRect();
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
    this.pointers.delete(event.pointerId);
    if (!this.pointers.size) this.root.classList.remove("moving");
  }

  #key(event) {
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
