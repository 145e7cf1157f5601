"use strict";
// The list of faces: searched, put in order, shown page by page.

const PER_PAGE = 12;

const byId = (name) => document.getElementById(name);
const list = byId("cards");
const views = new Map(); // box of a head -> its view
let chosen = faces;
let page = 0;

// Heads are drawn one after the other, so that the page answers in between.
const waiting = new Set();
const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        waiting.add(target);
      } else {
        waiting.delete(target);
        views.get(target)?.hide();
      }
    }
    drawNext();
  },
  { rootMargin: "150px" }
);

function drawNext() {
  const [box] = waiting;
  if (!box) return;
  waiting.delete(box);
  requestAnimationFrame(() => {
    views.get(box)?.show();
    setTimeout(drawNext, 30);
  });
}

function showPage() {
  for (const [box, view] of views) {
    sight.unobserve(box);
    view.hide();
  }
  views.clear();
  waiting.clear();
  const cards = chosen.slice(page * PER_PAGE, (page + 1) * PER_PAGE).map((face) => {
    const { card, view } = makeCard(face);
    views.set(view.box, view);
    return card;
  });
  list.replaceChildren(...cards);
  if (!cards.length) list.append(emptyMessage());
  for (const box of views.keys()) sight.observe(box);
  document.querySelectorAll(".pages").forEach(fillPages);
}

function emptyMessage() {
  const search = byId("search").value.trim();
  const words = faces.length ? `No photo is called “${search}” or anything with that in it.`
    : failures.length ? "No face was found. The photos and what was wrong are listed below."
    : "This report has no photos.";
  return element("p", { class: "empty" }, words);
}

function fillPages(bar) {
  const count = Math.ceil(chosen.length / PER_PAGE);
  bar.hidden = count < 2;
  const button = (words, to) => {
    const made = element("button", { type: "button" }, words);
    made.disabled = to < 0 || to >= count;
    made.addEventListener("click", () => turnTo(to));
    return made;
  };
  const place = element("span", {}, `Page ${page + 1} of ${count}`);
  bar.replaceChildren(button("Previous", page - 1), place, button("Next", page + 1));
}

function turnTo(number) {
  page = number;
  showPage();
  document.querySelector(".pages").scrollIntoView();
  const title = list.querySelector("h2");
  title?.setAttribute("tabindex", "-1");
  title?.focus({ preventScroll: true });
}

function choose() {
  const wanted = byId("search").value.trim().toLowerCase();
  const found = faces.filter((face) => face.photo.toLowerCase().includes(wanted));
  chosen = ordered(found, byId("order").value);
  page = 0;
  byId("found").textContent = wanted ? `${countOf(chosen.length, "face")} found` : "";
  showPage();
}

function countOf(number, one) {
  return `${number} ${one}${number === 1 ? "" : "s"}`;
}

function fillPage() {
  const photos = new Set(faces.map((face) => face.photo)).size;
  byId("summary").textContent = `${countOf(faces.length, "face")} in ` +
    `${countOf(photos, "photo")}. Sliders of the rig ${shared.rig}, 0 to 1 over each one's range.`;
  byId("note").textContent = shared.note;
  byId("note").hidden = !shared.note;
  byId("footer").textContent = `Made ${shared.made.replace("T", " ").replace("+00:00", " UTC")} ` +
    `by Face Parameters Predictor. Licence of the rig: ${shared.licence}. Drawn by plotly.js ` +
    "(MIT). This file holds the photos themselves: pass it on with care.";
  byId("controls").hidden = byId("legend").hidden = !faces.length;
  fillLegend(byId("legend"));
  if (failures.length) listFailures();
  const classes = document.body.classList;
  byId("search").addEventListener("input", choose);
  byId("order").addEventListener("change", choose);
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("landmarks").addEventListener("change", ({ target }) =>
    classes.toggle("no-landmarks", !target.checked)
  );
  showPage();
}

function listFailures() {
  const words = `${countOf(failures.length, "photo")} without a prediction`;
  byId("failures").hidden = byId("failure-link").hidden = false;
  byId("failures-title").textContent = words;
  byId("failure-link").firstElementChild.textContent = words;
  byId("failures").querySelector("ul").append(
    ...failures.map(({ photo, reason }) =>
      element("li", {}, element("strong", {}, fileName(photo)), element("br"), reason)
    )
  );
}

fillPage();
