// One change: send it, put the drawn pieces into their places by id, say what came of it, keep
// focus and open parts.

import { drawnIn, request, Refused } from '../api.js';
import { confirmed } from '../dialog.js';
import { focusNow, keepFocus } from '../focus.js';
import { localTimes } from './times.js';

/** Send and redraw. `from` is the form or button that asked, which rests meanwhile; or the place
 *  that the page itself asks for, whose buttons stay usable: a gateway may take seconds to say how
 *  a line is. Resolves to the response, or null when nothing changed. */
export async function send(path, json, from, headers = {}) {
  const buttons = from.matches('button') ? [from] : from.matches('form') ? [...from.querySelectorAll('button')] : [];
  const enabled = buttons.filter((button) => !button.disabled);
  const pressed = focusNow();
  for (const button of enabled) button.disabled = true;
  from.setAttribute('aria-busy', 'true');
  try {
    const response = await request(path, { json, headers });
    redraw(await drawnIn(response), pressed);
    return response;
  } catch (error) {
    return await failed(error, { path, json, from, headers, pressed });
  } finally {
    const free = () => {
      for (const button of enabled) button.disabled = false;
    };
    keepFocus(free, { pressed });
    from.removeAttribute('aria-busy');
  }
}

/** A form's fields: texts as typed, boxes as true or false, fields of kind "id" as numbers. */
export function jsonOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || (field.type === 'radio' && !field.checked)) continue;
    if (field.type === 'checkbox') values[field.name] = field.checked;
    else if (field.dataset.kind === 'id') values[field.name] = field.value ? Number(field.value) : null;
    else values[field.name] = field.value;
  }
  return values;
}

async function failed(error, { path, json, from, headers, pressed }) {
  if (!(error instanceof Refused)) {
    complain(from, noticeOf(error));
  } else if (error.message === 'confirm') {
    const beside = from.matches('form') ? (from.querySelector('.button-primary') ?? from) : from;
    if (await confirmed('question', fragment(error.html), beside))
      return send(path, { ...json, confirmed: true }, from, headers);
    for (const choice of from.elements ?? []) if (choice.type === 'radio') choice.checked = choice.defaultChecked;
  } else if (error.message === '422') {
    redraw(error.html, pressed); // the same form with its faults beside the fields
  } else {
    complain(from, noticeOf(error));
  }
  return null;
}

/** What is said of an error: the server's words, or that there is no connection. */
export function noticeOf(error) {
  if (error instanceof Refused) return fragment(error.html);
  return document.getElementById('no-connection').content.cloneNode(true);
}

/** Put drawn pieces into their places by id. `pressed` is where the focus was when they were asked
 *  for. */
export function redraw(text, pressed) {
  const drawn = [...fragment(text).children];
  const draw = () => {
    for (const piece of drawn) put(piece);
    drawn
      .map((piece) => piece.querySelector('[aria-invalid]'))
      .find(Boolean)
      ?.focus();
  };
  keepFocus(draw, { pressed });
}

function put(piece) {
  const place = document.getElementById(piece.id);
  if (!place) return;
  keepOpen(place, piece);
  const words = silenced(piece);
  place.replaceWith(piece);
  requestAnimationFrame(() => {
    for (const [said, text] of words) said.textContent = text;
  });
}

// What stood open stays open, unless the server says otherwise.
function keepOpen(place, piece) {
  for (const part of place.querySelectorAll('details[open][data-part]')) {
    const same = piece.querySelector(`details[data-part="${part.dataset.part}"]`);
    if (same && place.matches('li')) same.open = true;
  }
}

// A status that comes with its text is not read out; one that gets its text later is.
function silenced(piece) {
  return [...piece.querySelectorAll('.said')]
    .filter((said) => said.textContent.trim())
    .map((said) => {
      const text = said.textContent;
      said.textContent = '';
      return [said, text];
    });
}

/** Say it at what was pressed: a drawn notice, in place of one before it. */
export function complain(from, notice) {
  const near = from.closest('form, .panel, li') ?? from;
  const place = near.isConnected ? near : (document.getElementById(near.id) ?? document.getElementById('sections'));
  place.querySelector(':scope > .complaint')?.remove();
  const holder = document.createElement('div');
  holder.className = 'complaint';
  holder.append(notice);
  holder.querySelector('[data-action="retry"]')?.closest('p')?.remove();
  place.append(holder);
}

/** Drawn pieces, not yet in the page. */
export function fragment(text) {
  const holder = document.createElement('template');
  holder.innerHTML = text;
  localTimes(holder.content);
  return holder.content;
}
