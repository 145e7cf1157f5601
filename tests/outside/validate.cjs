// Prints what the Khronos glTF validator says of files: node validate.cjs NODE_MODULES FILE ...
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const [nodeModules, ...paths] = process.argv.slice(2);
const validator = require(join(nodeModules, "gltf-validator"));

(async () => {
  const found = {};
  for (const path of paths) {
    const report = await validator.validateBytes(new Uint8Array(readFileSync(path)));
    found[path] = { issues: report.issues, info: report.info, version: validator.version() };
  }
  console.log(JSON.stringify(found));
})();
