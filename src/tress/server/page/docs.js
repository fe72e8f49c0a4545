// Shows openapi.json as a page, without anything from elsewhere.

import { make } from "./options.js";

// Where this service is, also behind a proxy that gives it a folder of a larger site.
const base = new URL(".", location.href).href.replace(/\/$/, "");
const document_ = await (await fetch("openapi.json")).json();
document.querySelector(".about").textContent = document_.info.description.trim().replaceAll("`", "");
const place = document.querySelector(".operations");
const groups = new Map();

for (const [path, methods] of Object.entries(document_.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const tag = operation.tags?.[0] ?? "";
    if (!groups.has(tag)) {
      groups.set(tag, make("section", {}, make("h2", {}, tag)));
      place.append(groups.get(tag));
    }
    groups.get(tag).append(operationOf(method, path, operation));
  }
}

function operationOf(method, path, operation) {
  const summary = make("summary", {}, make("span", { class: "method" }, method.toUpperCase()), make("code", {}, path), ` ${operation.summary ?? ""}`);
  const inside = make("div", { class: "inside" });
  for (const [index, part] of (operation.description ?? "").split("```").entries()) {
    if (part.trim()) inside.append(make(index % 2 ? "pre" : "p", {}, part.trim().replaceAll("$HOST", base).replaceAll("`", "")));
  }
  const bodies = operation.requestBody?.content ?? {};
  if (Object.keys(bodies).length) inside.append(make("p", {}, `Body: ${Object.keys(bodies).join(", ")}`));
  const form = bodies["multipart/form-data"]?.schema.properties;
  if (form) inside.append(table(Object.entries(form)));
  else if (operation.parameters?.length) inside.append(table(operation.parameters.map(({ name, schema }) => [name, schema])));
  for (const [name, { value }] of Object.entries(bodies["application/json"]?.examples ?? {})) {
    inside.append(make("p", {}, `Example: ${name}`), make("pre", {}, JSON.stringify(value, null, 2)));
  }
  const answers = Object.entries(operation.responses).map(([status, { description, content }]) =>
    [status, { description, type: Object.keys(content ?? {}).join(", ") }]);
  inside.append(make("p", {}, "Answers"), table(answers));
  return make("details", {}, summary, inside);
}

function table(rows) {
  const body = make("tbody");
  for (const [name, schema] of rows) {
    const kind = schema.enum?.join(" | ") ?? schema.format ?? schema.type ?? "";
    const start = schema.default === undefined ? "" : ` Default: ${schema.default}.`;
    body.append(make("tr", {}, make("th", { scope: "row" }, make("code", {}, name)), make("td", {}, kind), make("td", {}, `${schema.description ?? ""}${start}`)));
  }
  return make("table", {}, body);
}
