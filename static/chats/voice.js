// A voice message: press, pause, listen, go on, send or throw away. A recording is never lost by a
// press: what is thrown away can be brought back, and what is there when the chat closes is there
// when the client's chat opens again, on any line. Like a file it does not outlive the page.

import { Recorder } from './recorder.js';

const MAX_SECONDS = 5 * 60; // seconds
const LOOK_EVERY = 100; // ms
const BARS = 24;
const SHORT = 1; // seconds: what is shorter is a slip of the finger
const SILENCE = 0.02; // of 1, for the first seconds
const HEARD_AFTER = 3; // seconds
const kept = new Map(); // recordings by the key of a number

/** Start it in a drawn chat. `composer.speak(file)` sends a recording, and says whether it went. */
export function startVoice(chat, composer, signal) {
  const button = chat.querySelector('[data-action="record"]');
  if (!button) return; // this line's gateway sends no files
  const box = chat.querySelector('#voice');
  const said = chat.querySelector('#voice-said [role="status"]');
  const player = box.querySelector('.voice-player');
  const level = box.querySelector('.voice-level');
  const { key } = chat.dataset;
  let recorder = kept.get(key) ?? null;
  let thrown = null;
  let asking = false;
  let loudest = 0;

  level.append(...Array.from({ length: BARS }, () => document.createElement('i')));
  button.addEventListener('click', begin, { signal });
  chat.addEventListener('click', pressed, { signal });
  box.addEventListener('keydown', escaped, { signal });
  window.addEventListener('beforeunload', warn, { signal });
  const timer = setInterval(look, LOOK_EVERY);
  signal.addEventListener('abort', leave, { once: true });
  if (recorder) keptUntilNow();
  show();

  async function keptUntilNow() {
    await recorder.end();
    say('paused');
    show();
  }

  async function begin() {
    if (recorder || asking) return;
    asking = true;
    problem('');
    forget();
    try {
      const begun = await Recorder.begin(() => end(begun, 'gone'));
      if (signal.aborted) {
        begun.end();
        return;
      }
      recorder = begun;
      loudest = 0;
      say('recording');
    } catch (error) {
      problem(chat.querySelector(`#voice-${error.message}`).content.textContent);
    } finally {
      asking = false;
    }
    show();
    if (recorder) box.querySelector('[data-voice="pause"]').focus();
  }

  function pressed(event) {
    const { voice } = event.target.closest('[data-voice]')?.dataset ?? {};
    if (voice === 'pause') pause();
    else if (voice === 'go-on') goOn();
    else if (voice === 'send') send();
    else if (voice === 'throw') throwAway();
    else if (voice === 'bring-back') bringBack();
  }

  async function pause() {
    const paused = recorder;
    await paused.pause();
    if (paused !== recorder || paused.running) return; // another press was quicker
    say('paused');
    show();
    box.querySelector('[data-voice="go-on"]').focus();
  }

  function goOn() {
    recorder.goOn();
    say('recording');
    show();
    box.querySelector('[data-voice="pause"]').focus();
  }

  async function end(which, why) {
    await which.end();
    if (which !== recorder) return;
    const here = box.contains(document.activeElement); // else the user writes meanwhile, and Enter is not meant for it
    say(why);
    show();
    if (here) box.querySelector('[data-voice="send"]').focus();
  }

  async function send() {
    const whole = recorder;
    if (!whole) return;
    await whole.end();
    if (whole !== recorder) return; // pressed twice
    const sent = composer.speak(whole.file(`🎤 ${shownTime(whole.seconds)}`));
    if (sent) recorder = null;
    say(sent ? '' : 'unlinked');
    show();
    if (sent) chat.querySelector('#text').focus();
  }

  function throwAway() {
    recorder.end();
    const worth = recorder.seconds > SHORT;
    thrown = worth ? recorder : null;
    recorder = null;
    say(worth ? 'thrown' : '');
    show();
    (worth ? chat.querySelector('[data-voice="bring-back"]') : button).focus();
  }

  function bringBack() {
    recorder = thrown;
    thrown = null;
    end(recorder, 'paused');
  }

  function forget() {
    thrown = null;
    say('');
  }

  // Escape closes a chat; here it only takes the time to think.
  function escaped(event) {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    if (recorder?.running) pause();
  }

  function warn(event) {
    if (recorder) event.preventDefault();
  }

  function leave() {
    clearInterval(timer);
    URL.revokeObjectURL(player.src);
    recorder?.end();
    if (recorder) kept.set(key, recorder);
    else kept.delete(key);
  }

  function look() {
    if (!recorder?.running) return;
    showTime();
    showLevel(recorder.level());
    if (recorder.seconds >= MAX_SECONDS) end(recorder, 'full');
    else if (recorder.seconds > HEARD_AFTER && loudest < SILENCE) say('silent');
    else if (said.textContent === said.dataset.silent) say('recording');
  }

  function showTime() {
    const place = box.querySelector('.voice-time');
    const time = shownTime(recorder.seconds);
    if (place.textContent !== time) place.textContent = time;
  }

  // Who wants no moving pictures gets one bar.
  function showLevel(loud) {
    loudest = Math.max(loudest, loud ?? 1);
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    const bars = [...level.children];
    for (const [index, bar] of bars.entries()) {
      const last = index === bars.length - 1;
      bar.style.height = last ? `${Math.max(8, 100 * (loud ?? 0))}%` : still ? '0' : bars[index + 1].style.height;
    }
  }

  function show() {
    const running = Boolean(recorder?.running);
    box.hidden = !recorder;
    button.hidden = Boolean(recorder);
    level.hidden = !running;
    box.querySelector('[data-voice="pause"]').hidden = !running;
    box.querySelector('[data-voice="go-on"]').hidden = running || !recorder || recorder.ended;
    chat.querySelector('[data-voice="bring-back"]').hidden = !thrown;
    showPlayer(recorder && !running ? recorder : null);
    if (recorder) showTime();
  }

  function showPlayer(from) {
    URL.revokeObjectURL(player.src);
    player.hidden = !from;
    if (from) player.src = URL.createObjectURL(from.file(''));
    else player.removeAttribute('src');
  }

  function say(what) {
    const words = what ? said.dataset[what] : '';
    if (said.textContent !== words) said.textContent = words;
  }

  function problem(words) {
    const place = chat.querySelector('#voice-problem');
    place.textContent = words;
    place.hidden = !words;
  }
}

const shownTime = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
