// Quick replies: «/» in an empty composer, or the button beside it, opens the list; what is typed
// filters it. A text that still holds a variable is not sent (the server refuses it too).

import { drawnIn, request } from '../api.js';
import { problemIn, wordsOf } from './said.js';
import { textOf } from './words.js';

const MINE = 'replies'; // what is said under the composer

/** Start it in a drawn chat with a composer. `address` is that of the chat's quick replies. */
export function startReplies(chat, address, composer, history, signal) {
  const form = chat.querySelector('#composer');
  const text = form.querySelector('#text');
  const box = form.querySelector('#replies');
  const list = form.querySelector('#replies-list');
  const preview = form.querySelector('#reply-preview');
  const problem = problemIn(chat);
  const keep = chat.querySelector('#keep-reply');
  const unfilled = new RegExp(form.dataset.unfilled, 'iu');
  const previews = new Map();
  let current = null;
  let asked = 0; // the newest request for the list
  let choosing = false; // until all of what was chosen is in the composer

  text.addEventListener('input', follow, { signal });
  text.addEventListener('blur', () => setTimeout(() => box.contains(document.activeElement) || close()), { signal });
  form.addEventListener('keydown', pressed, { signal, capture: true });
  form.addEventListener('submit', stopUnfilled, { signal, capture: true });
  list.addEventListener('pointerdown', (event) => event.preventDefault(), { signal }); // the focus stays in the box
  list.addEventListener('click', ({ target }) => choose(target.closest('[role="option"]')), { signal });
  list.addEventListener('pointermove', ({ target }) => show(target.closest('[role="option"]')), { signal });
  form.querySelector('[data-action="quick-replies"]').addEventListener('click', toggle, { signal });
  history.box.addEventListener('keep-reply', ({ detail }) => askForName(detail.written), { signal });
  keep.addEventListener('close', () => keep.returnValue === 'yes' && save(), { signal });

  function filter() {
    return /^\/([^\n]*)$/.exec(text.value)?.[1];
  }

  function follow() {
    if (filter() === undefined) close();
    else if (box.hidden) open();
    else narrow();
  }

  function toggle() {
    text.focus();
    if (box.hidden) open();
    else close();
  }

  async function open() {
    box.hidden = false;
    asked += 1;
    const mine = asked;
    previews.clear();
    try {
      const response = await request(address, { signal });
      const html = await drawnIn(response, signal);
      if (mine !== asked || box.hidden) return;
      list.innerHTML = html;
      narrow();
    } catch (error) {
      if (!signal.aborted) close();
      fail(error);
    }
  }

  function close() {
    box.hidden = true;
    asked += 1;
    current = null;
    text.removeAttribute('aria-activedescendant');
  }

  function narrow() {
    const terms = (filter() ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    for (const option of options()) {
      const words = option.dataset.words.toLowerCase();
      option.hidden = !terms.every((term) => words.includes(term));
    }
    box.querySelector('#replies-none').hidden = shown().length > 0 || !options().length;
    show(shown()[0]);
  }

  function options() {
    return [...list.querySelectorAll('[role="option"]')];
  }

  function shown() {
    return options().filter((option) => !option.hidden);
  }

  async function show(option) {
    if (option && option === current) return;
    current?.setAttribute('aria-selected', 'false');
    current = option ?? null;
    preview.replaceChildren();
    if (!current) return text.removeAttribute('aria-activedescendant');
    current.setAttribute('aria-selected', 'true');
    current.scrollIntoView({ block: 'nearest' });
    text.setAttribute('aria-activedescendant', current.id);
    const filled = await filledBy(current.dataset.id).catch(() => '');
    if (option === current) preview.innerHTML = filled;
  }

  function filledBy(id) {
    const known = previews.get(id) ?? request(`${address}/${id}`, { signal }).then((response) => response.text());
    previews.set(id, known);
    return known;
  }

  function pressed(event) {
    if (box.hidden || event.target !== text || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chooses = (event.key === 'Enter' || event.key === 'Tab') && current;
    if (!step && !chooses && event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    if (chooses) choose(current);
    else if (step && current) show(shown().at((shown().indexOf(current) + step) % shown().length));
    else if (event.key === 'Escape') close();
  }

  async function choose(option) {
    if (!option || choosing) return;
    choosing = true;
    const whole = filter() !== undefined;
    const typed = text.value;
    try {
      const response = await request(`${address}/${option.dataset.id}/use`, { json: {}, signal });
      const chosen = partOf(await response.text());
      composer.attach(await filesOf(option.dataset.id, chosen)); // before the words: those could be sent alone
      const words = chosen.dataset.text;
      // Its files take a moment: what was typed behind the word that was looked for stays.
      if (whole) text.setRangeText(words, 0, text.value.startsWith(typed) ? typed.length : 0, 'end');
      else text.setRangeText(words, text.selectionStart, text.selectionEnd, 'end');
      close();
      text.dispatchEvent(new Event('input'));
      text.focus();
      complain();
    } catch (error) {
      fail(error);
    } finally {
      choosing = false;
    }
  }

  // Its files are attached as if they had been chosen here: they can be looked at, and taken out.
  async function filesOf(id, chosen) {
    const files = [];
    for (const { dataset } of chosen.querySelectorAll('[data-file]')) {
      const response = await request(`${address}/${id}/files/${dataset.file}`, { signal });
      files.push(new File([await response.blob()], dataset.name, { type: dataset.type }));
    }
    return files;
  }

  function partOf(html) {
    return new DOMParser().parseFromString(html, 'text/html').body.firstElementChild;
  }

  function stopUnfilled(event) {
    if (!choosing && !complain()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // What is missing is marked, so that typing takes its place. Says whether anything is.
  function complain() {
    const found = unfilled.exec(text.value);
    if (found) {
      problem.say(`${chat.querySelector('#unfilled').content.textContent} ${found[0]}`, MINE);
      text.focus();
      text.setSelectionRange(found.index, found.index + found[0].length);
    } else if (problem.of() === MINE) problem.say('');
    return Boolean(found);
  }

  function fail(error) {
    if (!signal.aborted) problem.say(wordsOf(error, chat, '#replies-failed'), MINE);
  }

  function askForName(words) {
    keep.querySelector('#keep-reply-name').value = words.split('\n')[0].slice(0, 60);
    keep.querySelector('#keep-reply-text').value = words;
    keep.returnValue = 'no';
    keep.showModal();
    keep.querySelector('#keep-reply-name').select();
  }

  async function save() {
    const json = {
      name: keep.querySelector('#keep-reply-name').value,
      text: keep.querySelector('#keep-reply-text').value,
    };
    try {
      const response = await request(address, { json, signal });
      history.sayWords(textOf(await response.text()));
    } catch (error) {
      if (!signal.aborted) history.sayWords(wordsOf(error, chat, '#replies-failed'));
    }
  }
}
