// Where the work is done: on the server that this page came from, or on this device.

import * as server from "./api.js";
import * as device from "./device.js";

const KEY = "tress.on-device";
const control = document.querySelector("#on-device");
const limits = document.querySelector("#limits");

/** Whether there is a server; without one this page is a folder of files. */
const hasServer = "server" in document.documentElement.dataset;

/** The options' JSON schema and the limits. */
export async function schema() {
  return hasServer ? server.schema() : (await fetch("schema.json")).json();
}

/** Cuts one picture out, wherever the work is done. */
export function cutout(image, options, how) {
  return onDevice() ? device.cutout(image, options, how) : server.cutout(image, options, how);
}

/** The photo in a format that the browser shows. Only a server can make one; what is to stay on the device does. */
export async function preview(image) {
  if (!hasServer || onDevice()) throw new Error("there is no server to ask");
  return server.preview(image);
}

/**
 * Offers the device where it can do the work, and goes on as last time.
 * @param {{limits: object, device: {bytes: number, max_megapixels: number} | null}} described by the schema
 * @param {(formats: string[] | null) => void} onChange told the file formats that can be had; null for all
 */
export async function choosePlace(described, onChange) {
  if (!hasServer) await keepForOffline();
  const able = described.device ? await device.tools().catch(() => null) : null;
  if (!hasServer && !able) throw new Error("This browser is too old to do the work; another one may.");
  const settle = async () => {
    document.body.toggleAttribute("data-device", onDevice());
    onChange(onDevice() ? await able.formats() : null);
    if (onDevice()) prepare(described.device);
    else limits.textContent = serverLimits(described.limits);
  };
  if (able) {
    document.querySelector(".place").hidden = false;
    control.checked = !hasServer || localStorage.getItem(KEY) === "yes";
    control.addEventListener("change", () => {
      localStorage.setItem(KEY, control.checked ? "yes" : "no");
      settle();
    });
  }
  await settle();
}

function serverLimits({ max_megapixels: most, max_upload_bytes: bytes }) {
  return `Up to ${most} megapixels and ${Math.floor(bytes / 2 ** 20)} MB a picture`;
}

function onDevice() {
  return control.checked;
}

/** Loads the networks and says how much there is to load. */
async function prepare({ bytes, max_megapixels: most }) {
  const megabytes = (count) => Math.round(count / 1e6);
  const once = hasServer ? "" : " Once only: after that this page works without a network.";
  limits.textContent = `Loading ${megabytes(bytes)} MB.${once}`;
  try {
    await device.load(({ loaded, total }) => {
      limits.textContent = `Loading: ${megabytes(loaded)} of ${megabytes(total)} MB.${once}`;
    });
    if (onDevice()) limits.textContent = `Ready. Up to ${most} megapixels a picture`;
  } catch (error) {
    limits.textContent = `${error.message} ${error.hint ?? ""}`;
  }
}

/** Lets a service worker keep the files, if the browser has them: then the next visit needs no network. */
async function keepForOffline() {
  try {
    const { installing } = await navigator.serviceWorker.register("service-worker.js");
    // What is fetched before it is active, it does not see.
    await new Promise((resolve) => {
      if (!installing) resolve();
      installing?.addEventListener(
        "statechange",
        () => ["activated", "redundant"].includes(installing.state) && resolve(),
      );
    });
  } catch {
    // Pages without https and private windows have none; the page works without.
  }
}
