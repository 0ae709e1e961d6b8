// The one way to ask back before something that harms: a dialog of the page, drawn by
// templates/_dialog.html.

/** Ask with these words: a text, or drawn pieces, whose `data-yes` is what the answer does, in red
 *  with `data-danger`. Resolves to whether the answer was yes. */
export function confirmed(id, words, beside = null) {
  const dialog = document.getElementById(id);
  dialog.querySelector('.notice-text').replaceChildren(words);
  nameAnswer(dialog);
  dialog.returnValue = 'no';
  dialog.showModal();
  if (beside) put(dialog, beside);
  dialog.querySelector('[value="no"]').focus(); // a second Enter must not say yes
  dialog.scrollIntoView({ block: 'nearest' }); // its beginning is to be read, and not only the focused button
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

function nameAnswer(dialog) {
  const words = dialog.querySelector('[data-yes]');
  if (!words) return;
  const yes = dialog.querySelector('[value="yes"]');
  yes.textContent = words.dataset.yes;
  yes.classList.toggle('button-danger', 'danger' in words.dataset);
  yes.classList.toggle('button-primary', !('danger' in words.dataset));
}

// The frame is as high as the page, so its middle may be far out of sight.
function put(dialog, beside) {
  const lowest = Math.max(16, window.innerHeight - dialog.offsetHeight - 16);
  const near = beside.getBoundingClientRect().bottom - dialog.offsetHeight; // what was pressed is in sight, what is below it may not be
  dialog.style.marginTop = `${Math.min(lowest, Math.max(16, near))}px`;
}
