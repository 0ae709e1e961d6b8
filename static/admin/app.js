// The settings page: save without leaving it, and warn before the choice that costs checks.

import { beginSession, request } from '../api.js';
import { followHeight } from '../frame.js';

const form = document.getElementById('settings');
const saved = document.getElementById('saved');
const warning = document.getElementById('always-warning');

beginSession(document.querySelector('main').dataset.session);
followHeight();

form.addEventListener('change', () => {
  warning.hidden = form.elements.visibility.value !== 'always';
  saved.textContent = '';
});

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  let words = 'saved-text';
  try {
    await request('/app/settings', { json: { visibility: form.elements.visibility.value } });
  } catch {
    words = 'failed-text';
  }
  saved.textContent = document.getElementById(words).content.textContent;
});
