// Ctrl K palette · / search · g + letter go to a section · ? this list.
let waiting = 0;

function typing(target) {
  return target.closest?.('input, textarea, select, [contenteditable="true"]');
}

function visible(element) {
  return element.offsetParent !== null;
}

export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) {
    dialog.showModal();
    dialog.dispatchEvent(new CustomEvent('opened'));
  }
}

document.addEventListener('keydown', event => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    openDialog('palette');
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector('dialog[open], .mud-dialog')) return;

  if (waiting && event.timeStamp - waiting < 1200) {
    waiting = 0;
    const link = [...document.querySelectorAll(`a[data-go="${CSS.escape(event.key.toLowerCase())}"]`)];
    if (link.length) {
      event.preventDefault();
      link[0].click();
    }
    return;
  }
  waiting = 0;
  if (event.key === 'g') {
    waiting = event.timeStamp;
  } else if (event.key === '/') {
    const box = [...document.querySelectorAll('[data-search]')].find(visible);
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  } else if (event.key === '?') {
    event.preventDefault();
    openDialog('shortcuts');
  }
});

document.addEventListener('click', event => {
  const opener = event.target.closest('[data-open-dialog]');
  if (opener) openDialog(opener.dataset.openDialog);
  // A click on the backdrop is a click on the dialog itself.
  if (event.target.matches?.('dialog.overlay')) event.target.close();
  if (event.target.closest('[data-close-dialog]')) event.target.closest('dialog')?.close();
});
