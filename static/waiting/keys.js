// Keys of the waiting list and an open chat. None is one that a browser, a screen reader or
// Bitrix24 takes: single letters, and only while no field has the focus.

const page = document.getElementById('card');
const ACTS = { n: next, t: take, r: waive, '/': write, '?': help };
const PLACES = { KeyN: next, KeyT: take, KeyR: waive };
const SLASH = { '.': write, ',': help }; // what its key gives where letters are Cyrillic, alone and with Shift

/** Follow them as long as the page is open. */
export function followKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    const act = actOf(event);
    if (!act || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    act();
  });
}

// What a key does: by its letter, and on a keyboard without Latin ones by its place.
function actOf({ key, code }) {
  return ACTS[key] ?? (code === 'Slash' ? SLASH[key] : key > '\x7f' ? PLACES[code] : undefined);
}

function isTyping(target) {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}

// The one after the chosen one; the first, which waits longest, after the last.
function next() {
  const items = [...document.querySelectorAll('[data-waiting-chat]')];
  if (!items.length) return;
  const at = items.findIndex((item) => item.contains(document.activeElement));
  items[(at + 1) % items.length].focus();
}

function take() {
  press('[data-beside-post$="/take"]', '[data-post$="/take"]');
}

function waive() {
  press('[data-beside-post$="/waive"]', '[data-post$="/waive"]');
}

// Of the open chat, else of the chosen one in the list.
function press(inChat, inList) {
  const chosen = document.activeElement?.closest('[data-waiting-chat]');
  (document.querySelector(`#chat:not([hidden]) ${inChat}`) ?? chosen?.querySelector(inList))?.click();
}

function write() {
  const text = document.querySelector('#chat:not([hidden]) #text');
  if (text) text.focus();
  else document.activeElement?.closest('[data-waiting-chat]')?.querySelector('[data-waiting-open]')?.click();
}

function help() {
  const dialog = document.getElementById('keys');
  if (page && dialog) dialog.showModal();
}
