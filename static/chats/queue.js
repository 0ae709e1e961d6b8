// Messages on their way, one after the other in each chat. A message has its send key from the start; the key travels
// with every try, so one message is one message whatever the network does. The queue goes on when its chat is closed.

import { request, Refused } from '../api.js';

const queues = new Map();

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The queue of the chat at this address. `view` shows what becomes of its messages while the chat is open:
 *  `draw(job)`, `settled(job, html)`, `asked(job, html)`, `refused(job, error)`. */
export function queueOf(address, view) {
  const queue = queues.get(address) ?? new Queue(address);
  queues.set(address, queue);
  queue.view = view;
  return queue;
}

class Queue {
  constructor(address) {
    this.address = address;
    this.jobs = [];
    this.running = false;
    window.addEventListener('online', () => this.again());
  }

  /** Send a text, or a file with its caption. */
  add({ text, file = null, replyTo = '' }) {
    const job = { key: newKey(), text, file, replyTo, state: 'waiting', confirmed: false };
    this.jobs.push(job);
    this.view?.draw(job);
    this.run();
  }

  retry(job) {
    job.state = 'waiting';
    this.view?.draw(job);
    this.run();
  }

  remove(job) {
    this.jobs = this.jobs.filter((other) => other !== job);
    this.run();
  }

  // The network is there again: those that it failed go out, under the keys that they had.
  again() {
    for (const job of this.jobs.filter(({ state }) => state === 'offline')) this.retry(job);
  }

  async run() {
    if (this.running) return;
    this.running = true;
    for (let job = this.next(); job; job = this.next()) await this.send(job); // one is out before the next goes
    this.running = false;
  }

  // Behind one that the network failed all wait, so that they arrive in their order.
  next() {
    const [first] = this.jobs.filter(({ state }) => state === 'waiting' || state === 'offline');
    return first?.state === 'waiting' ? first : null;
  }

  async send(job) {
    job.state = 'sending';
    this.view?.draw(job);
    try {
      const response = await this.post(job);
      const html = await response.text();
      this.jobs = this.jobs.filter((other) => other !== job);
      this.view?.settled(job, html);
    } catch (error) {
      const asks = error instanceof Refused && error.message === 'confirm';
      job.state = asks ? 'asks' : error instanceof Refused ? 'refused' : 'offline';
      if (asks && (await this.view?.asked(job, error.html))) {
        Object.assign(job, { state: 'waiting', confirmed: true });
      } else if (this.jobs.includes(job)) this.view?.refused(job, error);
    }
  }

  post({ key, text, file, replyTo, confirmed }) {
    if (!file) return request(this.address, { json: { text, key, confirmed, reply_to: replyTo } });
    const form = new FormData();
    for (const [name, value] of Object.entries({ key, caption: text, reply_to: replyTo })) form.set(name, value);
    if (confirmed) form.set('confirmed', 'true');
    form.set('file', file, file.name);
    return request(this.address.replace(/messages$/, 'files'), { form });
  }
}
