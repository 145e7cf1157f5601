// Sliders with their intervals. `props.value` is JSON from app.page_values.sliders_value; when the
// user moves one, it becomes {"edition": n, "edited": {index: value}} and 'input' is triggered.
const place = element.querySelector('.fpp-sliders');
let edition = 0;
let edited = {};

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Where a value stands under the thumb's middle, which keeps 8 pixels from the ends.
const at = (value) => `calc(8px + ${value} * (100% - 16px))`;

function tell() {
  props.value = JSON.stringify({ edition, edited });
  trigger('input');
}

function row(slider) {
  const line = make('div', 'fpp-slider');
  const id = `fpp-slider-${slider.index}`;
  const label = make('label', '', slider.label);
  label.htmlFor = id;
  label.title = slider.name;
  const output = make('output', '', '');
  output.htmlFor = id;
  const undo = make('button', '', '↺');
  undo.type = 'button';
  undo.title = 'Back to what was predicted';
  undo.setAttribute('aria-label', `Reset ${slider.label}`);
  const track = make('div', 'fpp-track');
  const band = make('span', 'fpp-band');
  band.style.left = at(slider.low);
  band.style.width = `calc(${slider.high - slider.low} * (100% - 16px))`;
  const average = make('span', 'fpp-average');
  average.style.left = at(slider.average);
  const input = make('input');
  Object.assign(input, { type: 'range', id, min: 0, max: 1, step: 0.01 });
  input.dataset.slider = slider.name;
  track.append(band, average, input);
  line.append(label, output, undo, track);
  line.classList.toggle('fpp-untold', !slider.told);

  function show() {
    const value = edited[slider.index] ?? slider.value;
    const changed = slider.index in edited;
    input.value = value;
    output.textContent = value.toFixed(2);
    line.classList.toggle('fpp-edited', changed);
    undo.style.visibility = changed ? 'visible' : 'hidden';
    input.setAttribute(
      'aria-valuetext',
      `${value.toFixed(2)}, ${changed ? 'set by hand, predicted ' + slider.value.toFixed(2) : 'predicted'}; ` +
        `average ${slider.average.toFixed(2)}, ` +
        (slider.told
          ? `likely ${slider.low.toFixed(2)} to ${slider.high.toFixed(2)}`
          : 'which a photo cannot tell'),
    );
  }
  input.addEventListener('input', () => {
    edited[slider.index] = Number(input.value);
    show();
    tell();
  });
  undo.addEventListener('click', () => {
    delete edited[slider.index];
    show();
    input.focus();
    tell();
  });
  show();
  return line;
}

function draw() {
  const panel = JSON.parse(props.value || '{}');
  if (panel.edited && !panel.groups) return; // what tell() wrote
  edition = panel.edition || 0;
  edited = panel.edited || {};
  const open = new Set([...place.querySelectorAll('details[open]')].map((part) => part.dataset.group));
  const parts = [make('h2', '', 'Sliders')];
  if (!panel.groups || !panel.groups.length) {
    parts.push(make('p', 'fpp-empty', panel.empty || ''));
  } else {
    parts.push(make('p', 'fpp-legend', panel.legend));
    const scroll = make('div');
    scroll.id = 'fpp-sliders-scroll';
    for (const [number, group] of panel.groups.entries()) {
      const details = make('details');
      details.dataset.group = group.title;
      details.open = number === 0 || open.has(group.title);
      const summary = make('summary', number === 0 ? 'fpp-plain' : '', group.title);
      summary.append(make('small', '', String(group.sliders.length)));
      details.append(summary, ...group.sliders.map(row));
      scroll.append(details);
    }
    parts.push(scroll);
  }
  place.replaceChildren(...parts);
}

watch('value', draw);
draw();
