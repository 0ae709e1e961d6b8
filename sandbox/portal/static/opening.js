// One opening of the app: an iframe named host|protocol|APP_SID and a hidden form posted into it.

import { note } from './log.js';

const form = document.getElementById('opening');
const wrapper = document.getElementById('frame');
const card = document.getElementById('card');

export const frame = () => wrapper.querySelector('iframe');
export const sid = () => frame().name.split('|')[2];
export const isInstall = () => form.dataset.install === 'true';
export const isFirstRun = () => form.dataset.firstRun === 'true';
export const optionsOf = (whose) => JSON.parse(form.dataset[`${whose}Options`]);
export const field = (name) => form.elements[name]?.value ?? '';

export function post() {
  note(`opening ${sid()} → ${new URL(form.action).pathname} ${field('PLACEMENT')}`);
  form.submit();
}

// The frame is made anew: a window keeps the name it was created with.
export async function reopen() {
  const query = new URLSearchParams(location.search);
  query.set('path', location.pathname);
  const answer = await fetch(`/opening?${query}`, { method: 'POST' });
  if (!answer.ok) return location.reload();
  const opening = await answer.json();
  const fresh = frame().cloneNode();
  fresh.name = opening.frame;
  fresh.style.blockSize = `${opening.height}px`;
  wrapper.dataset.frameHeight = opening.height;
  frame().replaceWith(fresh);
  form.action = opening.action;
  form.target = opening.frame;
  form.dataset.install = opening.install;
  form.dataset.firstRun = opening.first_run;
  form.dataset.appOptions = JSON.stringify(opening.app_options);
  form.dataset.userOptions = JSON.stringify(opening.user_options);
  for (const [name, value] of Object.entries(opening.fields)) form.elements[name].value = value;
  post();
}

/** Keep an option for the next opening too. Resolves to all options, or to null where the user may
 *  not set it. */
export async function setOption(whose, { name, value }) {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ name, value });
  const answer = await fetch(`/options/${whose}${card.dataset.query}`, { method: 'POST', headers, body });
  if (!answer.ok) return null;
  const options = await answer.json();
  form.dataset[`${whose}Options`] = JSON.stringify(options);
  return options;
}

export async function newTokens() {
  const tokens = await (await fetch(`/refresh-auth${card.dataset.query}`, { method: 'POST' })).json();
  if (tokens === null) return null;
  for (const [name, value] of Object.entries(tokens)) form.elements[name].value = value;
  return tokens;
}

export function resize(height) {
  if (height > 0) {
    frame().style.blockSize = `${height}px`;
    wrapper.dataset.frameHeight = height;
  }
  return { width: frame().offsetWidth, height: frame().offsetHeight };
}
