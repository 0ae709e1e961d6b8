// What went wrong, said under the composer: one place for all that writes there.

import { Refused } from '../api.js';
import { textOf } from './words.js';

/** Gives `say(words, of)`, "" for nothing, and `of()`: whose words stand there. */
export function problemIn(chat) {
  const place = chat.querySelector('#composer-problem');
  return {
    say(words, of = '') {
      place.textContent = words;
      place.hidden = !words;
      place.dataset.of = of;
    },
    of: () => place.dataset.of,
  };
}

/** An error's own words; of no answer at all those of the template `unheard`. */
export function wordsOf(error, chat, unheard = '#send-failed') {
  return error instanceof Refused ? textOf(error.html) : chat.querySelector(unheard).content.textContent;
}
