// The portal's dialog for users and departments. What is given already is shown and cannot be taken again.

const dialog = document.createElement("dialog");
dialog.id = "access";
document.body.append(dialog);

export async function chooseAccess(given, reply) {
  const known = new Set(given);
  const codes = await (await fetch("/access-codes")).json();
  const form = document.createElement("form");
  form.method = "dialog";
  for (const { id, name } of codes) form.append(choice(id, name, known.has(id)));
  form.append(button("choose", "✓"), button("cancel", "✕"));
  dialog.replaceChildren(form);
  dialog.returnValue = "cancel";
  dialog.showModal();
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "choose") return; // the portal's own stays silent too
    const chosen = [...form.querySelectorAll("input:checked:not(:disabled)")].map((box) => box.value);
    reply(codes.filter(({ id }) => chosen.includes(id)));
  }, { once: true });
}

function choice(id, name, given) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  Object.assign(box, { type: "checkbox", value: id, checked: given, disabled: given });
  label.append(box, ` ${name}`);
  label.style.display = "block";
  return label;
}

function button(value, words) {
  const made = document.createElement("button");
  Object.assign(made, { value, textContent: words });
  return made;
}
