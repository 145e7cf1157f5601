// Heads that can be turned. `props.value` is JSON: {figure, description, empty}. Plotly is loaded
// before. The figure is drawn into the same place, so that heads stay turned while they change.
const place = element.querySelector('.fpp-plot');
const empty = element.querySelector('.fpp-empty');
const hint = element.querySelector('.fpp-hint');
const NARROW = 420; // pixels; below, several heads stand one below the other
let shown = null;
let revision = null; // of the figure that was painted last

function scenes(layout) {
  return Object.keys(layout).filter((key) => /^scene\d*$/.test(key));
}

function fit(layout) {
  const names = scenes(layout);
  const stacked = names.length > 1 && place.clientWidth < NARROW;
  place.classList.toggle('fpp-stacked', stacked);
  const style = getComputedStyle(element);
  layout.paper_bgcolor = 'rgba(0,0,0,0)';
  layout.font = { ...layout.font, color: style.color, family: style.fontFamily };
  layout.autosize = true;
  layout.height = stacked ? 300 * names.length : place.clientHeight || 460;
  for (const [number, name] of names.entries()) {
    layout[name].bgcolor = 'rgba(0,0,0,0)';
    if (stacked) {
      const top = 1 - number / names.length;
      layout[name].domain = { x: [0, 1], y: [top - 1 / names.length, top - 0.07 / names.length] };
    }
  }
  for (const [number, title] of (layout.annotations || []).entries()) {
    title.font = { ...title.font, color: style.color };
    if (stacked && number < names.length) {
      Object.assign(title, { x: 0.5, xanchor: 'center', y: 1 - number / names.length, yanchor: 'top' });
    }
  }
  return layout;
}

function draw() {
  const value = JSON.parse(props.value || '{}');
  empty.textContent = value.empty || '';
  empty.hidden = Boolean(value.figure);
  place.hidden = hint.hidden = !value.figure;
  shown = value.figure || null;
  if (!shown) {
    Plotly.purge(place);
    revision = null;
    return;
  }
  place.setAttribute('aria-label', value.description);
  paint();
}

// Plotly itself would only keep turns made by mouse, not by keys.
function keepTurned(layout) {
  const before = place._fullLayout;
  if (!before || revision !== layout.uirevision) return;
  for (const name of scenes(layout)) {
    const scene = before[name] && before[name]._scene;
    if (scene) layout[name].camera = { ...layout[name].camera, ...scene.getCamera() };
  }
}

function paint() {
  const { data, layout } = JSON.parse(JSON.stringify(shown));
  keepTurned(layout);
  Plotly.react(place, data, fit(layout), {
    displayModeBar: false, responsive: true, scrollZoom: false, displaylogo: false,
    showLink: false, plotlyServerURL: '',
  });
  revision = layout.uirevision;
}

// Turning by keys, about the head's own upright axis.
place.addEventListener('keydown', (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!step || !shown) return;
  event.preventDefault();
  const change = {};
  for (const name of scenes(place._fullLayout)) {
    const scene = place._fullLayout[name]._scene;
    if (scene) change[name + '.camera'] = turned(scene.getCamera(), step[0] * 0.12, step[1] * 0.08);
  }
  Plotly.relayout(place, change);
});

function turned(camera, sideways, upwards) {
  const { eye, center, up } = camera;
  const size = Math.hypot(up.x, up.y, up.z) || 1;
  const axis = [up.x / size, up.y / size, up.z / size];
  let arm = [eye.x - center.x, eye.y - center.y, eye.z - center.z];
  arm = about(arm, axis, sideways);
  const side = unit(cross(axis, arm));
  const higher = about(arm, side, -upwards);
  if (Math.abs(dot(unit(higher), axis)) < 0.96) arm = higher;
  return { ...camera, eye: { x: center.x + arm[0], y: center.y + arm[1], z: center.z + arm[2] } };
}
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const unit = (a) => a.map((part) => part / (Math.hypot(...a) || 1));
function about(arm, axis, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const crossed = cross(axis, arm);
  const along = dot(axis, arm) * (1 - c);
  return arm.map((part, i) => part * c + crossed[i] * s + axis[i] * along);
}

let width = 0;
new ResizeObserver(() => {
  if (shown && Math.abs(place.clientWidth - width) > 4) {
    width = place.clientWidth;
    paint();
  }
}).observe(place.parentElement);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => setTimeout(() => shown && paint(), 300));
watch('value', draw);
draw();
