// The choice lives in a cookie, so that the server's first byte is already light or dark.
const year = 365 * 24 * 60 * 60;

export function setTheme(choice) {
  const root = document.documentElement;
  if (choice === 'light' || choice === 'dark') {
    root.dataset.theme = choice;
    document.cookie = `portal-theme=${choice}; path=/; max-age=${year}; samesite=lax`;
  } else {
    delete root.dataset.theme;
    document.cookie = 'portal-theme=; path=/; max-age=0; samesite=lax';
  }
  show();
}

function show() {
  const now = document.documentElement.dataset.theme ?? 'system';
  for (const button of document.querySelectorAll('[data-theme-set]')) {
    button.setAttribute('aria-pressed', String(button.dataset.themeSet === now));
  }
}

document.addEventListener('click', event => {
  const button = event.target.closest('[data-theme-set]');
  if (button) setTheme(button.dataset.themeSet);
});
