// The portal's dialogs: users and departments, one colleague or several, items of the CRM. Each
// answers with a choice; one that is closed without a choice answers nothing, as the portal's own
// do.

const query = document.getElementById('card').dataset.query;
const dialog = document.createElement('dialog');
dialog.id = 'choice';
document.body.append(dialog);

/** What is given already is shown and cannot be taken again; the answer holds the new ones only. */
export async function chooseAccess(given, reply) {
  const codes = await ask('/access-codes');
  choose(
    codes.map(({ id, name }) => ({ id, name, fixed: given.includes(id) })),
    { multiple: true },
    (ids) => {
      reply(codes.filter(({ id }) => ids.includes(id)));
    },
  );
}

export async function chooseUsers(multiple, reply) {
  const people = await ask('/colleagues');
  choose(people, { multiple }, (ids) => {
    const chosen = people.filter(({ id }) => ids.includes(id));
    reply(multiple ? chosen : chosen[0]);
  });
}

/** The answer has a bucket for each type that was asked for: a map of numbers, and not a list. */
export async function chooseItems({ entityType = [], multiple = false, value = {} }, reply) {
  const items = await ask('/crm-items', { types: entityType });
  const given = ({ type, id }) => multiple && (value?.[type] ?? []).some((number) => id.endsWith(`_${number}`));
  choose(
    items.map((item) => ({ id: item.id, name: item.title, taken: given(item) })),
    { multiple },
    (ids) => {
      const of = (type) => items.filter((item) => item.type === type && ids.includes(item.id));
      reply(Object.fromEntries(entityType.map((type) => [type, { ...of(type) }])));
    },
  );
}

async function ask(path, params = {}) {
  const asked = new URLSearchParams(query);
  for (const [name, value] of Object.entries(params)) asked.set(name, value);
  return (await fetch(`${path}?${asked}`)).json();
}

function choose(entries, { multiple }, chosen) {
  const form = document.createElement('form');
  form.method = 'dialog';
  form.append(...entries.map((entry) => choice(entry, multiple)), button('choose', '✓'), button('cancel', '✕'));
  dialog.replaceChildren(form);
  dialog.returnValue = 'cancel';
  dialog.showModal();
  dialog.addEventListener(
    'close',
    () => {
      const ids = [...form.querySelectorAll('input:checked:not(:disabled)')].map((box) => box.value);
      if (dialog.returnValue === 'choose') chosen(ids);
    },
    { once: true },
  );
}

function choice({ id, name, fixed = false, taken = false }, multiple) {
  const label = document.createElement('label');
  const box = document.createElement('input');
  const type = multiple ? 'checkbox' : 'radio';
  Object.assign(box, { type, name: 'chosen', value: id, checked: fixed || taken, disabled: fixed });
  label.append(box, ` ${name}`);
  label.style.display = 'block';
  return label;
}

function button(value, words) {
  const made = document.createElement('button');
  Object.assign(made, { value, textContent: words });
  return made;
}
