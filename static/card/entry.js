// What a hidden card loads: the frame's height, and the button. The card itself comes with the
// first press.

import { followHeight } from '../frame.js';

const OPENING = 'opening';
const card = document.getElementById('card');
const button = document.querySelector('[data-action="reveal"]');
const early = document.getElementById('early'); // the browser opens it at a press before this script was there

followHeight();
if (card.dataset.start !== 'button' || wasPressed() || wasOpening()) load();
else {
  button.removeAttribute('popovertarget');
  button.addEventListener('click', load, { once: true });
}
card.dataset.ready = '';

async function load() {
  button?.setAttribute('aria-busy', 'true');
  try {
    await import('./card.js');
  } catch {
    offer();
  }
}

// A module that could not be fetched is not asked for again by a browser: the page is to be opened
// anew.
function offer() {
  const { content } = document.getElementById('no-connection');
  const said = content.cloneNode(true);
  said.querySelector('[data-action="retry"]').addEventListener('click', () => {
    inStorage((storage) => storage.setItem(OPENING, 'yes'));
    window.location.reload();
  });
  document.getElementById('content').replaceChildren(said);
}

// Whether the button was pressed before the page had to be opened anew.
function wasOpening() {
  return inStorage((storage) => {
    const was = storage.getItem(OPENING) === 'yes';
    storage.removeItem(OPENING);
    return was;
  });
}

// What the tab keeps, where the browser lets a frame keep anything.
function inStorage(work) {
  try {
    return work(window.sessionStorage);
  } catch {
    return undefined;
  }
}

function wasPressed() {
  try {
    return early.matches(':popover-open');
  } catch {
    return false; // an older browser, which opens none
  }
}
