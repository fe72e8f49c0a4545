// The form of output options.  What there is, its limits and its words come from the server's /v1/schema; only the
// controls that deserve a shape of their own are spelled out here.

// Shown first, in this order; everything else the schema has goes under "More options".
const FIRST = ["background", "shadow", "crop", "margin", "format", "quality"];
const LABELS = { jpeg: "JPG", png: "PNG", webp: "WebP", avif: "AVIF", tiff: "TIFF", auto: "Auto" };
const LOSSY = new Set(["jpeg", "webp", "avif"]);
const SWATCHES = [
  { value: "", label: "None", look: "checker" },
  { value: "white", label: "White", look: "white" },
  { value: "black", label: "Black", look: "black" },
  { value: "colour", label: "Colour", look: "spectrum" },
  { value: "picture", label: "Picture", look: "photo" },
  { value: "blur", label: "Blur", look: "blurry" },
];
const PHOTO_ICON = '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 4h14v12H3zM3 13l4-4 4 4 3-3 3 3"/></svg>';

export class Options {
  /**
   * @param {HTMLFormElement} form where the controls go
   * @param {object} properties of the options' JSON schema
   * @param {(changed: Options) => void} onChange
   */
  constructor(form, properties, onChange) {
    this.form = form;
    this.properties = properties;
    this.picture = null;
    // The format to go back to once there is a background.
    this.formatWanted = null;
    this.byPointer = false;
    form.append(this.#background(), this.#shadow(), this.#canvas(), this.#file(), this.#more());
    this.#settle();
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", (event) => {
      this.#settle(event.target);
      onChange(this);
    });
    this.change = () => onChange(this);
  }

  /** What to send to the server: only what differs from the defaults. @returns {Record<string, string | Blob>} */
  values() {
    const chosen = Object.fromEntries(Object.keys(this.properties).map((name) => [name, this.#read(name)]));
    if (chosen.mask === "true") Object.assign(chosen, { background: "", shadow: "" });
    if (chosen.crop !== "true") chosen.margin = "";
    // What the server takes anyway is left out, so that equal wishes look equal.
    if (chosen.format === "png") chosen.format = "";
    if (!LOSSY.has(chosen.format) || chosen.lossless === "true") chosen.quality = "";
    const isSet = ([name, value]) => value !== "" && value !== String(this.properties[name].default ?? "");
    return Object.fromEntries(Object.entries(chosen).filter(isSet));
  }

  /**
   * Leaves only what can be had where the work is done.
   * @param {string[] | null} formats file formats; null for all, and for what belongs to the file besides
   */
  restrict(formats) {
    const { format, keep_metadata: metadata } = this.form.elements;
    for (const option of format.options) option.disabled = Boolean(formats) && !formats.includes(option.value);
    if (format.selectedOptions[0].disabled) format.value = "png";
    metadata.disabled = Boolean(formats);
    metadata.closest(".field").hidden = metadata.disabled;
    this.#settle();
  }

  /** What stands behind a transparent result until the server's own picture is there: CSS, or "checker". */
  backdrop() {
    const { background } = this.values();
    if (!background || background === "blur") return "checker";
    return background instanceof Blob ? `url("${this.pictureUrl}")` : background;
  }

  /** The region of the picture that is shown; it is the only option that belongs to one picture. */
  get region() {
    return this.#read("region");
  }

  set region(text) {
    this.form.elements.region.value = text;
  }

  /** The chosen file format; png when the server decides. */
  get format() {
    const { value } = this.form.elements.format;
    return value === "auto" ? "png" : value;
  }

  #read(name) {
    if (name === "background") return this.#chosenBackground();
    const control = this.form.elements[name];
    if (!control || control.disabled) return "";
    return control.type === "checkbox" ? String(control.checked) : control.value.trim();
  }

  #chosenBackground() {
    const { value } = this.form.elements.background;
    if (value === "colour") return this.form.elements.colour.value;
    if (value === "picture") return this.picture ?? "";
    return value;
  }

  /** Keeps choices together that need each other, and hides what has no effect. */
  #settle(changed) {
    const { elements } = this.form;
    if (changed?.name === "format") this.formatWanted = null;
    const lacksPicture = elements.background.value === "picture" && !this.picture;
    const transparent = this.#chosenBackground() === "" && !elements.mask?.checked;
    // JPG has no transparency: whichever of the two was chosen last wins.
    if (elements.format.value === "jpeg" && transparent) {
      if (changed?.name === "format") elements.background.value = "white";
      else {
        elements.format.value = "png";
        if (lacksPicture) this.formatWanted = "jpeg";
      }
    } else if (this.formatWanted && !transparent) {
      elements.format.value = this.formatWanted;
      this.formatWanted = null;
    }
    const shows = (selector, on) => (this.form.querySelector(selector).hidden = !on);
    shows('[data-for="colour"]', elements.background.value === "colour");
    shows('[data-for="picture"]', elements.background.value === "picture");
    shows('[data-for="no-picture"]', lacksPicture);
    shows('[data-for="margin"]', elements.crop.checked);
    shows('[data-for="quality"]', LOSSY.has(elements.format.value) && !elements.lossless?.checked);
    for (const output of this.form.querySelectorAll("output")) {
      const control = elements[output.htmlFor.value];
      output.value = `${control.value}${output.dataset.unit ?? ""}`;
    }
    // Arrow keys pass over this choice on their way to the next one: no dialog may open in between.
    if (changed?.name === "background" && lacksPicture && this.byPointer) elements.choose.click();
  }

  #background() {
    const group = make("fieldset", { "aria-label": "Background" }, make("legend", {}, "Background"));
    const row = make("div", { class: "swatches" });
    row.addEventListener("pointerdown", () => (this.byPointer = true));
    row.addEventListener("keydown", () => (this.byPointer = false));
    for (const { value, label, look } of SWATCHES) {
      const radio = make("input", { type: "radio", name: "background", value });
      radio.checked = value === "";
      const swatch = make("span", { class: `swatch ${look}` });
      if (look === "photo") swatch.innerHTML = PHOTO_ICON;
      row.append(make("label", { class: "swatch-option" }, radio, swatch, make("span", {}, label)));
    }
    const colour = make("input", { type: "color", name: "colour", id: "colour", value: "#f2c6a0" });
    const file = make("input", { type: "file", name: "choose", id: "choose", accept: "image/*", class: "hidden", tabindex: "-1", "aria-label": "Background picture" });
    const choose = make("button", { type: "button", class: "button" }, "Choose a picture…");
    choose.onclick = () => file.click();
    file.addEventListener("input", (event) => event.stopPropagation());
    file.onchange = () => file.files[0] && this.#takePicture(file.files[0]);
    group.append(row,
      make("div", { class: "extra", "data-for": "colour" }, colour, make("label", { for: "colour" }, "Pick a colour")),
      make("div", { class: "extra", "data-for": "picture" }, choose, file,
        make("p", { class: "help", role: "status", "data-for": "no-picture" }, "Choose a picture; until then there is no background.")));
    return group;
  }

  #takePicture(file) {
    if (this.pictureUrl) URL.revokeObjectURL(this.pictureUrl);
    this.picture = file;
    this.pictureUrl = URL.createObjectURL(file);
    this.form.querySelector(".swatch.photo").style.backgroundImage = `url("${this.pictureUrl}")`;
    this.#settle();
    this.change();
  }

  #shadow() {
    const words = unique(this.properties.shadow.enum).filter((word) => !["true", "false"].includes(word));
    return make("fieldset", {}, make("legend", {}, "Shadow"), segments("shadow", words, this.properties.shadow.default));
  }

  #canvas() {
    const margin = make("input", { type: "range", id: "margin-range", min: "0", max: "50", value: "5", "aria-describedby": "margin-out" });
    const hidden = make("input", { type: "hidden", name: "margin", value: "5%" });
    margin.addEventListener("input", () => (hidden.value = `${margin.value}%`));
    return make("fieldset", {},
      switchRow("crop", "Crop to the subject", this.properties.crop),
      make("div", { class: "field", "data-for": "margin" },
        make("div", { class: "row" }, make("label", { for: "margin-range" }, "Margin"), make("output", { for: "margin-range", id: "margin-out", "data-unit": " %" })), margin, hidden));
  }

  #file() {
    const formats = this.properties.format.enum.filter((word) => word in LABELS && word !== "auto");
    const select = make("select", { name: "format", id: "format" }, ...formats.map((word) => make("option", { value: word }, LABELS[word])));
    const { minimum, maximum } = this.properties.quality;
    const quality = make("input", { type: "range", name: "quality", id: "quality", min: minimum, max: maximum, value: "90" });
    return make("fieldset", {},
      make("div", { class: "row" }, make("label", { for: "format", class: "heading" }, "File"), select),
      make("div", { class: "field", "data-for": "quality" },
        make("div", { class: "row" }, make("label", { for: "quality" }, "Quality"), make("output", { for: "quality" })), quality));
  }

  #more() {
    const inside = make("div");
    for (const [name, property] of Object.entries(this.properties)) {
      // Marks are drawn with the brush.
      if (!FIRST.includes(name) && property.format !== "binary") inside.append(field(name, property));
    }
    return make("details", { class: "more" }, make("summary", {}, "More options"), inside);
  }
}

/** The control for an option that has no shape of its own. */
function field(name, property) {
  const help = make("p", { class: "help", id: `${name}-help` }, property.description);
  const described = { "aria-describedby": `${name}-help` };
  if (property.type === "boolean") return make("div", { class: "field" }, switchRow(name, title(name), property, described), help);
  if (property.enum) return make("div", { class: "field" }, make("p", { class: "label", "aria-hidden": "true" }, title(name)), segments(name, unique(property.enum), property.default, described), help);
  const number = property.type === "number" || property.type === "integer";
  const control = make("input", {
    type: number ? "number" : "text", name, id: name, ...described,
    placeholder: property.examples ? `e.g. ${property.examples[0]}` : "",
    ...(number && { min: property.minimum, max: property.maximum, step: property.type === "integer" ? 1 : "any" }),
  });
  if (property.default !== undefined && number) control.value = property.default;
  return make("div", { class: "field" }, make("label", { for: name }, title(name)), control, help);
}

function switchRow(name, label, property, more = {}) {
  const control = make("input", { type: "checkbox", class: "switch", name, id: name, role: "switch", ...more });
  control.checked = property.default === true;
  return make("div", { class: "row" }, make("label", { for: name, title: property.description }, label), control);
}

function segments(name, words, chosen, more = {}) {
  const group = make("div", { class: "segments", role: "radiogroup", "aria-label": title(name), ...more });
  for (const word of words) {
    const radio = make("input", { type: "radio", name, value: word });
    radio.checked = word === chosen;
    group.append(make("label", {}, radio, title(word)));
  }
  return group;
}

function title(word) {
  return word[0].toUpperCase() + word.slice(1).replaceAll("_", " ");
}

function unique(words) {
  return [...new Set(words)];
}

/** An element with attributes and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
