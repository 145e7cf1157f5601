"use strict";
// What the page's blocks of JSON say: `shared`, `faces` and `failures`.

const shared = JSON.parse(document.querySelector("script.shared").textContent);

const faces = readBlocks("face").map((face, index) => ({
  ...face,
  index,
  main: face.routes[0],
  others: face.routes.slice(1),
}));

const failures = readBlocks("failure");

function readBlocks(kind) {
  return [...document.querySelectorAll(`script.${kind}`)].map((block) =>
    JSON.parse(block.textContent)
  );
}

// The photo's address, made when it is looked at; null where the report has no photo.
function pictureOf(face) {
  const block = document.getElementById(`picture-${face.index}`);
  return block && face.picture ? `data:image/jpeg;base64,${block.textContent}` : null;
}

function fileName(path) {
  return path.split(/[\\/]/).pop() || path;
}

function folderOf(path) {
  return path.slice(0, path.length - fileName(path).length);
}
const severalFolders = new Set([...faces, ...failures].map(({ photo }) => folderOf(photo))).size > 1;

function titleOf(face) {
  return fileName(face.photo) + (face.of > 1 ? `, face ${face.number} of ${face.of}` : "");
}

// The sliders that a route tells, by their numbers.
function toldSliders(route) {
  return shared.sliders.map((_, index) => index).filter((index) => route.told[index] === "1");
}

function fromAverage(route, index) {
  return Math.abs(route.values[index] - shared.average[index]);
}

// How far the routes lie apart at a slider that at least two of them tell; 0 elsewhere.
function spread(face, index) {
  const values = face.routes
    .filter((route) => route.told[index] === "1")
    .map((route) => route.values[index]);
  return values.length > 1 ? Math.max(...values) - Math.min(...values) : 0;
}

function mean(numbers) {
  return numbers.length ? numbers.reduce((sum, one) => sum + one, 0) / numbers.length : 0;
}

// What faces are put in order by, the largest first.
const scores = {
  unusual: (face) => mean(toldSliders(face.main).map((index) => fromAverage(face.main, index))),
  unsure: (face) =>
    mean(toldSliders(face.main).map((index) => face.main.upper[index] - face.main.lower[index])),
  disagree: (face) => mean(toldSliders(face.main).map((index) => spread(face, index))),
  warned: (face) => face.warnings.length,
};

function ordered(chosen, order) {
  if (order === "name") {
    const names = new Intl.Collator(undefined, { numeric: true });
    return [...chosen].sort((one, other) => names.compare(titleOf(one), titleOf(other)));
  }
  if (!(order in scores)) return chosen;
  const score = new Map(chosen.map((face) => [face, scores[order](face)]));
  return [...chosen].sort((one, other) => score.get(other) - score.get(one));
}
