// A phone that the client shared, into a contact or company of the open card.

import { request, Refused } from '../api.js';
import { confirmed } from '../dialog.js';
import { textOf } from './words.js';

const card = document.getElementById('card');

/** Asks whom it belongs to, and says what came of it with `say`. `beside` is the key of the chat's
 *  number. */
export async function addPhone(button, beside, say) {
  const { phone, name } = button.dataset;
  button.disabled = true;
  try {
    await post({ phone, name, beside }, button, say);
  } catch (error) {
    const html = error instanceof Refused ? error.html : document.getElementById('no-connection').innerHTML;
    say(textOf(html));
  } finally {
    button.disabled = false;
  }
}

async function post(json, button, say) {
  try {
    const response = await request('/card/phone', { json });
    say(textOf(await response.text()));
    if (response.headers.has('X-Card-Changed')) card.dispatchEvent(new Event('card-changed'));
  } catch (error) {
    if (error.message !== 'confirm') throw error;
    const words = fragment(error.html);
    const person = words.querySelector('[data-person]');
    if (await confirmed('question', words, button))
      await post({ ...json, person: person.value, confirmed: true }, button, say);
  }
}

function fragment(text) {
  const holder = document.createElement('template');
  holder.innerHTML = text;
  return holder.content;
}
