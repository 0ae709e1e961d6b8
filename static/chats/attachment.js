// The file that goes out with a message: chosen, dropped or pasted. It is kept here until it is sent or taken away.

export class Attachment {
  constructor(form, say, signal) {
    this.form = form;
    this.input = form.querySelector('#file');
    this.say = say;
    this.file = null;
    if (!this.input) return; // this line's gateway sends no files
    this.largest = Number(this.input.dataset.largest);
    form.querySelector('[data-action="choose-file"]').addEventListener('click', () => this.input.click(), { signal });
    form.querySelector('[data-action="forget-file"]').addEventListener('click', () => this.forget(), { signal });
    this.input.addEventListener('change', () => this.take(this.input.files[0]), { signal });
    form.addEventListener('paste', (event) => this.taken(event, event.clipboardData), { signal });
    form.addEventListener('dragover', (event) => event.preventDefault(), { signal });
    form.addEventListener('drop', (event) => this.taken(event, event.dataTransfer), { signal });
  }

  taken(event, data) {
    const [file] = data?.files ?? [];
    if (!file) return; // a pasted text is no file
    event.preventDefault();
    this.take(file);
  }

  take(file) {
    if (!file) return;
    if (file.size > this.largest) {
      this.say(this.form.parentElement.querySelector('#file-too-large').content.textContent);
      return;
    }
    this.say('');
    this.show(file);
    this.form.querySelector('#text').focus();
  }

  forget() {
    if (this.input) this.input.value = '';
    this.show(null);
    this.form.querySelector('#text').focus();
  }

  show(file) {
    this.file = file;
    this.onchange?.();
    this.form.querySelector('#composer-file').hidden = !file;
    this.form.querySelector('#composer-file-name').textContent = file ? file.name : '';
  }
}
