"use strict";
// The card of one face: photo, head, sliders, warnings and what the routes make of it.

const ROWS = 10; // sliders shown before one asks for more
const ROUTE_ROWS = 8;
const SVG = "http://www.w3.org/2000/svg";

function svgElement(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function photoView(face) {
  const view = element("div", { class: "view" });
  const address = pictureOf(face);
  if (!address) {
    view.append("The photo is not in this report.");
    return view;
  }
  const { width, height, curves } = face.picture;
  const picture = svgElement("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    class: face.warnings.length ? "flagged" : "",
    "aria-label": `Photo ${titleOf(face)}, with the landmarks that were found`,
  });
  picture.append(svgElement("image", { href: address, width, height }));
  const lines = curves.map(({ closed, points }) => "M" + points.join(" ") + (closed ? "Z" : ""));
  for (const kind of ["under", "over"]) {
    picture.append(svgElement("path", { class: kind, d: lines.join("") }));
  }
  view.append(picture);
  return view;
}

function headFigure(face) {
  const box = element("div", {
    class: "view head",
    role: "group",
    tabindex: "0",
    "aria-label": `Predicted head of ${titleOf(face)}. The arrow keys turn it.`,
  });
  box.append(canDraw ? "Drawing the head…"
    : "Heads in 3D need WebGL, which this browser does not offer. Values and photos are complete.");
  const view = new HeadView(face, box);
  const button = element("button", { type: "button", "aria-pressed": "false" }, "Face front");
  button.addEventListener("click", () => {
    view.turnToFront(!view.front);
    button.setAttribute("aria-pressed", String(view.front));
    button.textContent = view.front ? "As in the photo" : "Face front";
  });
  const caption = element("figcaption", {});
  if (canDraw) caption.append(button, element("span", { class: "hint" }, "drag to turn"));
  return { figure: element("figure", {}, box, caption), view };
}

function slidersPart(face) {
  const route = face.main;
  const told = toldSliders(route);
  const sorted = [...told].sort((one, other) => fromAverage(route, other) - fromAverage(route, one));
  const list = element("ul", { class: "bars" });
  const fill = (count) =>
    list.replaceChildren(...sorted.slice(0, count).map((index) => sliderRow(index, route)));
  fill(ROWS);
  const part = element("section", { class: "sliders" },
    element("h3", {}, "Farthest from average"), list);
  if (sorted.length > ROWS) {
    const button = element("button", { type: "button", class: "more", "aria-expanded": "false" });
    const label = (all) => (all ? "Show fewer" : `Show all ${sorted.length}`);
    button.textContent = label(false);
    button.addEventListener("click", () => {
      const all = button.getAttribute("aria-expanded") !== "true";
      fill(all ? sorted.length : ROWS);
      button.setAttribute("aria-expanded", String(all));
      button.textContent = label(all);
    });
    part.append(button);
  }
  const untold = shared.sliders.length - told.length;
  if (untold) {
    part.append(element("p", { class: "untold" },
      `${untold} more sliders cannot be told from a photo and stay neutral.`));
  }
  return part;
}

function routesPart(face) {
  const all = shared.sliders.map((_, index) => index);
  const apart = all
    .filter((index) => spread(face, index) > 0)
    .sort((one, other) => spread(face, other) - spread(face, one));
  if (!apart.length) return null;
  const largest = apart[0];
  const summary = `Routes differ by ${numberText(mean(apart.map((one) => spread(face, one))))} on ` +
    `average, most at ${shared.sliders[largest].label} (${numberText(spread(face, largest))})`;
  const list = element("ul", { class: "bars" });
  const part = element("details", { class: "routes" }, element("summary", {}, summary), list);
  part.addEventListener("toggle", () => {
    if (list.childElementCount) return;
    list.append(...apart.slice(0, ROUTE_ROWS).map((index) => routesRow(index, face)));
  });
  return part;
}

function factsOf(face) {
  const degrees = (angle) => Math.round(Math.abs(angle));
  const turns = [
    [face.yaw, `${degrees(face.yaw)}° ${face.yaw > 0 ? "right" : "left"}`],
    [face.pitch, `${degrees(face.pitch)}° ${face.pitch > 0 ? "up" : "down"}`],
  ].filter(([angle]) => degrees(angle) >= 3);
  const turn = turns.map(([, words]) => words).join(" and ");
  const tilt = `tilted ${degrees(face.roll)}° ${face.roll > 0 ? "left" : "right"}`;
  const pose = [turn ? `looks ${turn}` : "seen from the front"];
  if (degrees(face.roll) >= 3) pose.push(tilt);
  return `${face.main.model} model · face ${face.pixels} pixels high, ${pose.join(", ")}`;
}

// The card, and the view of its head, which is to be shown and hidden.
function makeCard(face) {
  const title = element("h2", { title: face.photo }, titleOf(face));
  const heading = element("header", {}, title);
  if (severalFolders) heading.append(element("p", {}, folderOf(face.photo)));
  heading.append(element("p", {}, factsOf(face)));
  const { figure, view } = headFigure(face);
  const card = element("article", { class: "card" }, heading);
  if (face.warnings.length) {
    const items = face.warnings.map((words) => element("li", {}, words));
    card.append(element("ul", { class: "message warnings", "aria-label": "Warnings" }, ...items));
  }
  card.append(element("figure", {}, photoView(face)), figure, slidersPart(face));
  const routes = routesPart(face);
  if (routes) card.append(routes);
  return { card, view };
}
