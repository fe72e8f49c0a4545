// Every error has a stable `code` for programs and a `hint` that says what to do, as in the Python package.

export class TressError extends Error {
  /**
   * @param {string} code stable name in snake case
   * @param {string} message what is wrong, in one sentence
   * @param {string} hint what to do about it; may be empty
   */
  constructor(code, message, hint = "") {
    super(message);
    this.name = "TressError";
    this.code = code;
    this.hint = hint;
  }
}

/**
 * An error as it crosses from the worker to the page: classes do not survive that.
 * @typedef {{code: string, message: string, hint: string}} PlainError
 */

const STOPPED = "stopped";
const OUT_OF_MEMORY =
  /out of memory|\bOOM\b|allocation failed|bad_alloc|could not allocate|enlarge memory|invalid (typed )?array length/i;

/** @returns {DOMException} what a caller gets who has stopped the work */
export function stopped() {
  return new DOMException(STOPPED, "AbortError");
}

/**
 * @param {unknown} error
 * @returns {PlainError}
 */
export function toPlain(error) {
  if (error instanceof TressError) return { code: error.code, message: error.message, hint: error.hint };
  if (error instanceof DOMException && error.name === "AbortError") return { code: STOPPED, message: "", hint: "" };
  if (isOutOfMemory(error)) {
    return {
      code: "out_of_memory",
      message: "there is not enough memory for this picture",
      hint: "use a smaller picture, or close other tabs",
    };
  }
  return { code: "unexpected", message: error instanceof Error ? error.message : String(error), hint: "" };
}

/**
 * @param {PlainError} plain
 * @returns {Error}
 */
export function fromPlain({ code, message, hint }) {
  return code === STOPPED ? stopped() : new TressError(code, message, hint);
}

/**
 * Whether memory ran out.  Browsers have no class for it, only words.
 * @param {unknown} error
 */
export function isOutOfMemory(error) {
  const text = error instanceof Error ? error.message : String(error);
  return OUT_OF_MEMORY.test(text);
}
