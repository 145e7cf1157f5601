"use strict";
// Slider bars: a track for the whole range, a band for the interval, a tick for the average person.

const SHAPES = {
  main: '<circle cx="6" cy="6" r="5.5"/>',
  second: '<path d="M6 -0.5 12.5 6 6 12.5 -0.5 6Z"/>',
  third: '<path d="M6 0 12 11 0 11Z"/>',
};
const PLACES = ["main", "second", "third"]; // a route's, by its number

function element(tag, attributes = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

function percent(part) {
  return `${100 * Math.min(1, Math.max(0, part))}%`;
}

function numberText(value) {
  return value.toFixed(2);
}

function mark(place) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("class", `mark ${place}`);
  made.setAttribute("viewBox", "0 0 12 12");
  made.innerHTML = SHAPES[place];
  return made;
}

// A row's picture; routes: those to mark, [place, route] each. The first one's interval is shown.
function track(index, routes) {
  const [, first] = routes[0];
  const band = element("span", { class: "band" });
  band.style.left = percent(first.lower[index]);
  band.style.width = percent(first.upper[index] - first.lower[index]);
  const average = element("span", { class: "average" });
  average.style.left = percent(shared.average[index]);
  const made = element("div", { class: "track", "aria-hidden": "true" }, band, average);
  for (const [place, route] of [...routes].reverse()) {
    const one = mark(place);
    one.style.left = percent(route.values[index]);
    made.append(one);
  }
  return made;
}

function nameOf(index) {
  const { label, name } = shared.sliders[index];
  return element("span", { class: "name", title: name }, label);
}

// One slider of one route.
function sliderRow(index, route) {
  const ends = [route.lower[index], route.upper[index]].map(numberText);
  return element("li", { "data-slider": shared.sliders[index].name },
    nameOf(index),
    track(index, [["main", route]]),
    element("span", { class: "value" }, numberText(route.values[index])),
    element("span", { class: "range" },
      hidden(", between "), ends[0], element("span", { "aria-hidden": "true" }, " – "),
      hidden(" and "), ends[1],
      hidden(`, average ${numberText(shared.average[index])}`)));
}

// One slider of all routes that tell it.
function routesRow(index, face) {
  const told = face.routes
    .map((route, number) => [PLACES[number], route])
    .filter(([place, route]) => place && route.told[index] === "1");
  const words = told.map(([, route]) => `${route.model} ${numberText(route.values[index])}`);
  return element("li", { "data-slider": shared.sliders[index].name },
    nameOf(index), track(index, told), element("span", { class: "range" }, words.join(", ")));
}

function hidden(text) {
  return element("span", { class: "visually-hidden" }, text);
}

function fillLegend(legend) {
  const models = faces.length ? faces[0].routes.map((route) => route.model) : [];
  const entries = [
    [element("span", { class: "average" }), "average person"],
    [element("span", { class: "band" }), "90 % interval"],
    ...models.slice(0, PLACES.length).map((model, number) => [mark(PLACES[number]), model]),
  ];
  legend.append(...entries.map(([sign, words]) => element("span", {}, sign, words)));
}
