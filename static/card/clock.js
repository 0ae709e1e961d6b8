// The clients' local times tick. Zones and hours come from the server; a number with several zones
// shows a range.

const EVERY = 15_000;

export function startClocks(root) {
  setInterval(() => tick(root), EVERY);
}

export function tick(root) {
  forgetPast(root);
  const language = document.documentElement.lang;
  for (const pill of root.querySelectorAll('.time-pill[data-zones]')) {
    const zones = pill.dataset.zones.split(' ').filter(Boolean);
    const times = zones.map((zone) => localTime(zone, language));
    if (!times.length) continue;
    times.sort((a, b) => a.offset - b.offset);
    const [first, last] = [times[0].text, times.at(-1).text];
    pill.querySelector('time').textContent = first === last ? first : `${first}–${last}`;
    recolour(
      pill,
      times.map(({ minutes }) => light(minutes, pill.dataset.hours)),
    );
  }
}

// A time that has come is no longer announced as one to come: what is true then takes its place, if
// there is anything.
function forgetPast(root) {
  for (const said of root.querySelectorAll('[data-until]')) {
    if (Number(said.dataset.until) * 1000 > Date.now()) continue;
    said.textContent = said.dataset.then ?? '';
    delete said.dataset.until;
  }
}

function localTime(zone, language) {
  const now = new Date();
  const text = new Intl.DateTimeFormat(language, { timeZone: zone, timeStyle: 'short' }).format(now);
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    })
      .formatToParts(now)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const minutes = parts.hour * 60 + parts.minute;
  const offset = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute);
  return { text, minutes, offset };
}

function light(minutes, hours) {
  const [red, amber, green, late] = hours.split(',').map((hour) => Number(hour) * 60);
  if (minutes < red || minutes >= late) return 'red';
  return minutes < amber || minutes >= green ? 'amber' : 'green';
}

function recolour(pill, lights) {
  const agreed = lights.every((one) => one === lights[0]) ? lights[0] : 'amber';
  pill.classList.remove('light-red', 'light-amber', 'light-green');
  pill.classList.add(`light-${agreed}`);
}
