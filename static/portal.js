// Ways out of the frame: pages of the portal in a slider over the card, and the application's own
// page.

import { ask, isFramed, portal } from './bridge.js';

const WHILE_OPEN = 12 * 3_600_000; // the portal answers when its slider is closed

/** Follow the links and buttons of templates/_portal.html, also those that are drawn later.
 *  `closed` is called each time that the application was open and is not any more. */
export function followLinks(closed = () => {}) {
  document.addEventListener('auxclick', ({ target }) => leadHere(target.closest('a[data-path]')));
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-path]');
    leadHere(link);
    if (link && isFramed && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      openPath(link);
    }
    const button = event.target.closest('[data-application]');
    if (button) openApplication(button, closed);
  });
}

// The reader is signed in at the name that the portal was opened by, and perhaps at none of its
// others.
function leadHere(link) {
  if (link && portal) link.href = portal + link.dataset.path;
}

async function openPath(link) {
  const answer = await ask('openPath', { path: link.dataset.path }, WHILE_OPEN);
  if (answer?.result === 'error') window.open(link.href, '_blank', 'noopener');
}

async function openApplication({ dataset }, closed) {
  const said = document.getElementById('no-application');
  said.textContent = isFramed ? '' : said.dataset.words;
  const place = dataset.application ? { place: dataset.application } : {};
  const answer = await ask(
    'openApplication',
    dataset.line ? { ...place, line: Number(dataset.line) } : place,
    WHILE_OPEN,
  );
  if (answer?.result === 'error')
    said.textContent = said.dataset.words; // the mobile application has no sliders
  else closed();
}
