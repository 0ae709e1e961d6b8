// A card page: open the app, listen to it, and serve the buttons around it.

import { listen } from './bridge.js';
import { emit, forgetListeners } from './commands.js';
import { note } from './log.js';
import { post, reopen } from './opening.js';

document.getElementById('reopen').addEventListener('click', () => {
  forgetListeners();
  reopen();
});

document.getElementById('event').addEventListener('submit', (event) => {
  event.preventDefault();
  emit(event.target.elements.event.value, { at: Date.now() });
});

document.getElementById('save')?.addEventListener('click', () => {
  note(`saved UF_CRM_WHATSAPP = ${JSON.stringify(document.getElementById('field-value').value)}`);
});

document.getElementById('changed')?.addEventListener('click', async () => {
  const query = new URLSearchParams(location.search);
  query.set('path', location.pathname);
  const { handlers } = await (await fetch(`/changed?${query}`, { method: 'POST' })).json();
  note(`the card was changed → ${handlers} event handlers`);
});

listen();
post();
