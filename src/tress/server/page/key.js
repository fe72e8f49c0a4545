// The dialog for the API key of a server that asks for one.

const dialog = document.querySelector("dialog.key");
const field = document.querySelector("#key");
const wrongNote = document.querySelector("#key-note");

/**
 * @param {string} wrong what is wrong with the last key; empty for the first time
 * @returns {Promise<string | null>} a key, or null if the person gives none
 */
export function askForKey(wrong) {
  // Two requests may ask at the same time.
  if (!dialog.open) {
    field.value = "";
    dialog.returnValue = "";
    wrongNote.textContent = wrong;
    wrongNote.hidden = !wrong;
    dialog.showModal();
  }
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve((dialog.returnValue && field.value.trim()) || null), { once: true });
  });
}
