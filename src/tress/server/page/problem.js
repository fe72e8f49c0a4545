// What goes wrong, in words for people.

/** What is wrong, in the words of whoever does the work. */
export class Problem extends Error {
  constructor(code, message, hint = "") {
    super(sentence(message));
    this.code = code;
    this.hint = sentence(hint);
  }
}

function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "";
}
