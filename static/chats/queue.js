// Messages on their way, one after the other in each chat. A message has its send key from the
// start; the key travels with every try, so one message is sent once on any network. The queue goes
// on when its chat is closed, and a page that is loaded anew finds in it what had not gone out.

import { drawnIn, request, Refused } from '../api.js';
import { keepUnsent, unsentOf } from './drafts.js';
import { textOf } from './words.js';

const queues = new Map();

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The queue of the chat at this address, whose draft has this name. `view` shows what becomes of
 *  its messages while the chat is open: `draw(job)`, `settled(job, html)`, `asked(job, html)`,
 *  `refused(job, error)`. */
export function queueOf(address, name, view) {
  const queue = queues.get(address) ?? new Queue(address, name);
  queues.set(address, queue);
  queue.view = view;
  return queue;
}

// A message's `state` is "waiting", "sending", "asks" (a question was answered with no), "refused",
// "offline" (no answer came: it goes out again by itself); or, left by an earlier page, "kept" (not
// sent) and "unclear" (perhaps sent).
class Queue {
  constructor(address, name) {
    this.address = address;
    this.name = name;
    this.jobs = unsentOf(name).map(leftBehind);
    this.running = false;
    window.addEventListener('online', () => this.again());
  }

  /** Send a text, or a file with its caption; with `voice` it is a recording; or, with a `path` and
   *  its `json`, what `text` only stands for. */
  add({ text, file = null, voice = false, replyTo = '', path = '', json = {} }) {
    const what = { text, file, voice, fileName: file?.name ?? '', replyTo, path, json };
    const job = { key: newKey(), ...what, state: 'waiting', confirmed: false };
    this.jobs.push(job);
    this.turn(job, 'waiting');
    this.run();
  }

  retry(job) {
    this.turn(job, 'waiting');
    this.run();
  }

  remove(job) {
    this.forget(job);
    this.run();
  }

  // The network is there again: those that it failed go out, under the keys that they had.
  again() {
    for (const job of this.jobs.filter(({ state }) => state === 'offline')) this.retry(job);
  }

  async run() {
    if (this.running) return;
    this.running = true;
    try {
      for (let job = this.next(); job; job = this.next()) await this.send(job); // one is out before the next goes
    } finally {
      this.running = false;
    }
  }

  // Behind one that the network failed all wait, so that they arrive in their order.
  next() {
    const [first] = this.jobs.filter(({ state }) => state === 'waiting' || state === 'offline');
    return first?.state === 'waiting' ? first : null;
  }

  async send(job) {
    this.turn(job, 'sending');
    try {
      const response = await this.post(job);
      const html = await drawnIn(response);
      this.forget(job);
      this.view?.settled(job, html);
    } catch (error) {
      await this.failed(job, error);
    }
  }

  async failed(job, error) {
    const asks = error instanceof Refused && error.message === 'confirm';
    job.problem = error instanceof Refused && !asks ? textOf(error.html) : '';
    if (!(error instanceof Refused)) job.unclear = true; // it may have gone out
    job.state = asks ? 'asks' : error instanceof Refused ? 'refused' : 'offline';
    this.keep();
    if (asks && (await this.view?.asked(job, error.html))) {
      job.confirmed = true;
      job.state = 'waiting';
    } else if (this.jobs.includes(job)) this.view?.refused(job, error);
  }

  turn(job, state) {
    job.state = state;
    this.keep();
    this.view?.draw(job);
  }

  /** The server has it, or the rep wants it no more. */
  forget(job) {
    this.jobs = this.jobs.filter((other) => other !== job);
    this.keep();
  }

  // A file is too large to be kept: its name and caption are.
  keep() {
    const messages = this.jobs.map(({ key, text, fileName, voice, replyTo, path, json, state, unclear }) => ({
      ...{ key, text, fileName, voice, replyTo, path, json },
      unclear: Boolean(unclear) || state === 'sending',
    }));
    keepUnsent(this.name, messages);
  }

  post({ key, text, file, voice, replyTo, confirmed, path, json }) {
    if (path) {
      const address = this.address.replace(/messages$/, path);
      return request(address, { json: { ...json, key, confirmed, reply_to: replyTo } });
    }
    if (!file) return request(this.address, { json: { text, key, confirmed, reply_to: replyTo } });
    const form = new FormData();
    for (const [name, value] of Object.entries({ key, caption: text, reply_to: replyTo })) form.set(name, value);
    if (confirmed) form.set('confirmed', 'true');
    if (voice) form.set('voice', 'true');
    form.set('file', file, file.name);
    return request(this.address.replace(/messages$/, 'files'), { form });
  }
}

// Hours may have passed, so it goes out by a press and not by itself.
const leftBehind = (message) => ({ ...message, file: null, state: message.unclear ? 'unclear' : 'kept' });
