// Puts together what a page without a bundler loads: `node build.js FOLDER`.
// With `--pack` it only lays what the npm package carries of the rest of the repository beside the package's own files.

import { copyFile, cp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const HERE = new URL("./", import.meta.url);
const NETWORKS = new URL("../src/tress/catalog/weights/", HERE);
const RUNTIME = new URL("./node_modules/onnxruntime-web/", HERE);
// Of ONNX Runtime's many builds the smallest: WebAssembly alone, 14 of 27 MB.
const RUNTIME_FILES = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
/** @param {number} bytes */
const fromHere = (bytes) => `// ONNX Runtime beside the package's own files.

export const WASM = { address: new URL("../runtime/${RUNTIME_FILES[2]}", import.meta.url).href, bytes: ${bytes} };

export async function runtimeFor(device) {
  if (device === "webgpu") throw new Error("this copy of tress-web was built without WebGPU");
  return import("../runtime/${RUNTIME_FILES[0]}");
}
`;

const [first] = process.argv.slice(2);
if (first === "--pack") await pack();
else if (first) await build(folder(first));
else throw new Error("say where to: node build.js FOLDER");

/** @param {string} path */
function folder(path) {
  return new URL(`${path}/`, `file://${process.cwd()}/`);
}

async function build(target) {
  await rm(target, { recursive: true, force: true });
  await cp(new URL("./src/", HERE), new URL("./src/", target), { recursive: true });
  const { size } = await stat(new URL(`./dist/${RUNTIME_FILES[2]}`, RUNTIME));
  await writeFile(new URL("./src/runtime.js", target), fromHere(size));
  await mkdir(new URL("./runtime/", target));
  for (const name of RUNTIME_FILES)
    await copyFile(new URL(`./dist/${name}`, RUNTIME), new URL(`./runtime/${name}`, target));
  const { version, license } = JSON.parse(await readFile(new URL("./package.json", RUNTIME), "utf8"));
  const notice = `ONNX Runtime Web ${version}, Copyright (c) Microsoft Corporation, licence ${license}\n`;
  await writeFile(new URL("./runtime/NOTICE", target), notice);
  console.log(`wrote ${fileURLToPath(target)}`);
}

async function pack() {
  const { networks } = JSON.parse(await readFile(new URL("./src/constants.json", HERE), "utf8"));
  const target = new URL("./networks/", HERE);
  await mkdir(target, { recursive: true });
  for (const { file } of Object.values(networks)) await copyFile(new URL(file, NETWORKS), new URL(file, target));
  for (const name of ["LICENSE", "NOTICE"]) await copyFile(new URL(`../${name}`, HERE), new URL(name, HERE));
}
