"use strict";
// Heads in 3D: their shapes from slider values, drawn while they are in sight.

const DEGREE = Math.PI / 180;
const STEP = 15 * DEGREE; // of an arrow key
const SCALE = 4.5; // of Plotly's cube, twice as high as what is shown

function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}

function wholeNumbers({ bits, data }) {
  return bits === 16 ? new Uint16Array(bytesOf(data)) : new Uint32Array(bytesOf(data));
}

function lengths({ step, data }) {
  return Float32Array.from(new Int16Array(bytesOf(data)), (one) => one * step);
}

// The head that all faces share, unpacked when the first one is drawn.
let unpacked = null;

function sharedHead() {
  if (unpacked) return unpacked;
  const head = shared.head;
  const colours = new Uint8Array(bytesOf(head.colours));
  const corners = wholeNumbers(head.triangles);
  const offsets = (one) =>
    one && {
      along: lengths(one),
      vertices: one.vertices && wholeNumbers(one.vertices),
    };
  unpacked = {
    neutral: lengths(head.neutral),
    colours: Array.from({ length: head.vertices }, (_, vertex) =>
      `rgb(${colours.slice(3 * vertex, 3 * vertex + 3).join()})`
    ),
    corners: [0, 1, 2].map((start) => corners.filter((_, place) => place % 3 === start)),
    sliders: head.sliders.map(({ positive, negative }) => ({
      positive: offsets(positive),
      negative: negative === "opposite" ? negative : offsets(negative),
    })),
  };
  return unpacked;
}

// The head's vertices, 3 numbers each in decimetres, for values 0..1 of all sliders.
function headShape(values) {
  const head = sharedHead();
  const shape = Float32Array.from(head.neutral);
  head.sliders.forEach(({ positive, negative }, index) => {
    const { minimum, maximum } = shared.sliders[index];
    let amount = minimum + values[index] * (maximum - minimum);
    let moved = positive;
    if (amount < 0 && negative !== "opposite") {
      moved = negative;
      amount = -amount;
    }
    if (!moved || !amount) return;
    const { along, vertices } = moved;
    for (let place = 0; place < along.length; place++) {
      const target = vertices ? 3 * vertices[(place / 3) | 0] + (place % 3) : place;
      shape[target] += amount * along[place];
    }
  });
  return shape;
}

// As rig/camera.py turns heads: by yaw first, then pitch, then roll, about the picture's axes.
function turned(shape, { yaw, pitch, roll }) {
  const [sinYaw, cosYaw] = [Math.sin(yaw * DEGREE), Math.cos(yaw * DEGREE)];
  const [sinPitch, cosPitch] = [Math.sin(-pitch * DEGREE), Math.cos(-pitch * DEGREE)];
  const [sinRoll, cosRoll] = [Math.sin(roll * DEGREE), Math.cos(roll * DEGREE)];
  const count = shape.length / 3;
  const [right, up, near] = [0, 1, 2].map(() => new Float32Array(count));
  for (let vertex = 0; vertex < count; vertex++) {
    const [x, y, z] = shape.subarray(3 * vertex, 3 * vertex + 3);
    const across = cosYaw * x + sinYaw * z;
    const deep = cosYaw * z - sinYaw * x;
    const high = cosPitch * y - sinPitch * deep;
    near[vertex] = sinPitch * y + cosPitch * deep;
    right[vertex] = cosRoll * across - sinRoll * high;
    up[vertex] = sinRoll * across + cosRoll * high;
  }
  // Plotly's z is up, and its viewer here stands at y below 0.
  return { x: right, y: near.map((one) => -one), z: up };
}

function mesh(face, front) {
  const head = sharedHead();
  const pose = front ? { yaw: 0, pitch: 0, roll: 0 } : face;
  const [i, j, k] = head.corners;
  return {
    type: "mesh3d",
    ...turned(headShape(face.main.values), pose),
    i, j, k,
    vertexcolor: head.colours,
    hoverinfo: "skip",
    lighting: {
      ambient: 0.38, diffuse: 0.74, specular: 0.05, roughness: 0.7, fresnel: 0.05,
      facenormalsepsilon: 0, vertexnormalsepsilon: 0,
    },
    // As the viewer sees it: from the left, from above, and from behind the viewer (-1 is the
    // nearest that is drawn).
    lightposition: { x: -380, y: 480, z: -2 },
  };
}

function cameraAt(about, above) {
  return {
    eye: {
      x: 2 * Math.sin(about) * Math.cos(above),
      y: -2 * Math.cos(about) * Math.cos(above),
      z: 2 * Math.sin(above),
    },
    up: { x: 0, y: 0, z: 1 },
    center: { x: 0, y: 0, z: 0 },
    projection: { type: "orthographic" },
  };
}

function layout() {
  const half = shared.head.height; // Plotly cuts off what is beyond
  const axis = { visible: false, range: [-half, half], autorange: false, showspikes: false };
  return {
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    scene: {
      xaxis: axis, yaxis: axis, zaxis: axis,
      aspectmode: "manual",
      aspectratio: { x: SCALE, y: SCALE, z: SCALE },
      bgcolor: "rgba(0,0,0,0)",
      dragmode: "turntable",
      camera: cameraAt(0, 0),
    },
  };
}

const canDraw = (() => {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(context);
})();

// One head in its place on the page: drawn when shown, taken away when hidden.
class HeadView {
  constructor(face, box) {
    this.face = face;
    this.box = box;
    this.front = false;
    this.plot = null;
    box.addEventListener("keydown", (event) => this.turnByKey(event));
  }

  show() {
    if (this.plot || !canDraw) return;
    this.plot = document.createElement("div");
    this.plot.className = "plot";
    this.box.append(this.plot);
    const settings = { displayModeBar: false, scrollZoom: false, responsive: true };
    Plotly.newPlot(this.plot, [mesh(this.face, this.front)], layout(), settings);
  }

  hide() {
    if (!this.plot) return;
    Plotly.purge(this.plot); // gives its WebGL context back: browsers have about 16
    this.plot.remove();
    this.plot = null;
  }

  turnToFront(front) {
    this.front = front;
    if (!this.plot) return;
    Plotly.react(this.plot, [mesh(this.face, front)], layout());
  }

  turnByKey(event) {
    const turns = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (!this.plot || !(event.key in turns)) return;
    event.preventDefault();
    const [about, above] = turns[event.key];
    const { x, y, z } = this.plot.layout.scene.camera.eye;
    const height = Math.atan2(z, Math.hypot(x, y)) + STEP * above;
    const limited = Math.max(-80 * DEGREE, Math.min(80 * DEGREE, height));
    const camera = cameraAt(Math.atan2(x, -y) - STEP * about, limited);
    Plotly.relayout(this.plot, { "scene.camera": camera });
  }
}
