// The composer. A message gets its send key when it is written; the key travels with every try, so one message is one
// message whatever the network does. Nothing that was typed or attached is thrown away until the server has it.

import { request, Refused } from '../api.js';
import { confirmed } from '../dialog.js';
import { Attachment } from './attachment.js';
import { textOf } from './words.js';

const TYPING_EVERY = 10_000;
const drafts = new Map();

/** What was typed in the chat of this address goes on in another one. */
export function forgetDraft(address) {
  drafts.delete(address);
}

/** Start it in a drawn chat. Gives `replyTo` and `change`, which take a message: {ref, text}. */
export function startComposer(chat, address, history, signal) {
  const form = chat.querySelector('#composer');
  const text = form.querySelector('#text');
  const button = form.querySelector('[type="submit"]');
  const problem = form.querySelector('#composer-problem');
  const counter = form.querySelector('#counter');
  const attachment = new Attachment(form, say, signal);
  const draft = drafts.get(address) ?? { text: '', key: newKey(), about: null };
  let typedAt = 0;
  drafts.set(address, draft);
  text.value = draft.text;
  showAbout();
  count();

  attachment.onchange = () => {
    draft.key = newKey();
  };
  text.addEventListener(
    'input',
    () => {
      if (text.value !== draft.text) Object.assign(draft, { text: text.value, key: newKey() });
      count();
      showTyping();
    },
    { signal },
  );
  text.addEventListener(
    'keydown',
    (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    },
    { signal },
  );
  form.addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      if (draft.about?.change) change();
      else send();
    },
    { signal },
  );
  form.querySelector('[data-action="forget-about"]').addEventListener('click', () => turnTo(null), { signal });

  return {
    replyTo: (message) => turnTo({ ...message, change: false }),
    change: (message) => turnTo({ ...message, change: true }),
  };

  // What the next message is about: an answer to one, a change of one, or nothing.
  function turnTo(about) {
    const before = draft.about?.change ? draft.kept : draft.text;
    Object.assign(draft, { about, key: newKey(), kept: before, text: about?.change ? about.text : before });
    text.value = draft.text;
    showAbout();
    count();
    text.focus();
  }

  function showAbout() {
    const box = form.querySelector('#composer-about');
    box.hidden = !draft.about;
    form.querySelector('#composer-about-words').textContent = draft.about?.text ?? '';
    const kind = draft.about?.change ? 'edit' : 'reply';
    for (const part of box.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== kind;
  }

  function count() {
    const longest = Number(counter.dataset.longest);
    const length = [...text.value].length;
    counter.textContent = `${length} / ${longest}`;
    counter.classList.toggle('is-near', length > longest * 0.95);
    return longest - length;
  }

  // The client sees that somebody types; whether that worked is nobody's business here.
  function showTyping() {
    if (!('typing' in form.dataset) || !text.value || Date.now() - typedAt < TYPING_EVERY) return;
    typedAt = Date.now();
    request(address.replace(/messages$/, 'typing'), { json: { on: true }, signal }).catch(() => {});
  }

  async function send(anyway = false) {
    const body = text.value.trim();
    const { file } = attachment;
    if ((!body && !file) || button.disabled || 'blocked' in form.dataset || tooLong()) return;
    busy(true);
    say('');
    const waiting = pending(chat, body || file.name);
    history.append(waiting);
    try {
      const response = await post(body, file, anyway);
      const sent = history.settle(waiting, await response.text());
      // What surely did not go out stays for another try, which is another message.
      if (sent.classList.contains('is-failed')) draft.key = newKey();
      else clear();
      history.hurry();
      text.focus();
    } catch (error) {
      waiting.remove();
      await failed(error);
    } finally {
      busy(false);
    }
  }

  function post(body, file, anyway) {
    const { key } = draft;
    const replyTo = draft.about?.ref ?? '';
    if (!file) return request(address, { json: { text: body, key, confirmed: anyway, reply_to: replyTo }, signal });
    const form = new FormData();
    for (const [name, value] of Object.entries({ key, caption: body, reply_to: replyTo })) form.set(name, value);
    if (anyway) form.set('confirmed', 'true');
    form.set('file', file, file.name);
    return request(address.replace(/messages$/, 'files'), { form, signal });
  }

  async function change() {
    const body = text.value.trim();
    if (!body || button.disabled || tooLong()) return;
    busy(true);
    say('');
    try {
      await request(`${address}/${draft.about.ref}/edit`, { json: { text: body }, signal });
      turnTo(null);
      chat.querySelector('#chat-said').textContent = chat.querySelector('#chat-said').dataset.edited;
      history.hurry(0);
    } catch (error) {
      await failed(error);
    } finally {
      busy(false);
    }
  }

  function clear() {
    Object.assign(draft, { text: '', key: newKey(), about: null });
    attachment.show(null);
    text.value = '';
    showAbout();
    count();
  }

  function tooLong() {
    const left = count();
    if (left >= 0) return false;
    say(`${chat.querySelector('#too-long').content.textContent} ${-left}`);
    return true;
  }

  async function failed(error) {
    if (error instanceof Refused && error.message === 'confirm') {
      busy(false);
      if (await confirmed('confirm', textOf(error.html))) await send(true);
      else text.focus();
    } else if (!signal.aborted) {
      // The message may have arrived: the same key makes the next try harmless.
      if (error.message === 'line_off' || error.message === 'line_down') form.dispatchEvent(new Event('line-changed'));
      say(error instanceof Refused ? textOf(error.html) : chat.querySelector('#send-failed').content.textContent);
      history.hurry();
      busy(false);
      text.focus();
    }
  }

  function busy(on) {
    button.disabled = on || 'blocked' in form.dataset;
    text.readOnly = on;
  }

  function say(words) {
    problem.textContent = words;
    problem.hidden = !words;
  }
}

function pending(chat, body) {
  const bubble = chat.querySelector('#sending').content.firstElementChild.cloneNode(true);
  bubble.querySelector('.bubble-text').textContent = body;
  return bubble;
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
