// Everything here works by attributes on the document, so that it holds for prerendered pages,
// for pages without a circuit and for rows that arrive later.
import './theme.js';
import './last-team.js';
import './copy.js';
import './times.js';
import './menus.js';
import './keys.js';
import './palette.js';
import './logs.js';
import './connection.js';
