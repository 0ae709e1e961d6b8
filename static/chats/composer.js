// The composer. A text gets its send key when it is typed; the key travels with every try, so one text is one
// message whatever the network does. Nothing that was typed is thrown away until the server has it.

import { request, Refused } from '../api.js';

const drafts = new Map();

export function startComposer(chat, address, history, signal) {
  const form = chat.querySelector('#composer');
  const text = form.querySelector('#text');
  const button = form.querySelector('[type="submit"]');
  const problem = form.querySelector('#composer-problem');
  const counter = form.querySelector('#counter');
  const draft = drafts.get(address) ?? { text: '', key: newKey() };
  drafts.set(address, draft);
  text.value = draft.text;
  count();

  text.addEventListener('input', () => {
    if (text.value !== draft.text) Object.assign(draft, { text: text.value, key: newKey() });
    count();
  }, { signal });
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  }, { signal });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  }, { signal });

  function count() {
    const longest = Number(counter.dataset.longest);
    counter.textContent = `${[...text.value].length} / ${longest}`;
    counter.classList.toggle('is-near', text.value.length > longest * 0.95);
  }

  async function send(confirmed = false) {
    const body = text.value.trim();
    if (!body || button.disabled) return;
    const { key } = draft;
    busy(true);
    say('');
    const waiting = pending(chat, body);
    history.append(waiting);
    try {
      const response = await request(address, { json: { text: body, key, confirmed }, signal });
      const sent = history.settle(waiting, await response.text());
      // What surely did not go out stays for another try, which is another message.
      const refused = sent.classList.contains('is-failed');
      Object.assign(draft, { text: refused ? draft.text : '', key: newKey() });
      text.value = draft.text;
      count();
      history.hurry();
      text.focus();
    } catch (error) {
      waiting.remove();
      await failed(error);
    } finally {
      busy(false);
    }
  }

  async function failed(error) {
    if (error instanceof Refused && error.message === 'confirm') {
      busy(false);
      if (await confirmed(error.html)) await send(true);
      else text.focus();
    } else if (!signal.aborted) {
      // The message may have arrived: the same key makes the next try harmless.
      say(error instanceof Refused ? textOf(error.html) : chat.querySelector('#send-failed').content.textContent);
      history.hurry();
      busy(false);
      text.focus();
    }
  }

  function busy(on) {
    button.disabled = on;
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

function confirmed(question) {
  const dialog = document.getElementById('confirm');
  dialog.querySelector('#confirm-text').textContent = textOf(question);
  dialog.returnValue = 'no';
  dialog.showModal();
  dialog.querySelector('[value="no"]').focus(); // a second Ctrl+Enter must not send at night
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

function textOf(html) {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  return parsed.body.textContent.replace(/\s+/g, ' ').trim();
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
