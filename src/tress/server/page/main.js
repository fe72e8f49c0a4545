// Puts the page together: pictures come in, the chosen one is shown, results go out.

import { onKeyNeeded } from "./api.js";
import { Brush, marksOf } from "./brush.js";
import { kilobytes, save } from "./files.js";
import { takeFiles } from "./intake.js";
import { Item, Workshop } from "./items.js";
import { askForKey } from "./key.js";
import { make, Options } from "./options.js";
import { choosePlace, preview, schema } from "./place.js";
import { Problem } from "./problem.js";
import { Stage } from "./stage.js";
import { zip } from "./zip.js";

const $ = (selector) => document.querySelector(selector);
const SUFFIX = { png: ".png", jpeg: ".jpg", webp: ".webp", avif: ".avif", tiff: ".tif" };
const DEBOUNCE_MS = 250;
// Browsers cannot show these: the same picture is shown as PNG.
const NOT_SHOWN = new Set(["tiff"]);

const stage = new Stage($("#stage"));
const items = [];
const workshop = new Workshop((item) => refresh(item));
let current = null;
let options = null;
let revealed = false;
let timer = 0;
let drawing = 0;
const brush = new Brush(stage, $(".brushes"), (stroke) => setStrokes([...current.strokes, stroke]));

const ready = start();

async function start() {
  onKeyNeeded(askForKey);
  const described = await schema();
  options = new Options($(".options"), described.options.properties, () => {
    clearTimeout(timer);
    if (current && current.region !== options.region) {
      current.region = options.region;
      revealed = false;
    }
    showCurrent();
    timer = setTimeout(renderCurrent, DEBOUNCE_MS);
  });
  await choosePlace(described, (formats) => {
    options.restrict(formats);
    if (current) options.change();
  });
}

async function add(files) {
  const pictures = [...files].filter((file) => file.type.startsWith("image/") || /\.(heic|heif|avif|tiff?)$/i.test(file.name));
  if (!pictures.length) {
    note("There is no picture among these files.");
    return;
  }
  try {
    await ready;
  } catch (error) {
    say(error.message);
    $("#limits").textContent = `${error.message} ${error.hint ?? ""}`;
    return;
  }
  const loses = document.activeElement?.closest(".welcome");
  document.body.dataset.view = "work";
  if (loses) $("#stage").focus({ preventScroll: true });
  const added = pictures.map((file) => new Item(file));
  for (const item of added) {
    items.push(item);
    $(".strip").append(thumb(item));
  }
  select(added[0]);
  for (const item of added.slice(1)) workshop.get(item, {}).catch(() => {});
  updateSave();
}

function thumb(item) {
  const button = make("button", { type: "button", class: "thumb queued", "data-item": item.id }, make("img", { src: item.photo, alt: "" }), make("span", { class: "hidden" }, item.name));
  const remove = make("button", { type: "button", class: "remove", title: "Remove", "aria-label": `Remove ${item.name}` }, make("span", { "aria-hidden": "true" }, "×"));
  button.onclick = () => select(item);
  remove.onclick = () => discard(item);
  return make("li", {}, button, remove);
}

function select(item) {
  stage.unmark();
  brush.hold(false);
  current = item;
  options.region = item.region;
  revealed = item.results.size > 0;
  for (const button of document.querySelectorAll(".thumb")) {
    button.setAttribute("aria-current", String(Number(button.dataset.item) === item.id));
  }
  measure(item).then(() => {
    if (item === current) showCurrent();
  });
  renderCurrent();
}

/** The photo's own size, upright. The server shows a format that the browser cannot. */
function measure(item) {
  item.measured ??= findSize(item);
  return item.measured;
}

async function findSize(item) {
  item.size = await sizeOf(item.photo);
  if (item.size) return;
  try {
    item.show(await preview(item.file));
  } catch {
    // What is wrong with the picture is said with its result.
    return;
  }
  document.querySelector(`[data-item="${item.id}"] img`)?.setAttribute("src", item.photo);
  item.size = await sizeOf(item.photo);
}

async function sizeOf(url) {
  const photo = new Image();
  photo.src = url;
  try {
    await photo.decode();
    return { width: photo.naturalWidth, height: photo.naturalHeight };
  } catch {
    return null;
  }
}

function discard(item) {
  const index = items.indexOf(item);
  items.splice(index, 1);
  document.querySelector(`[data-item="${item.id}"]`).closest("li").remove();
  item.drop();
  if (!items.length) {
    stage.unmark();
    brush.hold(false);
    document.body.dataset.view = "empty";
    note("");
    $('.drop [data-do="pick"]').focus();
  } else if (item === current) select(items[Math.min(index, items.length - 1)]);
  updateSave();
  if (items.length) document.querySelector(`[data-item="${current.id}"]`).focus();
  say(`${item.name} is removed.`);
}

/** What to send for a picture: the options of all of them as they are now, and its own once its strokes are drawn. */
async function order(item) {
  const { region, ...shared } = options.values();
  await item.drawn;
  return { ...shared, ...item.own };
}

/** Looks for the subject of the current picture only there, or everywhere. */
function setRegion(text) {
  options.region = text;
  options.change();
}

/** Lets the subject be chosen by a rectangle; a second time, takes that back. */
function mark() {
  brush.hold(false);
  if (stage.marking) {
    stage.unmark();
  } else if (current.region) {
    setRegion("");
    say("The subject is looked for in the whole picture.");
  } else {
    say("Draw a rectangle around what shall stay, or type it as Region under More options.");
    stage.mark((corners) => setRegion(corners.map((share) => `${+(share * 100).toFixed(2)}%`).join(" ")));
  }
  showCurrent();
}

/** What is drawn on the current picture; its result follows once the hand rests. */
function setStrokes(strokes) {
  const item = current;
  item.meanwhile ??= shownResult(item);
  item.strokes = strokes;
  item.drawn = marksOf(strokes, item.size ?? item.plain ?? item.meanwhile).then((marks) => {
    if (item.strokes === strokes) item.marks = marks;
  });
  showCurrent();
  clearTimeout(drawing);
  drawing = setTimeout(async () => {
    await item.drawn;
    if (item === current) renderCurrent();
  }, DEBOUNCE_MS);
}

function holdBrush() {
  stage.unmark();
  // What has the focus must not vanish.
  if (document.activeElement.closest(".brushes")) $('.tools [data-do="brush"]').focus();
  brush.hold(!brush.active);
  if (brush.active) say("Paint what belongs to the subject, or choose Clear and paint what does not.");
  showCurrent();
}

function undo() {
  if (!brush.active || !current.strokes.length) return;
  if (current.strokes.length === 1 && document.activeElement.dataset.do === "undo") $('.brushes [aria-pressed="true"]').focus();
  setStrokes(current.strokes.slice(0, -1));
}

/** The options for what is shown: as for the file, unless the browser could not show that. */
function shownOptions() {
  const { region, ...shared } = options.values();
  if (NOT_SHOWN.has(shared.format)) delete shared.format;
  return { ...shared, ...current.own };
}

async function renderCurrent() {
  const item = current;
  if (!item) return;
  const wanted = shownOptions();
  const { strokes } = item;
  workshop.forget(item, wanted);
  note("");
  try {
    // The plain cut-out comes first: it is what the page can show under any flat colour at once.
    const both = [item.plain ?? workshop.get(item, item.own, { urgent: true }), workshop.get(item, wanted, { urgent: true })];
    showCurrent();
    const [, result] = await Promise.all(both);
    if (item.meanwhile) item.meanwhile = item.strokes === strokes ? null : result;
    if (item === current) {
      showCurrent();
      say(result.found ? `${item.name} is done.` : `No subject was found in ${item.name}.`);
    }
  } catch (error) {
    if (item === current && error.name !== "AbortError" && item.results.size) note(`${error.message} ${error.hint ?? ""}`);
  }
  if (item === current) showCurrent();
}

/** The best there is of the current picture while the right one is made. */
function shownResult(item) {
  return workshop.peek(item, shownOptions()) ?? item.plain;
}

function showCurrent() {
  const item = current;
  if (!item || !options) return;
  const exact = item.meanwhile ? null : workshop.peek(item, shownOptions());
  const result = item.meanwhile ?? shownResult(item);
  const size = result ?? item.size;
  if (size) {
    stage.show({
      photo: item.photo, result: result?.url, name: item.name, width: size.width, height: size.height,
      layout: result?.layout, backdrop: exact ? "checker" : options.backdrop(),
      photoSize: item.size ?? item.plain, region: item.region,
    });
    brush.show(item.meanwhile || !item.plain ? item.strokes : []);
  } else {
    stage.clear();
  }
  for (const button of document.querySelectorAll(".tools button")) button.disabled = !size;
  showMarking();
  if (result && !revealed) {
    revealed = true;
    // The first result wipes in, so that everybody sees what the handle does.
    stage.wipeTo(0.5);
  }
  if (!result) stage.splitAt(1);
  showState(item, result, exact);
  updateSave();
}

function showMarking() {
  const button = $('[data-do="mark"]');
  button.setAttribute("aria-pressed", String(stage.marking || Boolean(current?.region)));
  button.title = current?.region ? "Look everywhere again" : "Choose the subject";
  $(".hint").hidden = !stage.marking;
  $('.tools [data-do="brush"]').setAttribute("aria-pressed", String(brush.active));
  $('[data-do="undo"]').disabled = !current?.strokes.length;
}

function showState(item, result, exact) {
  const busy = $(".busy");
  const failed = item.state === "failed" && !item.pending.size;
  busy.hidden = !item.pending.size;
  const sent = item.progress.sent;
  busy.querySelector(".busy-bar").classList.toggle("known", sent !== undefined);
  busy.querySelector(".busy-bar").style.setProperty("--done", `${(sent ?? 0) * 100}%`);
  const words = { working: result ? "" : "Finding the subject…", loading: "Loading the networks…", busy: "The server is busy. Waiting for a free place…" };
  const text = item.state === "queued" ? "Waiting…" : sent === undefined ? words[item.progress] : sent < 1 ? "Sending…" : words.working;
  if (text && text !== busy.querySelector("p").textContent) say(text);
  busy.querySelector("p").textContent = text;
  busy.querySelector("p").hidden = !text;
  const problem = $(".problem");
  problem.hidden = !failed;
  if (failed) {
    problem.querySelector("strong").textContent = item.problem.message;
    problem.querySelector("p").textContent = item.problem.hint ?? "";
  }
  if (exact && !exact.found) note("No subject was found in this picture, so nothing is left of it.");
}

function refresh(item) {
  const button = document.querySelector(`[data-item="${item.id}"]`);
  if (!button) return;
  button.className = `thumb ${item.state}${item.plain ? " checker" : ""}`;
  const picture = button.querySelector("img");
  if (item.plain && picture.src !== item.plain.url) picture.src = item.plain.url;
  button.querySelector("span").textContent = `${item.name}${item.state === "failed" ? ": failed" : ""}`;
  if (item === current) showCurrent();
  else updateSave();
}

function updateSave() {
  const exact = current && options ? workshop.peek(current, shownOptions()) : null;
  const done = items.filter((item) => item.results.size);
  $('[data-do="download"]').disabled = !current?.results.size;
  $('[data-do="copy"]').disabled = !current?.results.size;
  $('[data-do="download-all"]').hidden = items.length < 2;
  $('[data-do="download-all"]').disabled = !done.length;
  $('[data-do="download-all"]').textContent = `Download all (${done.length})`;
  if (exact) $(".facts").textContent = `${exact.width} × ${exact.height} px · ${kilobytes(exact.blob.size)}`;
  else if (!current?.pending.size) $(".facts").textContent = "";
}

// What a file holds and how it is called is settled by the click, whatever is chosen until it is there.
async function download() {
  const [item, suffix] = [current, SUFFIX[options.format]];
  const { blob } = await workshop.get(item, await order(item), { urgent: true, keep: true });
  save(blob, `${item.stem}.cutout${suffix}`);
}

async function downloadAll() {
  const suffix = SUFFIX[options.format];
  const wanted = items.filter((item) => item.state !== "failed");
  const results = await Promise.allSettled(wanted.map(async (item) => workshop.get(item, await order(item), { keep: true })));
  const names = new Set();
  const files = [];
  for (const [index, { value }] of results.entries()) {
    if (!value) continue;
    const { stem } = wanted[index];
    let name = `${stem}.cutout${suffix}`;
    for (let number = 2; names.has(name); number += 1) name = `${stem}-${number}.cutout${suffix}`;
    names.add(name);
    files.push({ name, blob: value.blob });
  }
  const failed = results.filter(({ reason }) => reason && reason.name !== "AbortError").length;
  if (failed) note(`${failed} of ${wanted.length} pictures failed and are not in the ZIP file.`);
  if (files.length) save(await zip(files), "tress.zip");
}

async function copy() {
  // The clipboard takes PNG only; Safari wants the promise itself.
  const item = current;
  const picture = order(item).then(({ format, quality, lossless, ...rest }) => workshop.get(item, rest, { urgent: true, keep: true }));
  await navigator.clipboard.write([new ClipboardItem({ "image/png": picture.then(({ blob }) => blob) })]);
  say("Copied.");
  const button = $('[data-do="copy"]');
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1600);
}

/** Tells people who cannot see it what has changed. */
function say(text) {
  const place = $("#said");
  // The same words once more would be no change, and not be spoken.
  place.textContent = "";
  setTimeout(() => (place.textContent = text), 50);
}

/** Says what is wrong: beside the options, or, while there is no picture yet, where photos are dropped. */
function note(text) {
  for (const place of document.querySelectorAll(".save .note, .drop-note")) {
    place.textContent = text;
    place.hidden = !text;
  }
}

const actions = {
  pick: () => $("#file").click(),
  retry: () => renderCurrent(),
  mark,
  brush: holdBrush,
  "brush-kind": (button) => brush.use(button.dataset.kind),
  undo,
  compare: (button) => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    stage.compare(on);
  },
  "zoom-in": () => stage.zoomBy(1.25),
  "zoom-out": () => stage.zoomBy(0.8),
  "zoom-toggle": () => (stage.fitted ? stage.zoomTo(stage.real) : stage.fit()),
  fit: () => stage.fit(),
  download,
  "download-all": downloadAll,
  copy,
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  try {
    await actions[button.dataset.do](button);
  } catch (error) {
    if (error.name === "AbortError") return;
    const known = error instanceof Problem;
    note(known ? `${error.message} ${error.hint}` : "That did not work in this browser.");
  }
});

document.addEventListener("keydown", (event) => {
  if (!brush.active || event.target.matches("input[type=text], input[type=number]")) return;
  if (event.key === "Escape") holdBrush();
  else if (event.key === "[" || event.key === "]") brush.grow(event.key === "]");
  else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) undo();
  else return;
  event.preventDefault();
});
takeFiles($("#file"), $(".veil"), add);
stage.onMarked = showMarking;
stage.onZoom = (percent) => ($('[data-do="zoom-toggle"]').textContent = `${percent}%`);
ready.catch((error) => ($("#limits").textContent = `${error.message} ${error.hint ?? ""}`));
