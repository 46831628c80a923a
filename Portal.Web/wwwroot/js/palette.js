// The list itself is rendered by the server; here are only the keys.
function palette() { return document.getElementById('palette'); }

function options() {
  return [...(palette()?.querySelectorAll('[role="option"]') ?? [])];
}

function select(index) {
  const all = options();
  if (!all.length) return;
  const at = (index + all.length) % all.length;
  all.forEach((option, i) => option.setAttribute('aria-selected', String(i === at)));
  all[at].scrollIntoView({ block: 'nearest' });
  palette().querySelector('input')?.setAttribute('aria-activedescendant', all[at].id);
}

function selected() {
  return options().findIndex(option => option.getAttribute('aria-selected') === 'true');
}

document.addEventListener('keydown', event => {
  if (!palette()?.open) return;
  if (event.key === 'ArrowDown') { event.preventDefault(); select(selected() + 1); }
  else if (event.key === 'ArrowUp') { event.preventDefault(); select(selected() - 1); }
  else if (event.key === 'Enter') {
    const chosen = options()[Math.max(0, selected())];
    if (chosen) { event.preventDefault(); chosen.click(); }
  }
});

document.addEventListener('click', event => {
  if (event.target.closest('#palette [role="option"]')) palette()?.close();
});

// 'opened' does not bubble: listen while capturing.
document.addEventListener('opened', event => {
  if (event.target !== palette()) return;
  const input = palette().querySelector('input');
  input.value = '';
  input.dispatchEvent(new Event('input', { bubbles: true }));
  input.focus();
}, true);
