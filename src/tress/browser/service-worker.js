// Keeps the page's files, so that it works without a network.  The line above, written with the page, says which files
// there are, which of them are needed before the first picture (the shell), and of which build they are.

const CACHE = `tress ${BUILD.version}`;
const HERE = new URL("./", self.location).href;
// What most hosts of static files cannot send: it keeps page and workers from talking to anybody else, and lets them
// use threads.
const HEADERS = {
  "Content-Security-Policy": BUILD.policy,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) => cache.addAll(BUILD.shell.map((file) => new Request(file, { cache: "reload" })))),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(takeOver());
});

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const name = url.startsWith(HERE) ? url.slice(HERE.length).replace(/[?#].*/, "") || "index.html" : null;
  if (method === "GET" && name !== null && BUILD.files.includes(name)) event.respondWith(answer(name));
});

async function takeOver() {
  const mine = (name) => name.startsWith("tress ");
  const old = (await caches.keys()).filter((name) => mine(name) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(name) {
  const cache = await caches.open(CACHE);
  let response = await cache.match(name);
  if (!response) {
    response = await fetch(new Request(name, { cache: "no-cache" }));
    if (!response.ok) return response;
    await cache.put(name, response.clone());
  }
  const headers = new Headers(response.headers);
  for (const [header, value] of Object.entries(HEADERS)) headers.set(header, value);
  return new Response(response.body, { status: response.status, headers });
}
