// Whether the user is pressing something just now. An element that is replaced between the press
// and its end is never clicked, as far as a browser is concerned: so what draws by itself waits for
// that moment.

const CLICK_FOLLOWS = 100; // milliseconds after a finger has left
const MAX_PRESS = 1000; // an end may never be heard: a list of choices that the system draws keeps it
let ended = Promise.resolve();
let end = () => {};

const passive = { capture: true, passive: true };
for (const heard of ['pointerup', 'pointercancel'])
  addEventListener(heard, () => setTimeout(end, CLICK_FOLLOWS), passive);
addEventListener('click', () => setTimeout(end), passive); // after all who hear it
addEventListener(
  'pointerdown',
  () => {
    end();
    ended = new Promise((resolve) => {
      end = resolve;
    });
    setTimeout(end, MAX_PRESS);
  },
  passive,
);

/** Resolves at once, or when the press that is under way has done what it was meant for: within a
 *  second. */
export async function pressEnded() {
  let waited;
  do {
    waited = ended;
    await waited;
  } while (waited !== ended); // another press has begun meanwhile
}
