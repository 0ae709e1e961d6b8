// The messages of one chat: newest first, older ones on scroll without a jump, new ones by polling that backs off.

import { request, Refused } from '../api.js';

const FASTEST = 2_500;
const SLOWEST = 30_000;
const NEAR_TOP = 120;
const NEAR_END = 60;

export class History {
  constructor(box, address, signal) {
    this.box = box;
    this.address = address;
    this.signal = signal;
    this.wait = FASTEST;
    this.loadingOlder = false;
    this.etag = '';
  }

  async start() {
    this.box.addEventListener('scroll', () => this.scrolled(), { signal: this.signal });
    document.addEventListener('visibilitychange', () => this.woken(), { signal: this.signal });
    await this.newest();
    this.later();
  }

  /** Something happened: look soon. */
  hurry() {
    this.wait = FASTEST;
    this.later();
  }

  retry() {
    const failed = this.box.querySelector('.history-end[role="alert"]');
    if (this.box.querySelector('.bubble') && this.cursor) {
      failed?.remove();
      this.older();
    } else {
      this.etag = '';
      this.newest();
    }
  }

  later() {
    clearTimeout(this.timer);
    if (this.signal.aborted || document.hidden) return; // a hidden tab sleeps
    this.timer = setTimeout(() => this.poll(), this.wait);
    this.signal.addEventListener('abort', () => clearTimeout(this.timer), { once: true });
  }

  woken() {
    if (document.hidden) clearTimeout(this.timer);
    else this.hurry();
  }

  async poll() {
    const changed = await this.newest();
    this.wait = changed ? FASTEST : Math.min(SLOWEST, this.wait * 1.5);
    this.later();
  }

  /** Fetch the newest page and put into place what is new or changed. Resolves to whether anything was. */
  async newest() {
    try {
      const headers = this.etag ? { 'If-None-Match': this.etag } : {};
      const response = await request(this.address, { signal: this.signal, headers });
      if (response.status === 304) return false;
      this.etag = response.headers.get('ETag') ?? '';
      this.take(await response.text());
      return true;
    } catch (error) {
      if (!this.signal.aborted && !this.box.querySelector('.bubble')) this.failed(error);
      return false;
    }
  }

  take(text) {
    const first = !this.box.querySelector('.bubble');
    const atEnd = first || this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR_END;
    const piece = parse(text);
    if (first) {
      this.box.replaceChildren(piece);
      this.cursor = piece.dataset.cursor;
    } else {
      this.merge(piece);
    }
    this.days();
    if (atEnd) this.box.scrollTop = this.box.scrollHeight;
    if (first && this.box.scrollHeight <= this.box.clientHeight) this.older();
  }

  // A bubble is known by its id: replaced when its ticks, text or reactions changed, put in by time when new.
  merge(piece) {
    for (const bubble of piece.querySelectorAll('.bubble')) {
      const known = document.getElementById(bubble.id);
      if (!known) this.insert(bubble);
      else if (known.outerHTML !== bubble.outerHTML && !known.querySelector('.media-shown')) known.replaceWith(bubble);
    }
  }

  insert(bubble) {
    const at = Number(bubble.dataset.at);
    const before = [...this.box.querySelectorAll('.bubble[data-at]')].findLast((other) => Number(other.dataset.at) <= at);
    if (before) before.after(bubble);
    else (this.box.querySelector('.piece:last-child') ?? this.box).append(bubble);
  }

  /** Put a bubble of ours at the end, for example one that is being sent. */
  append(bubble) {
    (this.box.querySelector('.piece:last-child') ?? this.box).append(bubble);
    this.box.scrollTop = this.box.scrollHeight;
  }

  /** Put the server's bubble in place of the one that stood for it while it was on its way. */
  settle(waiting, text) {
    const bubble = parse(text);
    waiting?.remove();
    const known = document.getElementById(bubble.id);
    if (known) known.replaceWith(bubble);
    else this.insert(bubble);
    this.days();
    this.box.scrollTop = this.box.scrollHeight;
  }

  scrolled() {
    if (this.box.scrollTop < NEAR_TOP) this.older();
  }

  async older() {
    if (!this.cursor || this.loadingOlder) return;
    this.loadingOlder = true;
    try {
      const query = new URLSearchParams({ before: this.cursor });
      const response = await request(`${this.address}?${query}`, { signal: this.signal });
      this.prepend(parse(await response.text()));
    } catch (error) {
      if (!this.signal.aborted) this.failed(error);
    } finally {
      this.loadingOlder = false;
    }
  }

  prepend(piece) {
    for (const bubble of piece.querySelectorAll('.bubble')) {
      if (document.getElementById(bubble.id)) bubble.remove();
    }
    const height = this.box.scrollHeight;
    const top = this.box.scrollTop;
    this.box.prepend(piece);
    this.cursor = piece.dataset.cursor;
    this.days();
    this.box.scrollTop = top + this.box.scrollHeight - height; // the line being read stays where it is
    if (this.cursor && this.box.scrollTop < NEAR_TOP) setTimeout(() => this.older());
  }

  failed(error) {
    this.box.querySelector('.skeleton')?.remove();
    const piece = error instanceof Refused ? parse(error.html) : null;
    const shown = piece ?? document.getElementById('no-connection').content.firstElementChild.cloneNode(true);
    for (const button of shown.querySelectorAll('[data-action="retry"]')) button.dataset.action = 'retry-history';
    this.box.querySelector('[role="alert"]')?.remove();
    shown.classList.add('history-end');
    this.box.prepend(shown);
  }

  // One line for each day, above its first message.
  days() {
    for (const old of this.box.querySelectorAll('.day')) old.remove();
    let day = '';
    for (const bubble of this.box.querySelectorAll('.bubble[data-day]')) {
      if (bubble.dataset.day === day) continue;
      day = bubble.dataset.day;
      const line = document.createElement('p');
      line.className = 'day';
      line.textContent = day;
      bubble.before(line);
    }
  }
}

function parse(text) {
  const holder = document.createElement('template');
  holder.innerHTML = text.trim();
  return holder.content.firstElementChild;
}
