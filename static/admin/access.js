// Who may use a line. Bitrix24's own dialog names users, departments and groups; we keep its codes.

import { ask } from '../bridge.js';
import { send } from './send.js';

const PATIENCE = 15 * 60_000; // the user may be choosing

export const accessActions = { choose, forget, everybody };

async function choose(button) {
  const box = button.closest('[data-access]');
  const known = grantees(box);
  const said = box.querySelector('.said');
  const asked = Date.now();
  said.textContent = words('choosing');
  // The codes that are handed over cannot be chosen again; the answer holds the new ones only. A
  // dialog that is closed without a choice answers nothing at all.
  const chosen = await ask('selectAccess', { value: known.map(({ id }) => id) }, PATIENCE);
  said.textContent = chosen || Date.now() - asked > 1000 ? '' : words('no-dialog');
  if (!chosen) return;
  const added = (Array.isArray(chosen) ? chosen : Object.values(chosen)).map(({ id, name }) => ({
    id,
    name: name ?? id,
  }));
  if (added.length) await save(button, box, [...known, ...added]);
}

async function forget(button) {
  const box = button.closest('[data-access]');
  const gone = button.closest('[data-id]').dataset.id;
  await save(
    box.querySelector('[data-action="choose"]'),
    box,
    grantees(box).filter(({ id }) => id !== gone),
  );
}

async function everybody(button) {
  await save(button, button.closest('[data-access]'), []);
}

function words(id) {
  return document.getElementById(id).content.textContent;
}

async function save(button, box, access) {
  const next = box.querySelector('[data-action="choose"]').id;
  await send(box.dataset.access, { access }, button);
  if (document.activeElement === document.body) document.getElementById(next)?.focus();
}

function grantees(box) {
  return [...box.querySelectorAll('[data-id]')].map(({ dataset }) => ({ id: dataset.id, name: dataset.name }));
}
