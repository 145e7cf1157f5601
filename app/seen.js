// The photos and what was seen on them. `props.value` is JSON from app.page_values.seen_value.
const place = element.querySelector('.fpp-seen');

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function thumb(entry) {
  const item = make('li');
  const button = make('button', 'fpp-thumb');
  button.type = 'button';
  button.setAttribute('aria-pressed', String(entry.chosen));
  button.setAttribute('aria-label', entry.label);
  button.title = entry.title;
  const picture = make(entry.picture ? 'img' : 'i', 'fpp-small', entry.picture ? undefined : '?');
  if (entry.picture) Object.assign(picture, { src: entry.picture, alt: '' });
  const name = make('span', entry.sign ? 'fpp-sign' : '', (entry.sign ? '! ' : '') + entry.title);
  button.append(picture, name);
  button.addEventListener('click', () => trigger('choose', { photo: entry.photo, face: entry.face }));
  const remove = make('button', 'fpp-remove', '×');
  remove.type = 'button';
  remove.setAttribute('aria-label', 'Remove ' + entry.title);
  remove.title = 'Remove';
  remove.addEventListener('click', () => trigger('remove', { photo: entry.photo, face: entry.face }));
  item.append(button, remove);
  return item;
}

function draw() {
  const seen = JSON.parse(props.value || '{"entries": []}');
  const parts = [make('h2', '', 'What was seen')];
  if (!seen.entries.length) {
    parts.push(make('p', 'fpp-empty', seen.empty || ''));
  } else {
    if (seen.picture) {
      const large = make('img', 'fpp-large');
      large.src = seen.picture;
      large.alt = seen.description;
      parts.push(large);
    }
    parts.push(make('p', 'fpp-caption', seen.caption));
    if (seen.warnings.length) {
      const list = make('ul', 'fpp-warnings');
      for (const warning of seen.warnings) list.append(make('li', '', warning));
      parts.push(list);
    }
    const thumbs = make('ul', 'fpp-thumbs');
    thumbs.setAttribute('aria-label', 'Photos');
    for (const entry of seen.entries) thumbs.append(thumb(entry));
    parts.push(thumbs);
    if (seen.problems.length) {
      const list = make('ul', 'fpp-warnings');
      for (const problem of seen.problems) list.append(make('li', '', problem));
      parts.push(list);
    }
  }
  place.replaceChildren(...parts);
}

watch('value', draw);
draw();
