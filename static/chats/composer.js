// The composer: what is typed, attached and answered to. It is empty again at once; what becomes of
// a message stands in its bubble (queue.js), and nothing is thrown away until the server has it.

import { request } from '../api.js';
import { Attachments } from './attachment.js';
import { draftName, draftOf, keepDraft } from './drafts.js';
import { laterChoice } from './later.js';
import { queueOf } from './queue.js';
import { problemIn, wordsOf } from './said.js';
import { writtenIn } from './words.js';

const TYPING_EVERY = 10_000;
const LINES = 8;
const WORDS = { offline: '#send-failed', unclear: '#send-unclear', doubted: '#send-doubted', kept: '#send-kept' };

/** Start it in a drawn chat. Gives `replyTo` and `change`, which take a message: {ref, text,
 *  written}, to change also one with a `save(words, when)` in place of the `ref`, where
 *  `save(when)` ends that, and is nothing without one; `write`, `speak`; and for what sends in
 *  another way `draft`, the messages that would go out now, `attach`, `post` and `forget`, which
 *  takes one of them out of the box, by its file. */
export function startComposer(chat, address, history, signal) {
  const form = chat.querySelector('#composer');
  const text = form.querySelector('#text');
  const button = form.querySelector('[type="submit"]');
  const { say } = problemIn(chat);
  const counter = form.querySelector('#counter');
  const attachments = new Attachments(chat, form, say, signal);
  const name = draftName(chat);
  const bubbles = new Map(); // of the messages on their way
  let about = null; // what the next message is about: an answer to a message, a change of one, or nothing
  let before = ''; // what was typed when a change began
  let typedAt = 0;
  const queue = queueOf(address, name, { draw, settled, asked, refused });

  signal.addEventListener('abort', () => {
    if (queue.view?.draw === draw) queue.view = null;
  });
  text.value = draftOf(name);
  fit();
  for (const job of queue.jobs) draw(job);

  text.addEventListener('input', () => typed(), { signal });
  text.addEventListener('keydown', pressed, { signal });
  form.addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      if (about?.change) change();
      else send();
    },
    { signal },
  );
  form.querySelector('[data-action="forget-about"]').addEventListener('click', () => turnTo(null), { signal });
  chat.querySelector('#emojis').addEventListener('click', insertEmoji, { signal });
  history.box.addEventListener('click', pressedInBubble, { signal });
  history.box.addEventListener('drawn', forgetArrived, { signal });

  return {
    replyTo: (message) => turnTo({ ...message, change: false }),
    change: (message) => turnTo({ ...message, change: true }),
    write,
    speak,
    draft,
    attach: (files) => attachments.take(files),
    post,
    save: (when) => about?.save && change(when),
    forget,
  };

  function typed() {
    if (!about?.change) keepDraft(name, text.value);
    fit();
    showTyping();
  }

  function write(words) {
    text.value = words;
    typed();
  }

  function pressed(event) {
    if (event.key === 'Enter' && !event.isComposing) {
      const sends = form.dataset.enter === 'sends' ? !event.shiftKey && !event.altKey : event.ctrlKey || event.metaKey;
      if (!sends) return;
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === 'ArrowUp' && !text.value && !about) {
      const last = [...history.box.querySelectorAll('.is-mine [data-can~="edit"]')].at(-1);
      if (!last) return;
      event.preventDefault();
      const written = writtenIn(last.closest('.bubble'));
      turnTo({ ref: last.dataset.ref, text: written, written, change: true });
    } else if (event.key === 'Escape' && about) {
      event.stopPropagation(); // leaves the answer and not the chat
      turnTo(null);
    }
  }

  function turnTo(next) {
    if (next?.change && !about?.change) before = text.value;
    if (about?.change && !next?.change) text.value = before;
    about = next;
    if (about?.change) text.value = about.written;
    showAbout();
    fit();
    text.focus();
  }

  function showAbout() {
    const box = form.querySelector('#composer-about');
    const kind = about?.change ? 'edit' : 'reply';
    box.hidden = !about;
    form.querySelector('#composer-about-words').textContent = about?.text ?? '';
    for (const part of box.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== kind;
    for (const label of button.querySelectorAll('[data-for]'))
      label.hidden = (label.dataset.for === 'edit') !== Boolean(about?.change);
    for (const control of form.querySelectorAll('[data-attaches]')) control.hidden = Boolean(about?.change);
    form.querySelector('.later-open').hidden = Boolean(about?.change && !about.save);
  }

  // As high as what is in it, up to eight lines.
  function fit() {
    text.rows = 1;
    const { lineHeight, paddingTop, paddingBottom } = getComputedStyle(text);
    const room = text.scrollHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
    text.rows = Math.min(LINES, Math.max(1, Math.round(room / parseFloat(lineHeight))));
    count();
  }

  function count() {
    const longest = Number(counter.dataset.longest);
    const length = [...text.value].length;
    counter.textContent = `${length} / ${longest}`;
    counter.classList.toggle('is-near', length > longest * 0.95);
    return longest - length;
  }

  // The client sees that a rep types. Whether that worked is not shown.
  function showTyping() {
    if (!('typing' in form.dataset) || !text.value || Date.now() - typedAt < TYPING_EVERY) return;
    typedAt = Date.now();
    request(address.replace(/messages$/, 'typing'), { json: { on: true }, signal }).catch(() => {});
  }

  function insertEmoji(event) {
    const { emoji } = event.target.dataset;
    if (!emoji) return;
    chat.querySelector('#emojis').hidePopover();
    text.setRangeText(emoji, text.selectionStart, text.selectionEnd, 'end');
    text.focus();
    typed();
  }

  function draft() {
    const body = text.value.trim();
    const alone = body ? [{ text: body }] : [];
    const messages = attachments.chips.length ? attachments.messages(body) : alone;
    return messages.map((message, index) => ({ ...message, replyTo: index ? '' : answered() }));
  }

  function answered() {
    return about && !about.change ? about.ref : '';
  }

  // The words and the answer go with the first.
  function forget(file) {
    attachments.forget(file);
    about = null;
    write('');
    showAbout();
  }

  function send() {
    const messages = draft();
    if (!messages.length || 'blocked' in form.dataset || tooLong()) return;
    say('');
    for (const message of messages) {
      forget(message.file);
      queue.add(message);
    }
    text.focus();
  }

  /** Send a recording, which has no words; what is typed stays. Says whether it went. */
  function speak(file) {
    if ('blocked' in form.dataset) return false;
    post({ text: '', file, voice: true });
    return true;
  }

  function post(message) {
    const replyTo = answered();
    queue.add({ ...message, replyTo });
    if (replyTo) turnTo(null);
  }

  async function change(when = '') {
    const body = text.value.trim();
    const { ref, save } = about;
    if (!(body || when) || (button.disabled && !save) || tooLong()) return;
    button.disabled = true;
    say('');
    try {
      if (save) return (await save(body, when)) && turnTo(null);
      await request(`${address}/${ref}/edit`, { json: { text: body }, signal });
      turnTo(null);
      history.say('edited');
      history.hurry(0);
    } catch (error) {
      if (signal.aborted) return;
      say(wordsOf(error, chat));
      text.focus();
    } finally {
      button.disabled = 'blocked' in form.dataset;
    }
  }

  function draw(job) {
    let bubble = bubbles.get(job);
    if (!bubble) {
      bubble = chat.querySelector('#sending').content.firstElementChild.cloneNode(true);
      bubble.querySelector('.bubble-text').textContent = job.text || job.fileName;
      bubbles.set(job, bubble);
      history.append(bubble);
    }
    bubble.classList.remove('is-failed');
    bubble.querySelector('.bubble-asks')?.remove();
    if (!['waiting', 'sending'].includes(job.state)) showProblem(job, bubble);
  }

  function settled(job, html) {
    history.settle(bubbles.get(job), html);
    bubbles.delete(job);
    history.hurry();
  }

  // It is night at the client's: yes sends it, no gives the text back.
  async function asked(job, html) {
    const choice = await laterChoice(job, html);
    if (choice === 'yes') return true;
    if (choice === 'later') return take(job);
    if (!job.file && !job.path && !text.value) {
      take(job);
      write(job.text);
    }
    text.focus();
    return false;
  }

  function refused(job, error) {
    if (error.message === 'line_off' || error.message === 'line_down') form.dispatchEvent(new Event('line-changed'));
    const atEnd = history.readsEnd();
    draw(job);
    if (atEnd) history.toEnd();
  }

  // What came of it, and what can be done. A file that an earlier page had is gone: nothing can be
  // tried again.
  function showProblem(job, bubble) {
    bubble.classList.add('is-failed');
    const said = chat.querySelector('#not-sent').content.cloneNode(true);
    const lost = job.fileName && !job.file;
    const doubt = job.unclear ? wordsFor({ state: 'doubted' }) : ''; // a refusal says nothing of an earlier try
    const words = job.problem ? `${job.problem} ${doubt}` : wordsFor(job, lost);
    said.querySelector('.bubble-problem').textContent = words.trim();
    if (lost) said.querySelector('[data-action="try-again"]').remove();
    bubble.append(said);
  }

  function wordsFor({ state, voice, fileName }, lost = false) {
    const words = WORDS[state];
    const said = words ? chat.querySelector(words).content.textContent : '';
    const again = chat.querySelector(voice ? '#voice-lost' : '#file-lost')?.content.textContent ?? '';
    return lost ? `${said} ${again} ${fileName}` : said;
  }

  // The server shows what we still hold: its answer was lost, or an earlier page had sent it.
  function forgetArrived() {
    for (const [job, bubble] of bubbles) {
      if (!history.box.querySelector(`[data-key="${job.key}"]`)) continue;
      bubble.remove();
      if (job.state === 'sending') continue; // its answer takes it out of the queue
      bubbles.delete(job);
      queue.remove(job);
    }
  }

  function pressedInBubble(event) {
    const pressedOn = event.target.closest('[data-action]');
    const job = [...bubbles].find(([, bubble]) => bubble.contains(pressedOn))?.[0];
    if (!job) return;
    text.focus();
    if (pressedOn.dataset.action === 'try-again') queue.retry(job);
    else if (pressedOn.dataset.action === 'remove-waiting') take(job);
  }

  function take(job) {
    bubbles.get(job)?.remove();
    bubbles.delete(job);
    queue.remove(job);
  }

  function tooLong() {
    const left = count();
    if (left >= 0) return false;
    say(`${chat.querySelector('#too-long').content.textContent} ${-left}`);
    return true;
  }
}
