// Write to a number that is in no card: the server opens its chat on the chosen line, and we show
// the usual pane.

import { begin } from '../api.js';
import { openChat } from '../chats/pane.js';
import { jsonOf, send } from './send.js';

const page = document.getElementById('card');
let opening = page.dataset.opening;

export async function writeTo(form) {
  const response = await send(form.dataset.write, jsonOf(form), form, { 'X-Opening': opening });
  const found = document.getElementById('number-found');
  if (!response || !found.dataset.key) return;
  opening = found.dataset.opening;
  begin(opening); // so that a session which is renewed later still knows the number
  const { key, line } = found.dataset;
  await openChat({ key, line: Number(line), focus: 'text', row: found });
  document.getElementById('chat').scrollIntoView({ block: 'nearest' });
}
