// Quick replies as files: saved through a link of the page's own, taken from one that is chosen;
// and files of a reply.

import { drawnIn, request, Refused } from '../api.js';
import { focusNow } from '../focus.js';
import { noticeOf, redraw } from './send.js';

export const replyActions = {
  'export-replies': save,
  'import-replies': (button) => choose(button, '/app/replies/import', '.json,.csv,.txt'),
  'attach-reply-file': (button) => choose(button, button.dataset.at),
};

async function save(button) {
  const response = await request('/app/replies/export', { json: { shared: 'shared' in button.dataset } });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = 'quick-replies.json';
  link.click();
  URL.revokeObjectURL(link.href);
}

function choose(button, path, accept = '') {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = accept;
  input.addEventListener('change', () => take(input.files[0], button, path));
  input.click();
}

async function take(file, button, path) {
  if (!file) return;
  const form = new FormData();
  form.set('file', file, file.name);
  if ('shared' in button.dataset) form.set('shared', 'true');
  const pressed = focusNow();
  button.disabled = true;
  try {
    const response = await request(path, { form });
    redraw(await drawnIn(response), pressed);
  } catch (error) {
    if (error instanceof Refused && error.message === '422') redraw(error.html, pressed);
    else button.after(noticeOf(error));
  } finally {
    button.disabled = false;
  }
}
