// What can be done with one message: a menu beside it, the same element for all of them. What is
// possible stands in the bubble, because the server knows what the line's gateway can do.

import { request, Refused } from '../api.js';
import { confirmed } from '../dialog.js';
import { textOf, writtenIn } from './words.js';

const MAX_READ = 20; // receipts for the newest ones; those before them follow by themselves

/** Let the messages of a chat be answered, changed, deleted and reacted to. `composer` takes
 *  replies and changes. */
export function startActions(chat, address, history, composer, signal) {
  const menu = chat.querySelector('#message-menu');
  const messages = chat.querySelector('#messages');
  let button = null;

  messages.addEventListener(
    'click',
    (event) => {
      const pressed = event.target.closest('[data-action]');
      if (pressed?.dataset.action === 'message-menu') show(pressed);
      if (pressed?.dataset.action === 'send-again') ask(`${address}/${pressed.dataset.ref}/again`, 'confirm');
      if (pressed?.dataset.action === 'mark-seen') ask(`${address}/${pressed.dataset.ref}/seen`);
    },
    { signal },
  );
  menu.addEventListener(
    'click',
    (event) => {
      const item = event.target.closest('[role="menuitem"]');
      if (!item) return;
      menu.hidePopover();
      if (item.dataset.react !== undefined) act('react', { emoji: item.dataset.react });
      else if (item.dataset.do === 'reply') composer.replyTo(about(button));
      else if (item.dataset.do === 'edit') composer.change(about(button));
      else if (item.dataset.do === 'keep')
        messages.dispatchEvent(new CustomEvent('keep-reply', { detail: about(button) }));
      else remove();
    },
    { signal },
  );
  menu.addEventListener(
    'keydown',
    (event) => {
      const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      if (event.key === 'Escape') event.stopPropagation(); // closes the menu and not the chat
      if (!step) return;
      event.preventDefault();
      const items = shown();
      items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
    },
    { signal },
  );
  menu.addEventListener(
    'toggle',
    (event) => {
      if (event.newState === 'closed' && menu.contains(document.activeElement)) goBack();
    },
    { signal },
  );
  chat.querySelector('[data-action="mark-read"]')?.addEventListener(
    'click',
    () => {
      const refs = [...chat.querySelectorAll('.bubble.is-theirs [data-ref]')]
        .slice(-MAX_READ)
        .map(({ dataset }) => dataset.ref);
      if (refs.length) tell(request(address.replace(/messages$/, 'read'), { json: { refs }, signal }), 'read');
    },
    { signal },
  );

  function show(pressed) {
    button = pressed;
    const can = pressed.dataset.can.split(' ');
    for (const part of menu.querySelectorAll('[data-for]')) part.hidden = !can.includes(part.dataset.for);
    menu.showPopover();
    const near = pressed.getBoundingClientRect();
    const left = Math.min(near.left, window.innerWidth - menu.offsetWidth - 8);
    const below = near.bottom + menu.offsetHeight + 8 < window.innerHeight;
    menu.style.left = `${Math.max(8, left)}px`;
    menu.style.top = `${below ? near.bottom + 4 : Math.max(8, near.top - menu.offsetHeight - 4)}px`;
    shown()[0].focus();
  }

  function shown() {
    return [...menu.querySelectorAll('[role="menuitem"]')].filter((item) => !item.closest('[hidden]'));
  }

  // Nothing brings a deleted message back.
  async function remove() {
    await ask(`${address}/${button.dataset.ref}/delete`, 'confirm-delete', 'deleted');
    goBack();
  }

  // The server may ask back before it does it; `dialog` puts its question.
  async function ask(path, dialog, what) {
    const asked = request(path, { json: {}, signal });
    try {
      await asked;
    } catch (error) {
      if (error.message === 'confirm') {
        if (await confirmed(dialog, textOf(error.html)))
          await tell(request(path, { json: { confirmed: true }, signal }), what);
        return;
      }
    }
    await tell(asked, what);
  }

  // A poll may have replaced the bubble while the menu or the question was open.
  function goBack() {
    const bubble = document.getElementById(button.closest('.bubble').id);
    (bubble?.querySelector('[data-action="message-menu"]') ?? messages).focus();
  }

  function act(verb, json) {
    return tell(request(`${address}/${button.dataset.ref}/${verb}`, { json, signal }));
  }

  async function tell(asked, what = '') {
    try {
      await asked;
      if (what) history.say(what);
    } catch (error) {
      if (signal.aborted) return;
      const refused = error instanceof Refused ? error.html : document.getElementById('no-connection').innerHTML;
      history.sayWords(textOf(refused));
    }
    history.hurry(0);
  }
}

function about(button) {
  const bubble = button.closest('.bubble');
  const text =
    bubble.querySelector('.bubble-text')?.textContent ?? bubble.querySelector('.media-name')?.textContent ?? '';
  return { ref: button.dataset.ref, text: text.trim(), written: writtenIn(bubble) };
}
