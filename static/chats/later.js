// Messages that go out later: chosen in the menu beside the composer or at the night guard's
// question, shown as bubbles above it with their times. The chat brings those that wait already.

import { drawnIn, request } from '../api.js';
import { confirmed } from '../dialog.js';
import { keepFocus } from '../focus.js';
import { placeAbove } from './menus.js';
import { newKey } from './queue.js';
import { problemIn, wordsOf } from './said.js';
import { textOf, writtenIn } from './words.js';

const LOOK_EVERY = 30_000; // while some wait
const tries = new Set(); // {address, file, text, when, key} of what is not known to be kept: another try is the same message
let postpone = null; // of the chat that is open

/** The question before a send: resolves to yes, no, or later, where it has been kept until the
 *  client's morning. */
export async function laterChoice(job, html) {
  const dialog = document.getElementById('confirm');
  const third = dialog.querySelector('[value="third"]');
  third.hidden = !html.includes('data-asleep') || Boolean(job.path) || job.voice || !postpone; // a place, a card, a voice cannot wait
  const yes = await confirmed('confirm', textOf(html));
  third.hidden = true; // other questions have no such answer
  if (yes) return 'yes';
  return dialog.returnValue === 'third' && (await postpone?.(job, 'morning', job.key)) ? 'later' : 'no';
}

/** Start it in a drawn chat with a composer. `address` is that of what goes out later. */
export function startLater(chat, address, composer, history, signal) {
  const box = chat.querySelector('#later');
  const menu = chat.querySelector('#later-menu');
  const text = chat.querySelector('#text');
  const { say } = problemIn(chat);

  postpone = keep;
  signal.addEventListener('abort', () => {
    if (postpone === keep) postpone = null;
  });
  menu.addEventListener('click', chosen, { signal });
  menu.addEventListener('toggle', (event) => event.newState === 'open' && placeAbove(menu, text), { signal });
  box.addEventListener('click', pressed, { signal });
  history.box.addEventListener('drawn', () => wentOut() && look(), { signal });
  const timer = setInterval(() => box.childElementCount && !document.hidden && look(), LOOK_EVERY);
  signal.addEventListener('abort', () => clearInterval(timer));

  async function look() {
    try {
      draw(await drawnIn(await request(address, { signal }), signal));
    } catch {
      // the next look tells
    }
  }

  function draw(html) {
    const before = box.childElementCount;
    const redraw = () => {
      box.innerHTML = html;
    };
    if (box.dataset.drawn !== html) keepFocus(redraw, { otherwise: () => text });
    box.dataset.drawn = html;
    if (before > box.childElementCount) history.hurry(0); // one has gone out
  }

  function wentOut() {
    const waiting = [...box.querySelectorAll('[data-later-key]')];
    return waiting.some(({ dataset }) => history.box.querySelector(`[data-key="${dataset.laterKey}"]`));
  }

  async function chosen(event) {
    const when = event.target.closest('[data-when]')?.dataset.when;
    if (!when) return;
    const at = when === 'at' ? menu.querySelector('#later-at').value : when;
    if (!at) return menu.querySelector('#later-at').focus();
    menu.hidePopover();
    const saving = composer.save(at);
    if (saving) return saving;
    const messages = composer.draft();
    if (!messages.length) return say(chat.querySelector('#no-later-text').content.textContent);
    for (const message of messages) {
      const mine = tryOf(address, message, at);
      if (!(await keep(message, at, mine.key))) return;
      tries.delete(mine);
      composer.forget(message.file);
    }
    text.focus();
  }

  function keep({ text: words, file, replyTo }, when, key) {
    const json = { text: words, when, key, reply_to: replyTo };
    if (!file) return tell(request(address, { json, signal }));
    const form = new FormData();
    for (const [name, value] of Object.entries(json)) form.set(name, value);
    form.set('file', file, file.name);
    return tell(request(address, { form, signal }));
  }

  function change(json, id) {
    return tell(request(`${address}/${id}`, { json, signal }), () => change({ ...json, confirmed: true }, id));
  }

  async function pressed(event) {
    const what = event.target.closest('[data-later-do]')?.dataset.laterDo;
    if (!what) return;
    const bubble = event.target.closest('[data-later]');
    if (what !== 'edit') return change({ do: what }, bubble.dataset.later);
    const written = writtenIn(bubble);
    const save = (words, when) => change({ do: 'change', text: words, when }, bubble.dataset.later);
    composer.change({ text: written, written, save });
    menu.showPopover();
  }

  // Resolves to whether it was done; `again` asks once more after a question that was answered with
  // yes.
  async function tell(asked, again = null) {
    say('');
    try {
      draw(await drawnIn(await asked, signal));
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (again && error.message === 'confirm') return (await confirmed('confirm', textOf(error.html))) && again();
      say(wordsOf(error, chat));
      return false;
    }
  }
}

function tryOf(address, { file, text }, when) {
  const wanted = Object.entries({ address, file, text, when });
  const known = [...tries].find((each) => wanted.every(([name, value]) => each[name] === value));
  const mine = known ?? { ...Object.fromEntries(wanted), key: newKey() };
  tries.add(mine);
  return mine;
}
