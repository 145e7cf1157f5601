// Opens heads in docs/import/viewer.html with a browser, and prints what three.js made of them.
// node show_in_threejs.mjs NODE_MODULES CHROMIUM VIEWER PICTURES_FOLDER NAME=HEAD.glb ...
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { join, normalize } from "node:path";

const [nodeModules, executablePath, viewer, pictures, ...named] = process.argv.slice(2);
const { chromium } = createRequire(join(nodeModules, "package.json"))("playwright-core");
const heads = named.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]);
const files = new Map(heads.map(([name, path]) => [`/${name}.glb`, path]));
files.set("/viewer.html", viewer);

const server = createServer(async (request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
  const module = path.startsWith("/node_modules/three/") && join(nodeModules, path.slice(14));
  const file = files.get(path) ?? module;
  const type = { html: "text/html", js: "text/javascript" }[path.split(".").pop()];
  try {
    const content = await readFile(file);
    response.writeHead(200, { "content-type": type ?? "model/gltf-binary" }).end(content);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const address = `http://127.0.0.1:${server.address().port}/viewer.html`;

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
         "--disable-background-networking"],
});
const found = {};
for (const [name] of heads) {
  const page = await browser.newPage({ viewport: { width: 400, height: 500 } });
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(`${address}?bare=1&file=${name}.glb`);
  await page.waitForFunction(() => window.shown || window.failed, null, { timeout: 60000 });
  found[name] = await page.evaluate(() => {
    if (window.failed) return { failed: window.failed };
    const meshes = [];
    window.shown.scene.traverse((mesh) => {
      if (!mesh.isMesh) return;
      mesh.geometry.computeBoundingBox();
      meshes.push({
        name: mesh.name,
        vertices: mesh.geometry.attributes.position.count,
        targets: mesh.morphTargetDictionary ?? {},
        weights: mesh.morphTargetInfluences ?? [],
      });
    });
    return { meshes, extras: window.shown.asset.extras };
  });
  found[name].complaints = complaints;
  await page.screenshot({ path: join(pictures, `${name}.png`) });
  await page.close();
}
found.version = (await browser.version());
await browser.close();
server.close();
console.log(JSON.stringify(found));
