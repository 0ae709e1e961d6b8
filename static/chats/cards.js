// What the clip offers besides files of this computer: a place, and a contact card of a colleague.
// Each has a small form; what is in it goes out as any message does, through the composer's queue.

import { request } from '../api.js';
import { placeAbove } from './menus.js';

/** Start it in a drawn chat with a composer. `address` is that of its messages. */
export function startCards(chat, address, composer, signal) {
  const menu = chat.querySelector('#clip-menu');
  if (!menu) return; // the line's gateway sends files alone, or none
  const text = chat.querySelector('#text');
  menu.addEventListener('toggle', (event) => event.newState === 'open' && placeAbove(menu, text), { signal });
  menu.addEventListener('click', chosen, { signal });
  for (const dialog of chat.querySelectorAll('[data-card-form]'))
    dialog.addEventListener('close', () => dialog.returnValue === 'yes' && post(dialog), { signal });
  chat.querySelector('#contact-colleague')?.addEventListener('change', fillIn, { signal });

  function chosen(event) {
    const item = event.target.closest('button');
    if (!item) return;
    menu.hidePopover();
    const dialog = chat.querySelector(`[data-card-form="${item.dataset.card}"]`);
    if (!dialog) return;
    dialog.returnValue = 'no';
    dialog.showModal();
  }

  function post(dialog) {
    const json = Object.fromEntries(new FormData(dialog.querySelector('form')));
    const words = Object.values(json).filter(Boolean).join('\n');
    composer.post({ text: `${dialog.dataset.sign} ${words}`, path: dialog.dataset.cardForm, json });
    dialog.querySelector('form').reset();
    text.focus();
  }

  // What Bitrix24 does not tell of a colleague is typed.
  async function fillIn({ target }) {
    if (!target.value) return;
    const form = target.closest('form');
    form.elements.name.value = target.selectedOptions[0].textContent.trim();
    form.elements.number.value = '';
    try {
      const json = { user: Number(target.value) };
      const response = await request(address.replace(/messages$/, 'colleague'), { json, signal });
      const told = new DOMParser().parseFromString(await response.text(), 'text/html').body.firstElementChild.dataset;
      if (told.name) form.elements.name.value = told.name;
      form.elements.number.value ||= told.phone;
    } catch {
      // the name is there, and the number can be typed
    }
  }
}
