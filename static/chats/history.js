// The messages of one chat: newest first, older ones on scroll without a jump. New ones come with
// the page's news where the line's webhooks are heard, else by polling that backs off.

import { drawnIn, request, Refused } from '../api.js';
import { keepFocus } from '../focus.js';

const FASTEST = 2_500;
const SLOWEST = 30_000;
const NEAR_TOP = 120;
const NEAR_END = 60;
const TOGETHER = 300; // seconds between messages of one person that stand together
const SAID_FOR = 5_000;

export class History {
  /** `waiting` is how many of the client's messages had no answer when the chat was opened. */
  constructor(box, address, signal, waiting = 0) {
    this.box = box;
    this.chat = box.closest('.chat');
    this.waiting = waiting;
    this.fed = false; // whether the line's webhooks bring its messages
    this.unseen = 0; // that came while older ones were read
    this.address = address;
    this.signal = signal;
    this.wait = FASTEST;
    this.loadingOlder = null; // the promise of the page above
    this.loaded = false; // whether the gateway has answered once
    this.restsAtEnd = true; // as long as no press or scroll has led away from it
    // A picture that came, a reaction, a field that grew below: who reads the end goes on reading
    // it.
    this.sizes = new ResizeObserver(() => {
      if (this.restsAtEnd) this.toEnd();
    });
    this.page = new Set(); // the names of the bubbles on the newest page, as it came last
    this.etag = '';
  }

  async start() {
    this.box.addEventListener('scroll', () => this.scrolled(), { signal: this.signal });
    // What unfolds at a press stays under it.
    this.box.addEventListener('click', () => (this.restsAtEnd = false), { signal: this.signal });
    this.chat.querySelector('#to-end').addEventListener('click', () => this.backToEnd(), { signal: this.signal });
    document.addEventListener('visibilitychange', () => this.woken(), { signal: this.signal });
    this.signal.addEventListener('abort', () => this.sizes.disconnect(), { once: true });
    await this.newest();
    this.chat.querySelector('#not-fed')?.replaceWith(this.fed ? '' : this.chat.querySelector('#not-fed').content);
    this.later();
  }

  /** Something happened: look soon. */
  hurry(wait = FASTEST) {
    this.wait = wait;
    this.later();
  }

  retry() {
    const older = this.loaded && this.box.firstElementChild.matches('[role="alert"]');
    for (const failed of this.box.querySelectorAll('[role="alert"]')) failed.remove();
    this.box.focus();
    if (older) this.older();
    this.hurry(0);
  }

  later() {
    clearTimeout(this.timer);
    if (this.signal.aborted || document.hidden) return; // a hidden tab sleeps
    const rests = this.fed && this.wait > FASTEST; // news come by themselves
    this.box.toggleAttribute('data-rests', rests);
    if (rests) return;
    this.timer = setTimeout(() => this.poll(), this.wait);
    this.signal.addEventListener('abort', () => clearTimeout(this.timer), { once: true });
  }

  woken() {
    if (document.hidden) clearTimeout(this.timer);
    else this.hurry();
  }

  async poll() {
    const changed = await this.newest();
    this.wait = changed ? FASTEST : Math.min(SLOWEST, Math.max(FASTEST, this.wait * 1.5));
    this.later();
  }

  /** Fetch the newest page and put into place what is new or changed. Resolves to whether anything
   *  was. */
  async newest() {
    try {
      const headers = this.etag ? { 'If-None-Match': this.etag } : {};
      const response = await request(this.address, { signal: this.signal, headers });
      this.fed = response.headers.has('X-Fed');
      if (response.status === 304) {
        this.recovered();
        return false;
      }
      this.etag = response.headers.get('ETag') ?? '';
      return this.take(parse(await drawnIn(response, this.signal)));
    } catch (error) {
      if (!this.signal.aborted) this.failed(error, this.loaded ? 'append' : 'prepend');
      return false;
    }
  }

  take(piece) {
    const trouble = piece.querySelector('[role="alert"]');
    const anew = !this.loaded || (!trouble && this.missed(piece));
    const atEnd = anew || this.isAtEnd();
    if (trouble)
      this.etag = ''; // the gateway's silence is not an answer to build on
    else this.page = namesIn(piece);
    const before = this.lastOfTheirs();
    const changed = anew ? this.begin(piece, trouble) : this.merge(piece, trouble);
    if (!trouble) this.recovered();
    else if (this.loaded) this.report(trouble, 'append');
    this.days();
    if (anew) this.markWaiting();
    if (atEnd) this.toEnd();
    else this.countUnseen(before);
    if (this.loaded && this.box.scrollHeight <= this.box.clientHeight) this.older();
    return changed;
  }

  /** Take what webhooks told and colleagues sent since. The server may know less of a message here
   *  than is shown. */
  feed(piece) {
    if (!this.loaded) return;
    const atEnd = this.isAtEnd();
    const before = this.lastOfTheirs();
    this.merge(piece, true);
    this.days();
    if (atEnd) this.toEnd();
    else this.countUnseen(before);
  }

  /** When the oldest message was written that may have changed since: of the newest ones. */
  since() {
    const shown = [...this.box.querySelectorAll('.bubble[data-at]')].slice(-30);
    return shown[0]?.dataset.at ?? '';
  }

  isAtEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR_END;
  }

  /** Whether what comes at the end is to be seen: the user has not gone to older messages. */
  readsEnd() {
    return this.restsAtEnd || this.isAtEnd();
  }

  toEnd() {
    this.restsAtEnd = true;
    this.box.scrollTop = this.box.scrollHeight;
    this.unseen = 0;
    this.showUnseen();
  }

  lastOfTheirs() {
    return Number([...this.box.querySelectorAll('.is-theirs[data-at]')].at(-1)?.dataset.at ?? 0);
  }

  // The button goes with the press.
  backToEnd() {
    keepFocus(() => this.toEnd(), { otherwise: () => this.box });
  }

  countUnseen(before) {
    if (!before) return;
    const newer = [...this.box.querySelectorAll('.is-theirs[data-at]')].filter(({ dataset }) => dataset.at > before);
    this.unseen += newer.length;
    this.showUnseen();
  }

  showUnseen() {
    const button = this.chat.querySelector('#to-end');
    button.hidden = this.isAtEnd();
    const words = this.chat.querySelector('#new-messages').content.textContent;
    button.querySelector('#to-end-count').textContent = this.unseen ? `${this.unseen} ${words}` : '';
  }

  // Above the client's messages without an answer when the chat was opened.
  markWaiting() {
    const theirs = [...this.box.querySelectorAll('.bubble')].slice(-this.waiting);
    const first = this.waiting && theirs.find((bubble) => bubble.matches('.is-theirs'));
    if (!first || theirs.some((bubble) => bubble.matches('.is-mine'))) return;
    first.before(this.chat.querySelector('#unread-line').content.cloneNode(true));
  }

  /** Say what came of an action, for a moment: one of the texts that the chat brought. */
  say(name) {
    const said = this.chat.querySelector('#chat-said');
    this.sayWords(said.dataset[name]);
  }

  sayWords(words) {
    const said = this.chat.querySelector('#chat-said');
    clearTimeout(this.saidFor);
    said.textContent = words;
    this.saidFor = setTimeout(() => {
      said.textContent = '';
    }, SAID_FOR);
  }

  // More came than a page holds: nothing would ever fetch what is between this one and the one
  // before.
  missed(piece) {
    const names = namesIn(piece);
    return piece.dataset.cursor && names.size && ![...names].some((name) => this.page.has(name));
  }

  // The first page, or the first after a gap. What was sent while it was on its way keeps its place
  // at the end.
  begin(piece, trouble) {
    const mine = [...this.box.querySelectorAll('.bubble')];
    if (this.box.contains(document.activeElement)) this.box.focus({ preventScroll: true });
    this.box.replaceChildren(piece);
    this.cursor = piece.dataset.cursor;
    this.loaded = !trouble;
    for (const bubble of mine) {
      if (!bubble.id) piece.append(bubble);
      else if (!shownOf(bubble) && !this.comesLater(bubble)) this.insert(bubble);
    }
    return true;
  }

  // A bubble is known by its id: replaced when its ticks, text or reactions changed, put in by time
  // when new. Says whether anything was. While the gateway is silent the server knows less of a
  // message than is shown already.
  merge(piece, trouble) {
    let changed = false;
    for (const bubble of piece.querySelectorAll('.bubble')) {
      const known = shownOf(bubble);
      if (known && sameWords(known, bubble)) continue;
      if (!known && this.comesLater(bubble)) continue;
      const knowsLess =
        trouble && known?.querySelector('[data-ref], .media') && !bubble.querySelector('[data-ref], .media');
      const keeps = knowsLess || known?.querySelector('.media-shown, .media-saved');
      if (keeps && !bubble.querySelector('.is-deleted')) {
        if (sameFoot(known, bubble)) continue;
        known.querySelector('.bubble-foot').replaceWith(bubble.querySelector('.bubble-foot'));
      } else if (known) this.replace(known, bubble);
      else this.insert(bubble);
      changed = true;
    }
    return changed;
  }

  // Who stands on a control of the old bubble stands on the same one of the new.
  replace(known, bubble) {
    keepFocus(() => known.replaceWith(bubble), { otherwise: () => this.box });
  }

  // Older than everything that is loaded: the page above will bring it.
  comesLater(bubble) {
    const oldest = this.box.querySelector('.bubble[data-at]');
    return this.cursor && oldest && Number(bubble.dataset.at) < Number(oldest.dataset.at);
  }

  insert(bubble) {
    const at = Number(bubble.dataset.at);
    const others = [...this.box.querySelectorAll('.bubble[data-at]')];
    const before = others.findLast((other) => Number(other.dataset.at) <= at);
    if (before) before.after(bubble);
    else if (others.length) others[0].before(bubble);
    else this.lastPiece().append(bubble);
  }

  lastPiece() {
    return [...this.box.querySelectorAll('.piece')].at(-1) ?? this.box;
  }

  /** Put a bubble of ours at the end, for example one that is being sent. */
  append(bubble) {
    this.lastPiece().append(bubble);
    this.toEnd();
  }

  /** Put the server's bubble in place of the one that stood for it while it was on its way. */
  settle(waiting, text) {
    const bubble = parse(text);
    const atEnd = this.readsEnd();
    waiting?.remove();
    const known = shownOf(bubble);
    if (known) this.replace(known, bubble);
    else this.insert(bubble);
    this.days();
    if (atEnd) this.toEnd(); // else older ones are read
    return bubble;
  }

  scrolled() {
    const failed = this.box.firstElementChild?.matches('[role="alert"]'); // it waits for a press
    if (this.box.scrollTop < NEAR_TOP && !failed) this.older();
    this.restsAtEnd = this.isAtEnd();
    if (this.restsAtEnd) this.unseen = 0;
    this.showUnseen();
  }

  hasOlder() {
    return Boolean(this.cursor);
  }

  /** The day of the oldest message that is loaded, as its line says it. */
  oldestDay() {
    return this.box.querySelector('.bubble[data-day]')?.dataset.day ?? '';
  }

  /** Load the page above. Resolves to whether it came. */
  older() {
    if (!this.cursor) return Promise.resolve(false);
    this.loadingOlder ??= this.fetchOlder();
    return this.loadingOlder;
  }

  async fetchOlder() {
    const { cursor } = this;
    try {
      const query = new URLSearchParams({ before: cursor });
      const response = await request(`${this.address}?${query}`, { signal: this.signal });
      const piece = parse(await drawnIn(response, this.signal));
      if (cursor === this.cursor) this.prepend(piece); // else the history began anew meanwhile
      return true;
    } catch (error) {
      if (!this.signal.aborted) this.failed(error);
      return false;
    } finally {
      this.loadingOlder = null;
    }
  }

  prepend(piece) {
    for (const bubble of piece.querySelectorAll('.bubble')) {
      if (shownOf(bubble)) bubble.remove();
    }
    const height = this.box.scrollHeight;
    const top = this.box.scrollTop;
    piece.setAttribute('aria-live', 'off'); // only what is new is read out
    this.box.prepend(piece);
    this.cursor = piece.dataset.cursor;
    this.days();
    this.box.scrollTop = top + this.box.scrollHeight - height; // the line being read stays where it is
    if (this.cursor && this.box.scrollTop < NEAR_TOP) setTimeout(() => this.older());
  }

  // What went wrong stands where the messages are missing: above the first ones or below the last.
  failed(error, where = 'prepend') {
    this.box.querySelector('.skeleton')?.remove();
    const atEnd = this.isAtEnd();
    const piece = error instanceof Refused ? parse(error.html) : null;
    const drawn = piece ?? document.getElementById('no-connection').content.firstElementChild.cloneNode(true);
    for (const button of drawn.querySelectorAll('[data-action="retry"]')) button.dataset.action = 'retry-history';
    this.report(drawn.matches('[role="alert"]') ? drawn : drawn.querySelector('[role="alert"]'), where);
    if (atEnd) this.box.scrollTop = this.box.scrollHeight;
  }

  // The same again is left alone: it may have the focus, and was read out already.
  report(trouble, where) {
    const known = where === 'prepend' ? this.box.firstElementChild : this.box.lastElementChild;
    if (known?.matches('[role="alert"]')) {
      if (known.textContent === trouble.textContent) return;
      known.remove();
    }
    trouble.classList.add('history-end');
    this.box[where](trouble);
  }

  // New messages come again. What failed above the first one stays until the user tries again.
  recovered() {
    const last = this.box.lastElementChild;
    if (last === this.box.firstElementChild || !last.matches('[role="alert"]')) return;
    keepFocus(() => last.remove(), { otherwise: () => this.box });
  }

  // One line for each day, above its first message. Those that are right stay: what is put in is
  // read out. And who wrote stands above the first of several messages alone.
  days() {
    let day = '';
    let last = null;
    const wrong = new Set(this.box.querySelectorAll('.day'));
    for (const bubble of this.box.querySelectorAll('.bubble[data-day]')) {
      const together = last?.dataset.by === bubble.dataset.by && bubble.dataset.at - last.dataset.at < TOGETHER;
      bubble.classList.toggle('is-next', together && bubble.dataset.day === day);
      last = bubble;
      if (bubble.dataset.day === day) continue;
      day = bubble.dataset.day;
      const above = bubble.previousElementSibling;
      if (above?.matches('.day') && above.textContent === day) wrong.delete(above);
      else bubble.before(dayLine(day));
    }
    for (const line of wrong) line.remove();
    for (const piece of [this.box, ...this.box.children]) this.sizes.observe(piece);
    this.box.dispatchEvent(new Event('drawn'));
  }
}

// A gateway may give a message of ours another name than we did.
function shownOf(bubble) {
  const { send } = bubble.dataset;
  return document.getElementById(bubble.id) ?? (send ? document.querySelector(`.bubble[data-send="${send}"]`) : null);
}

function dayLine(day) {
  const line = document.createElement('p');
  line.className = 'day';
  line.textContent = day;
  return line;
}

function namesIn(piece) {
  return new Set([...piece.querySelectorAll('.bubble')].map(({ id }) => id));
}

// The names of files and messages are sealed anew in every answer; that alone is not a change.
function sameWords(one, other) {
  const [first, second] = [one, other].map((bubble) => {
    const copy = bubble.cloneNode(true);
    copy.classList.remove('is-next', 'is-found');
    for (const media of copy.querySelectorAll('[data-src]')) {
      delete media.dataset.src;
      delete media.dataset.seen; // by showPictures
    }
    for (const more of copy.querySelectorAll('[data-ref]')) delete more.dataset.ref;
    for (const tick of copy.querySelectorAll('[data-trail]')) delete tick.dataset.trail;
    copy.querySelector('.trail')?.remove(); // a trail that the user opened is not a change
    return copy.outerHTML;
  });
  return first === second;
}

// The foot of a bubble is its ticks and its time; that is all that changes of one whose picture is
// there already.
function sameFoot(one, other) {
  const [first, second] = [one, other].map((bubble) => bubble.querySelector('.bubble-foot').outerHTML);
  return first === second;
}

function parse(text) {
  const holder = document.createElement('template');
  holder.innerHTML = text.trim();
  return holder.content.firstElementChild;
}
