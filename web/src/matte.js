// The answer for one picture.

/**
 * @import { Crew } from "./crew.js"
 * @import { Values } from "./outputs/options.js"
 * @import { Finished, Found } from "./protocol.js"
 */

/**
 * `decontaminate: false` keeps the picture's own colours along the edge.
 * @typedef {{decontaminate?: boolean, signal?: AbortSignal}} CutoutOptions
 */

/** A picture with its alpha. */
export class Matte {
  #crew;
  /** @type {Uint8Array<ArrayBuffer> | null} */
  #foreground = null;
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {Found} found
   * @param {Crew} crew
   */
  constructor(found, crew) {
    this.#crew = crew;
    this.width = found.width;
    this.height = found.height;
    /** The picture, upright: red, green and blue of each pixel, row by row. */
    this.image = found.image;
    /** How much of each pixel is the subject, from 0 to 1, row by row. */
    this.alpha = found.alpha;
    /** Whether there is a subject at all; if not, alpha is zero everywhere. */
    this.found = found.found;
    /** With a subject: the IoU that the network expects of its mask.  Without: how sure it is that there is none. */
    this.confidence = found.confidence;
    /** Time per step. */
    this.seconds = found.seconds;
    /** What was done otherwise than asked, in words. */
    this.warnings = found.warnings;
  }

  /**
   * The subject on transparent ground.
   * @param {CutoutOptions} options
   * @returns {Promise<Blob>} a PNG with straight alpha; colour is zero where alpha is
   */
  async cutout({ decontaminate = true, signal } = {}) {
    return (await this.render({ decontaminate }, { signal })).blob;
  }

  /**
   * The subject on another background.
   * @param {string | [number, number, number] | Blob} background a CSS colour, red, green and blue, `blur`, a picture
   * @param {CutoutOptions} options
   * @returns {Promise<Blob>} a PNG
   */
  async over(background, { decontaminate = true, signal } = {}) {
    const behind = Array.isArray(background) ? `rgb(${background.join(", ")})` : background;
    return (await this.render({ decontaminate, background: behind }, { signal })).blob;
  }

  /**
   * Any file that the output options describe; `docs/cli.md` of the Python package lists them.
   * @param {Values} options
   * @param {{signal?: AbortSignal}} how
   * @returns {Promise<Omit<Finished, "foreground">>}
   */
  render(options, { signal } = {}) {
    // One after the other: the second takes the colours that the first has worked out.
    const made = this.#last.then(() => this.#render(options, signal));
    this.#last = made.catch(() => {});
    return made;
  }

  /**
   * @param {Values} options
   * @param {AbortSignal | undefined} signal
   */
  async #render(options, signal) {
    const { width, height, image, alpha } = this;
    const wanted = { width, height, image, alpha, foreground: this.#foreground, options };
    const { foreground, ...finished } = await this.#crew.run("finish", wanted, { signal });
    this.#foreground ??= foreground;
    return finished;
  }
}
