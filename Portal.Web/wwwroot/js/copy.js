// [data-copy="text"] copies its text; [data-copy-from="selector"] copies what the nearest such element shows.
async function write(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Plain http away from loopback has no clipboard API.
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

document.addEventListener('click', async event => {
  const button = event.target.closest('[data-copy], [data-copy-from]');
  if (!button) return;
  event.preventDefault();
  const text = button.dataset.copy
    ?? button.parentElement.querySelector(button.dataset.copyFrom)?.innerText ?? '';
  try {
    await write(text);
    button.classList.add('copied');
    announce('Copied');
    setTimeout(() => button.classList.remove('copied'), 1500);
  } catch {
    announce('The browser refused to copy; select the text instead');
  }
});

export function announce(text) {
  const live = document.getElementById('announcer');
  if (live) live.textContent = text;
}
