// The ways in which pictures come onto the page: chosen, pasted, or dropped anywhere.

/**
 * @param {HTMLInputElement} chooser
 * @param {HTMLElement} veil shown while files are dragged over the page
 * @param {(files: Iterable<File>) => void} add
 */
export function takeFiles(chooser, veil, add) {
  chooser.addEventListener("change", () => {
    add(chooser.files);
    chooser.value = "";
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) add(event.clipboardData.files);
  });
  let depth = 0;
  const dragsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (!dragsFiles(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!dragsFiles(event)) return;
    depth -= 1;
    if (depth <= 0) veil.hidden = true;
  });
  document.addEventListener("dragover", (event) => dragsFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!dragsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    add(event.dataTransfer.files);
  });
}
