// The words of the form for a new line follow the chosen kind of gateway; what was typed stays.

export function followKind(select) {
  const form = select.form;
  for (const words of form.querySelectorAll('[data-of-kind]')) words.hidden = words.dataset.ofKind !== select.value;
  for (const field of form.elements) {
    const example = field.getAttribute(`data-example-${select.value}`);
    if (example !== null) field.placeholder = example;
  }
}
