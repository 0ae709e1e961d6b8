// Bitrix24 Drive beside the clip: folders are walked through, and the chosen file is attached as if
// it lay here.

import { drawnIn, request } from '../api.js';
import { problemIn, wordsOf } from './said.js';

/** Start it in a drawn chat with a composer. `address` is that of the drive. */
export function startDrive(chat, address, composer, signal) {
  const dialog = chat.querySelector('[data-card-form="drive"]');
  if (!dialog) return; // Bitrix24 has not granted it, or the line's gateway sends no files
  const list = dialog.querySelector('.drive-list');
  const back = dialog.querySelector('[data-action="drive-back"]');
  const { say } = problemIn(chat);
  let path = []; // of folders, the open one last

  chat.querySelector('[data-card="drive"]').addEventListener('click', () => open([]), { signal });
  back.addEventListener('click', () => open(path.slice(0, -1)), { signal });
  list.addEventListener('click', pressed, { signal });

  function pressed(event) {
    const { folder, start, file, name, type } = event.target.closest('button')?.dataset ?? {};
    if (file) attach(file, name, type);
    else if (start) more(Number(folder), Number(start));
    else if (folder) open([...path, Number(folder)]);
  }

  async function open(next) {
    path = next;
    back.hidden = !path.length;
    list.replaceChildren();
    list.setAttribute('aria-busy', 'true');
    const html = await read(path.length ? { folder: path.at(-1) } : {});
    if (next !== path) return;
    list.removeAttribute('aria-busy');
    list.innerHTML = html;
    list.querySelector('button')?.focus();
  }

  async function more(folder, start) {
    list.lastElementChild.remove();
    list.insertAdjacentHTML('beforeend', await read({ folder, start }));
  }

  async function read(json) {
    try {
      return await drawnIn(await request(address, { json, signal }), signal);
    } catch (error) {
      if (!signal.aborted) complain(error);
      return '';
    }
  }

  async function attach(id, name, type) {
    list.setAttribute('aria-busy', 'true');
    try {
      const response = await request(`${address}/${id}`, { json: {}, signal });
      dialog.close('no');
      composer.attach([new File([await response.blob()], name, { type })]);
    } catch (error) {
      if (!signal.aborted) complain(error);
    } finally {
      list.removeAttribute('aria-busy');
    }
  }

  function complain(error) {
    dialog.close('no');
    say(wordsOf(error, chat, '#drive-failed'));
  }
}
