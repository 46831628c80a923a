// <details class="menu|switcher">: one open at a time, closed by Escape, by a click outside and by a choice.
const selector = 'details.menu[open], details.switcher[open]';

function closeAll(except) {
  for (const menu of document.querySelectorAll(selector)) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener('click', event => {
  const menu = event.target.closest('details.menu, details.switcher');
  closeAll(menu);
  if (menu && event.target.closest('.menu-panel a, .menu-panel button:not([data-stay])')) {
    setTimeout(() => { menu.open = false; }, 0);
  }
});

document.addEventListener('keydown', event => {
  const open = document.querySelector(selector);
  if (!open) return;
  if (event.key === 'Escape') {
    open.open = false;
    open.querySelector('summary')?.focus();
  } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    const items = [...open.querySelectorAll('.menu-panel a, .menu-panel button')];
    if (!items.length) return;
    event.preventDefault();
    const step = event.key === 'ArrowDown' ? 1 : -1;
    const at = items.indexOf(document.activeElement);
    items[(at + step + items.length) % items.length].focus();
  }
});

// Links inside the page, which <base href="/"> would otherwise send to the start page.
document.addEventListener('click', event => {
  const skip = event.target.closest('[data-skip]');
  if (!skip) return;
  event.preventDefault();
  document.getElementById(skip.dataset.skip)?.focus();
});
