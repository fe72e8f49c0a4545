// Runs the npm package remove.bg, as published, against another host: node remove_bg_client.js BASE PACKAGES KEY PHOTO OUT
// The package has its host written in; only the address of its requests is changed here, on their way out.
const path = require("path");
const [base, packages, apiKey, photo, outputFile] = process.argv.slice(2);
const unirest = require(path.join(packages, "unirest"));
const post = unirest.post;
unirest.post = (url, ...more) => post(url.replace("https://api.remove.bg", base), ...more);
const client = require(path.join(packages, "remove.bg"));

async function main() {
  const base64img = require("fs").readFileSync(photo).toString("base64");
  const answers = [
    await client.removeBackgroundFromImageFile({ path: photo, apiKey, size: "regular", type: "person", outputFile }),
    await client.removeBackgroundFromImageBase64({ base64img, apiKey, size: "auto", crop: true, bg_color: "81d4fa" }),
  ];
  const errors = await client
    .removeBackgroundFromImageUrl({ url: "http://127.0.0.1/private.png", apiKey })
    .then(() => [], (found) => found);
  console.log(JSON.stringify({ answers, errors }));
}

main();
