// Who stands on a control that is drawn anew stands on the same one of the new drawing.

/** Where the focus is, with the ids around it, so that the place is found again when it is gone. */
export function focusNow() {
  const control = document.activeElement;
  const around = [];
  for (let place = control; place; place = place.parentElement) if (place.id) around.push(place.id);
  return { control, around };
}

/** Draw, and give the focus back to the control that had it; where that is gone or hidden, to
 *  `otherwise()`, or to what is nearest around it. Left alone where the drawing itself has put it
 *  elsewhere. `pressed` had the focus when the drawing was asked for: it counts where the user has
 *  not gone elsewhere since. */
export function keepFocus(draw, { pressed, otherwise = () => null } = {}) {
  const was = !pressed || takesKeys(document.activeElement) ? focusNow() : pressed;
  draw();
  if (was.control === document.body || takesKeys(document.activeElement)) return;
  for (const find of [() => sameAs(was), otherwise, ...was.around.map((id) => () => document.getElementById(id))]) {
    const place = find();
    place?.focus({ preventScroll: true });
    if (place && document.activeElement === place) return;
  }
}

/** Whether the user has a list of choices open in there just now, as far as the browser tells. */
export function isChoosing(place) {
  try {
    return place.contains(document.activeElement) && document.activeElement.matches('select:open');
  } catch {
    return false; // an older browser does not know the word
  }
}

/** Where a chat's user goes on when what was pressed is gone: to the text, or to the messages of a
 *  line that sends none. */
export function composerOf(chat) {
  return chat.querySelector('#text') ?? chat.querySelector('#messages');
}

function takesKeys(element) {
  return element !== document.body && element.isConnected && element.checkVisibility() && !element.disabled;
}

// By its id; or, in what is nearest around it, by all that it says of itself. Two that do the same
// are not mixed up.
function sameAs({ control, around }) {
  const place = document.getElementById(around[0]);
  if (!place || place.id === control.id) return place;
  const alike = [...place.querySelectorAll(control.localName)].filter((one) => doneBy(one) === doneBy(control));
  return alike.find((one) => saidOf(one) === saidOf(control)) ?? (alike.length === 1 ? alike[0] : null);
}

// What a control does is what its first data attribute says; a part is opened by its summary.
function doneBy(control) {
  if (control.localName === 'summary') return control.parentElement.dataset.part;
  const [first] = [...control.attributes].filter(({ name }) => name.startsWith('data-'));
  return `${first?.name} ${first?.value} ${control.closest('[data-id]')?.dataset.id}`;
}

function saidOf(control) {
  return JSON.stringify([{ ...control.dataset }, control.getAttribute('href'), control.textContent.trim()]);
}
