// The files that go out next: chosen, dropped anywhere in the chat, or pasted; each with a picture
// of it where there is one, and a caption of its own where there are several. They are kept here
// until they are sent or removed.

export class Attachments {
  constructor(chat, form, say, signal) {
    this.form = form;
    this.list = form.querySelector('#composer-file');
    this.input = form.querySelector('#file');
    this.say = say;
    this.chips = []; // {file, item}
    if (!this.input) return; // this line's gateway sends no files
    this.largest = Number(this.input.dataset.largest);
    chat.querySelector('[data-action="choose-file"]').addEventListener('click', () => this.input.click(), { signal });
    this.input.addEventListener('change', () => this.take(this.input.files), { signal });
    this.list.addEventListener('click', (event) => this.pressed(event), { signal });
    form.addEventListener('paste', (event) => this.taken(event, event.clipboardData), { signal });
    for (const [name, over] of [
      ['dragover', true],
      ['dragleave', false],
      ['drop', false],
    ])
      chat.addEventListener(name, (event) => this.dragged(chat, event, over), { signal });
    signal.addEventListener('abort', () => this.forgetAll(), { once: true });
  }

  dragged(chat, event, over) {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    chat.classList.toggle('is-dropping', over);
    if (event.type === 'drop') this.taken(event, event.dataTransfer);
  }

  taken(event, data) {
    if (!data?.files.length) return; // a pasted text is not a file
    event.preventDefault();
    this.take(data.files);
  }

  take(files) {
    if (!this.input) return; // a quick reply's, on such a line
    const tooLarge = [...files].filter((file) => file.size > this.largest);
    const words = this.form.parentElement.querySelector('#file-too-large').content.textContent;
    this.say(tooLarge.length ? `${tooLarge.map(({ name }) => name).join(', ')}: ${words}` : '');
    for (const file of files) if (file.size <= this.largest) this.add(file);
    this.input.value = '';
    this.show();
    this.form.querySelector('#text').focus();
  }

  add(file) {
    const item = this.form.parentElement.querySelector('#file-chip').content.firstElementChild.cloneNode(true);
    item.querySelector('.file-name').textContent = file.name;
    for (const button of item.querySelectorAll('button'))
      button.setAttribute('aria-label', `${button.title}: ${file.name}`);
    if (/^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
      const picture = document.createElement('img');
      picture.className = 'file-picture';
      picture.alt = '';
      picture.src = URL.createObjectURL(file);
      item.querySelector('.file-icon').replaceWith(picture);
    }
    this.list.append(item);
    this.chips.push({ file, item });
  }

  pressed(event) {
    const button = event.target.closest('[data-action]');
    const chip = this.chips.find(({ item }) => item.contains(button));
    if (button?.dataset.action === 'forget-file') {
      this.forget(chip.file);
      this.form.querySelector('#text').focus();
    } else if (button?.dataset.action === 'file-earlier') this.moveUp(chip, button);
    this.show();
  }

  // Before the one above it; what is typed in its caption goes along.
  moveUp(chip, button) {
    const at = this.chips.indexOf(chip);
    this.chips.splice(at, 1);
    this.chips.splice(at - 1, 0, chip);
    for (const { item } of this.chips) this.list.append(item);
    button.focus();
  }

  drop({ item }) {
    URL.revokeObjectURL(item.querySelector('img')?.src ?? '');
    item.remove();
  }

  forget(file) {
    for (const chip of this.chips.filter((each) => each.file === file)) this.drop(chip);
    this.chips = this.chips.filter((each) => each.file !== file);
    if (this.input) this.show();
  }

  forgetAll() {
    if (!this.input) return;
    for (const chip of this.chips) this.drop(chip);
    this.chips = [];
    this.show();
  }

  show() {
    this.list.hidden = !this.chips.length;
    for (const { item } of this.chips) item.querySelector('.file-caption').hidden = this.chips.length < 2;
    for (const [index, { item }] of this.chips.entries()) item.querySelector('.file-earlier').disabled = !index;
  }

  /** The files in their order, each with its caption; `text` is the first one's where it has none
   *  of its own. */
  messages(text) {
    return this.chips.map(({ file, item }, index) => ({
      file,
      text: item.querySelector('.file-caption').value.trim() || (index ? '' : text),
    }));
  }
}
